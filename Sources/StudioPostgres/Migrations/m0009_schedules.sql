-- Jobs that recur. When one is due, a gateway takes it for a moment, admits its job, and moves it on to the next time.
CREATE TABLE schedules (
    id            uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenants,
    project_id    uuid NOT NULL REFERENCES projects,
    -- Who changed it last: pays for its jobs and must be allowed to submit them when it is due.
    user_id       uuid NOT NULL REFERENCES users,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    cron          text NOT NULL CHECK (length(cron) BETWEEN 1 AND 256),
    time_zone     text NOT NULL CHECK (length(time_zone) BETWEEN 1 AND 64),
    -- The submission, as it is sent to make one job.
    job           jsonb NOT NULL CHECK (jsonb_typeof(job) = 'object'),
    overlap       text NOT NULL CHECK (overlap IN ('allow', 'skip')),
    enabled       boolean NOT NULL,
    next_fire_at  timestamptz,
    -- Until then one gateway is at it. What keeps it from firing twice is the job's id, not this.
    firing_until  timestamptz,
    -- The last time it was due, when that was seen to, and what became of it.
    last_due_at   timestamptz,
    last_fired_at timestamptz,
    last_outcome  text CHECK (last_outcome IN ('submitted', 'skipped', 'refused')),
    last_problem  jsonb,
    -- The last job it made, whatever became of later times.
    last_job_id   uuid,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    -- Raised by every change that people make; the ETag.
    revision      bigint NOT NULL DEFAULT 1,
    -- Programs hold it in milliseconds, and only move on what they can name.
    CONSTRAINT next_is_a_second CHECK (next_fire_at = date_trunc('second', next_fire_at)),
    CONSTRAINT enabled_has_next CHECK (enabled = (next_fire_at IS NOT NULL)),
    CONSTRAINT last_is_whole CHECK ((last_due_at IS NULL) = (last_outcome IS NULL)
        AND (last_fired_at IS NULL) = (last_outcome IS NULL)
        AND (last_problem IS NOT NULL) = (last_outcome IS NOT DISTINCT FROM 'refused'))
);
CREATE UNIQUE INDEX schedules_name ON schedules (project_id, lower(name));
CREATE INDEX schedules_project ON schedules (project_id, id DESC);
CREATE INDEX schedules_due ON schedules (next_fire_at) WHERE next_fire_at IS NOT NULL;
