-- Where a job's files go: a take of a shot, the project's cache, or its exports.

ALTER TABLE jobs
    ALTER COLUMN shot DROP NOT NULL,
    ADD COLUMN destination text NOT NULL DEFAULT 'take' CHECK (destination IN ('take', 'cache', 'export')),
    -- The primary file's path below the project's folder; null is the job's own folder in the cache.
    ADD COLUMN target_path text CHECK (length(target_path) BETWEEN 1 AND 1024),
    -- Whether an export may take the place of a file that is there.
    ADD COLUMN replaces boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT take_has_shot CHECK (destination <> 'take' OR shot IS NOT NULL),
    ADD CONSTRAINT target_in_destination CHECK (CASE destination
        WHEN 'export' THEN target_path IS NOT NULL AND starts_with(target_path, '06_Exports/')
        WHEN 'cache' THEN target_path IS NULL OR starts_with(target_path, '05_Cache/')
        ELSE target_path IS NULL END),
    ADD CONSTRAINT only_exports_replace CHECK (destination = 'export' OR NOT replaces);
-- Of two exports under one name at a time the second is refused, unless it means to replace.
CREATE UNIQUE INDEX jobs_one_export ON jobs (project_id, lower(target_path))
    WHERE destination = 'export' AND NOT replaces AND state IN ('waiting', 'queued', 'running');

-- The output of its function that a take is made of; null for takes that are older than this column.
ALTER TABLE takes ADD COLUMN port text;

-- Files that jobs made beside takes: all of a job in the cache or the exports, and the other outputs of one with a take.
CREATE TABLE job_files (
    job_id       uuid NOT NULL REFERENCES jobs,
    port         text NOT NULL,
    project_id   uuid NOT NULL REFERENCES projects,
    -- Below the project's folder.
    path         text NOT NULL,
    -- Whether it is what `job:<id>` means.
    is_primary   boolean NOT NULL,
    media_type   text NOT NULL,
    sha256       text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes   bigint NOT NULL CHECK (size_bytes >= 0),
    -- The attempt that finished it.
    attempt      integer NOT NULL CHECK (attempt > 0),
    probe        jsonb,
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- Null while it is being put into its place; such a file is not seen.
    published_at timestamptz,
    -- Since when it is no longer there: another job's file took its place, or it had served its purpose.
    removed_at   timestamptz,
    PRIMARY KEY (job_id, port),
    CONSTRAINT removed_was_published CHECK (removed_at IS NULL OR published_at IS NOT NULL)
);
CREATE UNIQUE INDEX job_files_primary ON job_files (job_id) WHERE is_primary;
CREATE UNIQUE INDEX job_files_place ON job_files (project_id, path) WHERE published_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX job_files_unpublished ON job_files (job_id) WHERE published_at IS NULL;

-- A published file is immutable, but for its end.
CREATE FUNCTION job_files_guard_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL AND to_jsonb(NEW) - 'removed_at' IS DISTINCT FROM to_jsonb(OLD) - 'removed_at' THEN
        RAISE EXCEPTION 'file % of job % is published and may not change', OLD.port, OLD.job_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'published_file_is_immutable';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER job_files_guard_published BEFORE UPDATE ON job_files
    FOR EACH ROW EXECUTE FUNCTION job_files_guard_published();
