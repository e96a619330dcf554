-- What attempts cost at their beginning and end, where thousands begin and end in a second.

-- Whether the jobs of this revision end with a take: the manifest names no output where they do not.
ALTER TABLE function_revisions ADD COLUMN makes_take boolean NOT NULL
    GENERATED ALWAYS AS ((manifest -> 'outputs') IS DISTINCT FROM '{}'::jsonb) STORED;

-- The rule is looked at for every change, and the function is called for what breaks it only.
DROP TRIGGER jobs_guard_transition ON jobs;
CREATE TRIGGER jobs_guard_beginning BEFORE INSERT ON jobs
    FOR EACH ROW EXECUTE FUNCTION jobs_guard_transition();
CREATE TRIGGER jobs_guard_transition BEFORE UPDATE OF state, attempt ON jobs FOR EACH ROW
    WHEN (NEW.attempt <> OLD.attempt + (CASE WHEN NEW.state = 'running' AND OLD.state <> 'running' THEN 1 ELSE 0 END)
        OR (NEW.state <> OLD.state AND NOT (CASE OLD.state
            WHEN 'waiting' THEN NEW.state IN ('queued', 'failed', 'cancelled')
            WHEN 'queued' THEN NEW.state IN ('running', 'failed', 'cancelled')
            WHEN 'running' THEN NEW.state IN ('succeeded', 'failed', 'cancelled', 'queued')
            WHEN 'failed' THEN NEW.state IN ('queued', 'waiting')
            WHEN 'cancelled' THEN NEW.state IN ('queued', 'waiting')
            ELSE false END)))
    EXECUTE FUNCTION jobs_guard_transition();

-- The changes of a statement are told together.
CREATE FUNCTION jobs_tell_changes() RETURNS trigger LANGUAGE plpgsql
    -- The planner does not know how many rows a statement changed, and guesses few.
    SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO events (tenant_id, project_id, job_id, kind, payload)
    SELECT n.tenant_id, n.project_id, n.id, 'job.state',
           jsonb_strip_nulls(jsonb_build_object('state', n.state, 'attempt', n.attempt, 'failure', n.failure))
    FROM jobs_after n JOIN jobs_before o ON o.id = n.id
    WHERE o.state <> n.state;
    RETURN NULL;
END $$;
DROP TRIGGER jobs_tell_state ON jobs;
CREATE TRIGGER jobs_tell_changes AFTER UPDATE ON jobs REFERENCING OLD TABLE AS jobs_before NEW TABLE AS jobs_after
    FOR EACH STATEMENT EXECUTE FUNCTION jobs_tell_changes();

-- Leases lost since a person last asked for a retry: a job that takes worker after worker down is poison.
ALTER TABLE jobs ADD COLUMN lost_attempts integer NOT NULL DEFAULT 0 CHECK (lost_attempts >= 0);
CREATE INDEX jobs_dead ON jobs (tenant_id, id DESC) WHERE state = 'failed';

-- How often in a row a worker has failed a function, and since when it is not given it for that. No reference to workers:
-- a row is told of by attempts, and forgotten some time after its worker.
CREATE TABLE worker_blocks (
    worker_id  uuid NOT NULL,
    function   text NOT NULL,
    failures   integer NOT NULL CHECK (failures >= 0),
    last_code  text NOT NULL,
    failed_at  timestamptz NOT NULL DEFAULT now(),
    -- Null while the worker is given the function.
    blocked_at timestamptz,
    -- How often it came to that without a success of its own in between: the wait for a success elsewhere doubles.
    times      integer NOT NULL CHECK (times >= 0),
    PRIMARY KEY (worker_id, function)
);
