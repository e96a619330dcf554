-- Tasks of Celery's clients, and the jobs that carry them out.

ALTER TABLE jobs
    -- A task waits for it: what a job means to Celery is looked at for these alone.
    ADD COLUMN has_celery_task boolean NOT NULL DEFAULT false,
    -- The time after which it is not started any more, but cancelled.
    ADD COLUMN expires_at timestamptz;
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL AND state IN ('waiting', 'queued');

CREATE TABLE celery_tasks (
    task_id      text PRIMARY KEY CHECK (length(task_id) BETWEEN 1 AND 512),
    -- Checked at the end: it is written before its job, in the transaction that admits it.
    job_id       uuid NOT NULL REFERENCES jobs DEFERRABLE INITIALLY DEFERRED,
    -- Whether the task waits for a job that was there already; otherwise the job was made for it and ends with it.
    follows      boolean NOT NULL,
    -- What it takes to answer it, as the program writes it: text, since what others put into their messages may be more than
    -- jsonb holds.
    request      text NOT NULL,
    -- The last attempt whose failure was told.
    told_attempt integer NOT NULL DEFAULT 0,
    -- Why it is cancelled, where the job does not say.
    end_reason   text CHECK (end_reason IN ('revoked', 'expired')),
    -- Since when there is something to tell; a gateway that is at it moves it on, so that another may try again after it.
    due_at       timestamptz,
    answered_at  timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT answered_is_not_due CHECK (answered_at IS NULL OR due_at IS NULL)
);
CREATE UNIQUE INDEX celery_tasks_own ON celery_tasks (job_id) WHERE NOT follows;
CREATE INDEX celery_tasks_open ON celery_tasks (job_id) WHERE answered_at IS NULL;
CREATE INDEX celery_tasks_due ON celery_tasks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX celery_tasks_answered ON celery_tasks (answered_at) WHERE answered_at IS NOT NULL;

-- When a job ends, or goes back to its queue, those who wait for it are to be told.
CREATE FUNCTION celery_tasks_become_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE celery_tasks SET due_at = now() WHERE job_id = NEW.id AND answered_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_tell_celery AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.has_celery_task AND OLD.state <> NEW.state AND (NEW.finished_at IS NOT NULL OR OLD.state = 'running'))
    EXECUTE FUNCTION celery_tasks_become_due();

-- Tasks that were revoked before anybody here knew them.
CREATE TABLE celery_revoked (
    task_id    text PRIMARY KEY CHECK (length(task_id) BETWEEN 1 AND 512),
    revoked_at timestamptz NOT NULL DEFAULT now()
);

-- Gateways that take messages: what one of them held is brought back when it is gone.
CREATE TABLE gateways (
    id      uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);
