-- Jobs are admitted, claimed and ended many at a time: what every row cost on its own is done once for a statement.

-- How many of a user's jobs are not finished: a quota is one row to look at, however long the backlog.
ALTER TABLE credit_accounts ADD COLUMN active_jobs bigint NOT NULL DEFAULT 0 CHECK (active_jobs >= 0);
UPDATE credit_accounts a SET active_jobs = c.jobs
FROM (SELECT user_id, count(*) AS jobs FROM jobs WHERE state IN ('waiting', 'queued', 'running') GROUP BY user_id) c
WHERE c.user_id = a.user_id;
DROP INDEX jobs_active_user;

DROP TRIGGER jobs_guard_transition ON jobs;
DROP TRIGGER jobs_tell_first_state ON jobs;
DROP TRIGGER jobs_tell_state ON jobs;
DROP TRIGGER ledger_moves_account ON ledger_entries;
DROP FUNCTION jobs_guard_transition();
DROP FUNCTION jobs_tell_state();
DROP FUNCTION ledger_moves_account();

-- New jobs begin as they may, tell of themselves, and count as their users'. Accounts are locked in one order everywhere.
CREATE FUNCTION jobs_begin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT * INTO bad FROM added WHERE state NOT IN ('waiting', 'queued') OR attempt <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'job % may not begin as % at attempt %', bad.id, bad.state, bad.attempt
            USING ERRCODE = 'check_violation', CONSTRAINT = 'job_state_transition';
    END IF;
    INSERT INTO events (tenant_id, project_id, job_id, kind, payload)
    SELECT tenant_id, project_id, id, 'job.state', jsonb_build_object('state', state, 'attempt', attempt)
    FROM added ORDER BY id;
    PERFORM FROM credit_accounts WHERE user_id IN (SELECT user_id FROM added) ORDER BY user_id FOR NO KEY UPDATE;
    UPDATE credit_accounts a SET active_jobs = a.active_jobs + c.jobs
    FROM (SELECT user_id, count(*) AS jobs FROM added GROUP BY user_id) c WHERE c.user_id = a.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_begin AFTER INSERT ON jobs REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION jobs_begin();

-- What may follow what (design: the life of a job), whoever asks; and every change of state tells of itself.
CREATE FUNCTION jobs_move() RETURNS trigger LANGUAGE plpgsql AS $$
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
    INSERT INTO events (tenant_id, project_id, job_id, kind, payload)
    SELECT a.tenant_id, a.project_id, a.id, 'job.state',
           jsonb_strip_nulls(jsonb_build_object('state', a.state, 'attempt', a.attempt, 'failure', a.failure))
    FROM before b JOIN after a USING (id) WHERE a.state <> b.state ORDER BY a.id;
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
CREATE TRIGGER jobs_move AFTER UPDATE ON jobs REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION jobs_move();

-- The ledger and the accounts move together.
CREATE FUNCTION ledger_moves_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM credit_accounts WHERE user_id IN (SELECT user_id FROM added) ORDER BY user_id FOR NO KEY UPDATE;
    UPDATE credit_accounts a SET
        available = a.available + m.available, held = a.held + m.held, settled = a.settled + m.settled
    FROM (SELECT user_id,
                 sum(CASE kind WHEN 'grant' THEN amount WHEN 'return' THEN amount WHEN 'hold' THEN -amount ELSE 0 END)
                     AS available,
                 sum(CASE kind WHEN 'hold' THEN amount WHEN 'grant' THEN 0 ELSE -amount END) AS held,
                 sum(CASE kind WHEN 'settle' THEN amount ELSE 0 END) AS settled
          FROM added GROUP BY user_id) m
    WHERE m.user_id = a.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_moves_accounts AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_moves_accounts();
