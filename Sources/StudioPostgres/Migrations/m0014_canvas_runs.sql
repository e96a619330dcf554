-- Runs of canvases: a graph's nodes as jobs, what each of them made under the key of all it is made from, and how far a run is.

-- A graph as it was run, once for all runs of the same text.
CREATE TABLE canvas_documents (
    digest     text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    document   text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE canvas_runs (
    id              uuid PRIMARY KEY,
    tenant_id       uuid NOT NULL,
    project_id      uuid NOT NULL REFERENCES projects,
    user_id         uuid NOT NULL REFERENCES users,
    canvas          text NOT NULL CHECK (length(canvas) BETWEEN 1 AND 128),
    document_digest text NOT NULL REFERENCES canvas_documents,
    -- The saved version that was run; null for one that was not saved.
    etag            text,
    commit_id       text,
    -- What was asked for: {"targets": [node], "from": node, "priority": 0…9}, and the run that it repeats.
    asked           jsonb NOT NULL,
    -- What was held for the jobs that it made itself.
    credits         bigint NOT NULL CHECK (credits >= 0),
    -- Nodes whose job is not finished, and those whose job failed, was cancelled, or was left to others by a cancel.
    open_nodes      integer NOT NULL CHECK (open_nodes >= 0),
    failed_nodes    integer NOT NULL CHECK (failed_nodes >= 0),
    cancelled_at    timestamptz,
    state           text NOT NULL GENERATED ALWAYS AS (CASE
                        WHEN open_nodes > 0 THEN 'running' WHEN failed_nodes = 0 THEN 'succeeded'
                        WHEN cancelled_at IS NOT NULL THEN 'cancelled' ELSE 'failed' END) STORED,
    created_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz
);
CREATE INDEX canvas_runs_project ON canvas_runs (project_id, id DESC);

-- The run and the node that a job was made for; others may wait for it as well.
ALTER TABLE jobs
    ADD COLUMN run_id uuid REFERENCES canvas_runs,
    ADD COLUMN run_node text,
    ADD COLUMN run_index integer,
    -- What it makes, by all that it is made from.
    ADD COLUMN content_key text CHECK (content_key ~ '^[0-9a-f]{64}$'),
    -- What the file of an input must hold that is a file of the project or a take: input → SHA-256.
    ADD COLUMN input_hashes jsonb,
    ADD CONSTRAINT run_has_node CHECK ((run_id IS NULL) = (run_node IS NULL) AND (run_id IS NULL) = (content_key IS NULL));

CREATE TABLE canvas_run_nodes (
    run_id    uuid NOT NULL REFERENCES canvas_runs,
    -- Its place in the order in which the run's nodes depend on each other.
    position  integer NOT NULL CHECK (position >= 0),
    node      text NOT NULL CHECK (length(node) BETWEEN 1 AND 512),
    -- Which of the jobs that a node fans out to; null for a node that is one job.
    index     integer CHECK (index >= 0),
    key       text NOT NULL CHECK (key ~ '^[0-9a-f]{64}$'),
    -- What its job is made of, so that it can be made again.
    plan      jsonb NOT NULL,
    -- The job that makes or made it; null where its file is gone and nothing needs it.
    job_id    uuid REFERENCES jobs,
    -- How it came to its job: the run made it, found it finished, or another run had it under way.
    origin    text NOT NULL CHECK (origin IN ('made', 'cached', 'shared')),
    -- Whether a cancel of the run left the job to others who wait for it.
    is_left   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run_id, position),
    CHECK (job_id IS NOT NULL OR origin = 'cached')
);
CREATE UNIQUE INDEX canvas_run_nodes_node ON canvas_run_nodes (run_id, node, coalesce(index, -1));
CREATE INDEX canvas_run_nodes_job ON canvas_run_nodes (job_id);

-- The job that makes or made what a key stands for, in the whole tenant: one at a time, whoever asks.
CREATE TABLE canvas_results (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    key          text NOT NULL CHECK (key ~ '^[0-9a-f]{64}$'),
    job_id       uuid NOT NULL REFERENCES jobs,
    -- When a run last asked for it.
    last_used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);
