-- Jobs that wait until somebody has seen their preview, and models that are loaded somewhere.

ALTER TABLE jobs
    -- The job that made every Nth frame of this one; this one is held until it is approved.
    ADD COLUMN preview_job uuid REFERENCES jobs,
    ADD COLUMN approved_at timestamptz,
    ADD CONSTRAINT approved_has_a_preview CHECK (approved_at IS NULL OR preview_job IS NOT NULL);
CREATE UNIQUE INDEX jobs_preview ON jobs (preview_job) WHERE preview_job IS NOT NULL;

ALTER TABLE workers
    -- Functions whose models a worker has loaded: their jobs go to it first.
    ADD COLUMN warm_functions text[] NOT NULL DEFAULT '{}';
