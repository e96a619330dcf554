-- What is looked at across a tenant: its jobs, how its queues went over the last hours, and who did what.

-- A tenant's jobs in one state, newest first; of a function, and of a user. What has ended is written into these once: only
-- the first follows a job's life, and it is as small as the backlog.
CREATE INDEX jobs_open ON jobs (tenant_id, state, id DESC) WHERE finished_at IS NULL;
CREATE INDEX jobs_ended ON jobs (tenant_id, state, id DESC) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_ended_function ON jobs (tenant_id, function, state, id DESC) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_ended_user ON jobs (user_id, state, id DESC) WHERE finished_at IS NOT NULL;
-- The first of these finds what failed.
DROP INDEX jobs_dead;
-- What ended in a minute.
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- Minutes in which a gateway looked at the queues: of the others it is only known what ended.
CREATE TABLE queue_looks (
    minute timestamptz PRIMARY KEY CHECK (minute = date_trunc('minute', minute, 'UTC'))
);

-- How a queue was in a minute. A queue that has no row in a minute that was looked at was empty, and nothing of it ended.
CREATE TABLE queue_minutes (
    tenant_id      uuid NOT NULL,
    minute         timestamptz NOT NULL CHECK (minute = date_trunc('minute', minute, 'UTC')),
    queue          text NOT NULL,
    -- As a gateway saw it once in the minute; null where none did.
    queued         integer CHECK (queued >= 0),
    running        integer CHECK (running >= 0),
    oldest_seconds double precision CHECK (oldest_seconds >= 0),
    -- What ended in the minute.
    succeeded      integer NOT NULL DEFAULT 0 CHECK (succeeded >= 0),
    failed         integer NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled      integer NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    PRIMARY KEY (tenant_id, minute, queue)
);
CREATE INDEX queue_minutes_minute ON queue_minutes (minute);

-- Who did what, and when: written in the transaction that does it, never changed, and forgotten after a year.
CREATE TABLE actions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    -- Null: the studio itself.
    user_id    uuid REFERENCES users,
    action     text NOT NULL CHECK (action ~ '^[a-z]+\.[a-z-]+$'),
    -- The id or the name of what it was done to.
    subject    text NOT NULL CHECK (length(subject) BETWEEN 1 AND 1024),
    project_id uuid REFERENCES projects,
    detail     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object'),
    request_id text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX actions_tenant ON actions (tenant_id, id DESC);
CREATE INDEX actions_action ON actions (tenant_id, action, id DESC);
CREATE INDEX actions_user ON actions (user_id, id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX actions_project ON actions (project_id, id DESC) WHERE project_id IS NOT NULL;
CREATE INDEX actions_age ON actions USING brin (created_at);

CREATE FUNCTION actions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.created_at < now() - interval '365 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'action % is not to be changed', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'actions_are_kept';
END $$;
CREATE TRIGGER actions_guard BEFORE UPDATE OR DELETE ON actions FOR EACH ROW EXECUTE FUNCTION actions_guard();

-- What names its user in its own row tells of itself, whatever program writes it.
CREATE FUNCTION runs_tell_start() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO actions (tenant_id, user_id, action, subject, project_id, detail)
    VALUES (NEW.tenant_id, NEW.user_id, 'run.started', NEW.id, NEW.project_id,
            jsonb_build_object('canvas', NEW.canvas, 'credits', NEW.credits));
    RETURN NULL;
END $$;
CREATE TRIGGER runs_tell_start AFTER INSERT ON canvas_runs FOR EACH ROW EXECUTE FUNCTION runs_tell_start();

CREATE FUNCTION jobs_tell_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO actions (tenant_id, user_id, action, subject, project_id, detail, request_id)
    VALUES (NEW.tenant_id, NEW.user_id, 'export.started', NEW.id, NEW.project_id,
            jsonb_build_object('path', NEW.target_path, 'function', NEW.function), NEW.request_id);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_tell_export AFTER INSERT ON jobs FOR EACH ROW
    WHEN (NEW.destination = 'export' AND NEW.part_of IS NULL) EXECUTE FUNCTION jobs_tell_export();

-- Workers are the studio's: what becomes of them is told to its own tenant.
CREATE FUNCTION worker_blocks_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO actions (tenant_id, action, subject, detail)
    SELECT t.id, 'worker.blocked', NEW.worker_id,
           jsonb_build_object('function', NEW.function, 'failures', NEW.failures, 'code', NEW.last_code)
    FROM tenants t WHERE t.name = 'studio';
    RETURN NULL;
END $$;
CREATE TRIGGER worker_blocks_tell_first AFTER INSERT ON worker_blocks FOR EACH ROW
    WHEN (NEW.blocked_at IS NOT NULL) EXECUTE FUNCTION worker_blocks_tell();
CREATE TRIGGER worker_blocks_tell AFTER UPDATE ON worker_blocks FOR EACH ROW
    WHEN (NEW.blocked_at IS NOT NULL AND OLD.blocked_at IS NULL) EXECUTE FUNCTION worker_blocks_tell();