CREATE UNIQUE INDEX canvas_results_job ON canvas_results (job_id);

-- What the cache of canvases holds, for its bound.
CREATE INDEX job_files_canvas ON job_files (project_id)
    WHERE starts_with(path, '05_Cache/canvas/') AND published_at IS NOT NULL AND removed_at IS NULL;

ALTER TABLE events DROP CONSTRAINT events_kind_check,
    ADD CONSTRAINT events_kind_check
        CHECK (kind IN ('job.state', 'take.created', 'project.changed', 'asset.changed', 'run.state')) NOT VALID;

-- As before, with the run, node and index of a job that a run made.
CREATE OR REPLACE FUNCTION jobs_begin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT * INTO bad FROM added WHERE state NOT IN ('waiting', 'queued') OR attempt <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'job % may not begin as % at attempt %', bad.id, bad.state, bad.attempt
            USING ERRCODE = 'check_violation', CONSTRAINT = 'job_state_transition';
    END IF;
    INSERT INTO events (tenant_id, project_id, job_id, kind, payload)
    SELECT tenant_id, project_id, id, 'job.state', jsonb_strip_nulls(jsonb_build_object('state', state,
        'attempt', attempt, 'run', run_id, 'node', run_node, 'index', run_index))
    FROM added ORDER BY id;
    PERFORM FROM credit_accounts WHERE user_id IN (SELECT user_id FROM added) ORDER BY user_id FOR NO KEY UPDATE;
    UPDATE credit_accounts a SET active_jobs = a.active_jobs + c.jobs
    FROM (SELECT user_id, count(*) AS jobs FROM added GROUP BY user_id) c WHERE c.user_id = a.user_id;
    RETURN NULL;
END $$;

-- As before, with two changes: a job that runs may wait again, where what it was to read is made anew; and the events of a
-- job that a run made name the run and the node, and those of other runs that wait for the same job.
CREATE OR REPLACE FUNCTION jobs_move() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off SET enable_seqscan = off AS $$
DECLARE
    bad record;
BEGIN
    -- A heartbeat, a note that a message was pushed: nothing moved.
    IF NOT EXISTS (SELECT FROM before b JOIN after a USING (id) WHERE (a.state, a.attempt) <> (b.state, b.attempt)) THEN
        RETURN NULL;
    END IF;
    -- The token rises with every claim and with nothing else.
    SELECT a.id, b.attempt AS old, a.attempt AS new INTO bad FROM before b JOIN after a USING (id)
    WHERE a.attempt <> b.attempt + (CASE WHEN a.state = 'running' AND b.state <> 'running' THEN 1 ELSE 0 END) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attempt of job % may not go from % to %', bad.id, bad.old, bad.new
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_rises_with_claim';
    END IF;
    SELECT a.id, b.state AS old, a.state AS new INTO bad FROM before b JOIN after a USING (id)
    WHERE a.state <> b.state AND NOT (CASE b.state
            WHEN 'waiting' THEN a.state IN ('queued', 'failed', 'cancelled')
            WHEN 'queued' THEN a.state IN ('running', 'failed', 'cancelled')
            WHEN 'running' THEN a.state IN ('succeeded', 'failed', 'cancelled', 'queued', 'waiting')
            WHEN 'failed' THEN a.state IN ('queued', 'waiting')
            WHEN 'cancelled' THEN a.state IN ('queued', 'waiting')
            ELSE false END) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'job % may not go from % to %', bad.id, bad.old, bad.new
            USING ERRCODE = 'check_violation', CONSTRAINT = 'job_state_transition';
    END IF;
    WITH newer AS (
        SELECT DISTINCT ON (job_id) job_id, xid FROM events
        WHERE xid > pg_current_xact_id() AND kind = 'job.state' ORDER BY job_id, xid DESC
    )
    INSERT INTO events (xid, tenant_id, project_id, job_id, kind, payload)
    SELECT greatest(pg_current_xact_id(), n.xid), a.tenant_id, a.project_id, a.id, 'job.state',
           jsonb_strip_nulls(jsonb_build_object('state', a.state, 'attempt', a.attempt, 'failure', a.failure,
               'run', a.run_id, 'node', a.run_node, 'index', a.run_index, 'shared',
               CASE WHEN a.run_id IS NOT NULL THEN (
                   SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('run', s.run_id, 'node', s.node, 'index', s.index)))
                   FROM canvas_run_nodes s WHERE s.job_id = a.id
                       AND (s.run_id, s.node, s.index) IS DISTINCT FROM (a.run_id, a.run_node, a.run_index)) END))
    FROM before b JOIN after a USING (id) LEFT JOIN newer n ON n.job_id = a.id
    WHERE a.state <> b.state ORDER BY a.id;
    -- Jobs that ended no longer count as their users', and those that are tried again do.
    IF EXISTS (SELECT FROM before b JOIN after a USING (id)
               WHERE (a.finished_at IS NULL) <> (b.finished_at IS NULL)) THEN
        PERFORM FROM credit_accounts WHERE user_id IN (SELECT user_id FROM after) ORDER BY user_id FOR NO KEY UPDATE;
        UPDATE credit_accounts c SET active_jobs = c.active_jobs + m.jobs
        FROM (SELECT a.user_id, sum((a.finished_at IS NULL)::integer - (b.finished_at IS NULL)::integer) AS jobs
              FROM before b JOIN after a USING (id) GROUP BY a.user_id) m
        WHERE m.user_id = c.user_id AND m.jobs <> 0;
    END IF;
    RETURN NULL;
