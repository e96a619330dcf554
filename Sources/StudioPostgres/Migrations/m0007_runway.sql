-- The backlog: queued jobs in the order in which they go to the runway, which is short. What is pushed is marked in the
-- transaction that decides it.

ALTER TABLE jobs
    -- Its place among what has not started: microseconds of its admission times 1,024, and its number among those admitted
    -- together. People move jobs by it; a retry that a person asks for goes to the end.
    ADD COLUMN place bigint NOT NULL DEFAULT 0,
    -- Somebody holds it back.
    ADD COLUMN held_at timestamptz,
    -- Its time had not come when it was last looked at: `not_before`, set by people and by what waits before a retry.
    ADD COLUMN delayed boolean NOT NULL DEFAULT false;
UPDATE jobs SET place = (extract(epoch FROM coalesce(queued_at, created_at)) * 1000000)::bigint * 1024,
    delayed = state = 'queued' AND not_before > now();
ALTER TABLE jobs
    -- The first is served first; our priority 9 is the most urgent.
    ADD COLUMN urgency smallint NOT NULL GENERATED ALWAYS AS (9 - priority) STORED,
    ADD COLUMN is_ready boolean NOT NULL GENERATED ALWAYS AS (held_at IS NULL AND NOT delayed) STORED,
    ADD CONSTRAINT held_is_not_pushed CHECK (held_at IS NULL OR pushed_at IS NULL),
    -- Nobody would find it again.
    ADD CONSTRAINT delayed_has_time CHECK (NOT delayed OR not_before IS NOT NULL);

DROP INDEX jobs_unpushed;
-- By groups, so that the first of each is found without the others.
CREATE INDEX jobs_backlog ON jobs (queue, urgency, tenant_id, project_id, user_id, function, place, id)
    WHERE state = 'queued' AND pushed_at IS NULL AND is_ready;
CREATE INDEX jobs_not_ready ON jobs (not_before) WHERE state = 'queued' AND NOT is_ready;
-- What runs is little, and is read whole for leases that ran out: an index by time was written by every heartbeat.
DROP INDEX jobs_leases;
-- Tens of thousands of rows change in a minute: the dead ones must not pile up until a fifth of the table is dead.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

-- Shares of the runway and limits. A weight of 2 gets twice what a weight of 1 gets, where both have something waiting.
ALTER TABLE tenants
    ADD COLUMN weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
    -- How many of its jobs run at a time; null is no limit.
    ADD COLUMN max_running integer CHECK (max_running >= 0);
ALTER TABLE projects
    ADD COLUMN weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
    -- Since when nothing of it is started.
    ADD COLUMN paused_at timestamptz;
ALTER TABLE users ADD COLUMN weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000);

-- How many jobs of a function run at a time, in the whole studio.
CREATE TABLE function_limits (
    function    text PRIMARY KEY,
    max_running integer NOT NULL CHECK (max_running >= 0)
);

-- Queues that nothing is started from.
CREATE TABLE queue_pauses (
    queue     text PRIMARY KEY,
    paused_at timestamptz NOT NULL DEFAULT now()
);
