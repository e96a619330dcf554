-- Results of canvases that are asked for again: what was there before a result that failed, and how often a job was put off.

-- A result that is forced and then fails or is cancelled leaves the one before it, which is found by its key.
CREATE INDEX jobs_content ON jobs (tenant_id, content_key) WHERE content_key IS NOT NULL AND state = 'succeeded';

-- How often the job was put off for what it reads to be made again, since somebody last asked for it.
ALTER TABLE jobs ADD COLUMN put_offs integer NOT NULL DEFAULT 0 CHECK (put_offs >= 0);
