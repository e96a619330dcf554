-- Events of one job in the order in which they happened, whichever transaction began first.
--
-- A transaction has its number from its first write on, and may wait for the row of another job after that: what happened to
-- that job meanwhile has a higher number, and what happens to it now would stand before it. So an event stands at least
-- where the newest of its job does, after it by its id. Readers miss nothing by that: they go up to the oldest transaction
-- that still runs, and an event never stands before its own.
--
-- Without whole scans: a plan that was made while there were few events would read all of them for every statement.

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
            WHEN 'running' THEN a.state IN ('succeeded', 'failed', 'cancelled', 'queued')
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
           jsonb_strip_nulls(jsonb_build_object('state', a.state, 'attempt', a.attempt, 'failure', a.failure))
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
