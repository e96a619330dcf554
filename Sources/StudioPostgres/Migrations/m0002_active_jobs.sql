-- A user's jobs that are not finished, so that a submission can count them against the user's quota without the table.

CREATE INDEX jobs_active_user ON jobs (user_id) WHERE state IN ('waiting', 'queued', 'running');
