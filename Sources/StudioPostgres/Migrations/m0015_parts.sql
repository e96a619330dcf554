-- Jobs that are made for another alone: the chunks and the sound of a film, which one job joins.

ALTER TABLE jobs
    -- The job this one is a part of. It lives as long as that one does, and costs nothing of its own.
    ADD COLUMN part_of uuid REFERENCES jobs,
    ADD CONSTRAINT part_costs_nothing CHECK (part_of IS NULL OR credits = 0),
    ADD CONSTRAINT part_is_no_take CHECK (part_of IS NULL OR destination = 'cache');
CREATE INDEX jobs_parts ON jobs (part_of) WHERE part_of IS NOT NULL;
CREATE INDEX jobs_living_parts ON jobs (part_of)
    WHERE part_of IS NOT NULL AND state IN ('waiting', 'queued', 'running');

-- Ends the parts of jobs that have ended without success: at once what has not started, by its worker what runs.
--
-- Nothing is waited for: a part that another transaction holds is just ending, or is found by the next look. Both rows are
-- locked, so that a job that is retried at the moment is seen as it is.
CREATE FUNCTION jobs_stop_parts(whole uuid DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    WITH left_over AS (
        SELECT p.id, p.state FROM jobs p JOIN jobs w ON w.id = p.part_of
        WHERE p.part_of IS NOT NULL AND p.state IN ('waiting', 'queued', 'running') AND (whole IS NULL OR w.id = whole)
          AND (p.state <> 'running' OR p.cancel_requested_at IS NULL) AND w.state IN ('failed', 'cancelled')
        FOR UPDATE OF p, w SKIP LOCKED
    ), stopped AS (
        UPDATE jobs j SET cancel_requested_at = coalesce(j.cancel_requested_at, now()),
            state = CASE l.state WHEN 'running' THEN 'running' ELSE 'cancelled' END,
            finished_at = CASE l.state WHEN 'running' THEN NULL ELSE now() END,
            pushed_at = CASE l.state WHEN 'running' THEN j.pushed_at END
        FROM left_over l WHERE j.id = l.id
        RETURNING j.id
    )
    SELECT count(*) FROM stopped
$$;

-- Whatever ends the whole, in the transaction that does.
CREATE FUNCTION jobs_end_with_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM jobs_stop_parts(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_end_with_whole AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.state IN ('failed', 'cancelled') AND OLD.state <> NEW.state AND NEW.part_of IS NULL)
    EXECUTE FUNCTION jobs_end_with_whole();
