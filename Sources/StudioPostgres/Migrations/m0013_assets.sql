-- What lies in the projects' asset folders, as it was looked at last.

CREATE TABLE assets (
    project_id   uuid NOT NULL REFERENCES projects,
    -- Below the project's folder.
    path         text NOT NULL,
    sha256       text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes   bigint NOT NULL CHECK (size_bytes >= 0),
    -- By what the file system tells the file and its state apart: while that is the same it need not be read again.
    look         text NOT NULL,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    -- Since when it is not there.
    removed_at   timestamptz,
    PRIMARY KEY (project_id, path)
);

-- What is made of an asset is kept in a place that its content names: it is made once, and by one job at a time.
CREATE INDEX jobs_target ON jobs (project_id, target_path, id DESC) WHERE target_path IS NOT NULL;
CREATE UNIQUE INDEX jobs_one_place ON jobs (project_id, target_path)
    WHERE destination = 'cache' AND target_path IS NOT NULL AND state IN ('waiting', 'queued', 'running');

ALTER TABLE events DROP CONSTRAINT events_kind_check,
    ADD CONSTRAINT events_kind_check
        CHECK (kind IN ('job.state', 'take.created', 'project.changed', 'asset.changed')) NOT VALID;
