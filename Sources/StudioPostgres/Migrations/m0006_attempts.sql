-- What attempts cost at their beginning and end, where thousands begin and end in a second.

-- Whether the jobs of this revision end with a take: the manifest names no output where they do not.
ALTER TABLE function_revisions ADD COLUMN makes_take boolean NOT NULL
    GENERATED ALWAYS AS ((manifest -> 'outputs') IS DISTINCT FROM '{}'::jsonb) STORED;

-- The planner does not know how many rows a statement changed, and guesses few.
ALTER FUNCTION jobs_move() SET enable_nestloop = off;

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