END $$;

-- The runs that wait for a job count its end. Locked in one order, whatever jobs end together.
CREATE FUNCTION canvas_runs_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved uuid[];
BEGIN
    -- By far the most changes are of no run's jobs.
    IF NOT EXISTS (SELECT FROM after WHERE run_id IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(a.id) INTO moved FROM before b JOIN after a USING (id)
    WHERE a.run_id IS NOT NULL AND a.state <> b.state AND (a.finished_at IS NOT NULL OR b.finished_at IS NOT NULL);
    IF moved IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM canvas_runs WHERE id IN (SELECT n.run_id FROM canvas_run_nodes n WHERE n.job_id = ANY (moved))
    ORDER BY id FOR NO KEY UPDATE;
    UPDATE canvas_runs r SET open_nodes = r.open_nodes + m.open, failed_nodes = r.failed_nodes + m.failed
    FROM (SELECT n.run_id, sum((a.finished_at IS NULL)::integer - (b.finished_at IS NULL)::integer) AS open,
                 sum((a.state IN ('failed', 'cancelled'))::integer - (b.state IN ('failed', 'cancelled'))::integer) AS failed
          FROM before b JOIN after a USING (id) JOIN canvas_run_nodes n ON n.job_id = a.id AND NOT n.is_left
          WHERE a.id = ANY (moved) GROUP BY n.run_id) m
    WHERE r.id = m.run_id AND (m.open <> 0 OR m.failed <> 0);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_tell_runs AFTER UPDATE ON jobs REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION canvas_runs_follow();

CREATE FUNCTION canvas_runs_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Not before what was told of this run already: see jobs_move.
    INSERT INTO events (xid, tenant_id, project_id, kind, payload)
    SELECT greatest(pg_current_xact_id(), (SELECT xid FROM events WHERE xid > pg_current_xact_id()
               AND project_id = NEW.project_id AND kind = 'run.state' AND payload ->> 'run' = NEW.id::text
               ORDER BY xid DESC LIMIT 1)),
           NEW.tenant_id, NEW.project_id, 'run.state',
           jsonb_build_object('run', NEW.id, 'canvas', NEW.canvas, 'state', NEW.state);
    IF (NEW.state = 'running') <> (NEW.finished_at IS NULL) THEN
        UPDATE canvas_runs SET finished_at = CASE WHEN NEW.state <> 'running' THEN now() END WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER canvas_runs_tell_first AFTER INSERT ON canvas_runs FOR EACH ROW EXECUTE FUNCTION canvas_runs_tell();
CREATE TRIGGER canvas_runs_tell AFTER UPDATE ON canvas_runs FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION canvas_runs_tell();
