-- Films that the studio cut by itself: where a chunk cannot be made of its source, the film is made in one piece.

ALTER TABLE jobs
    -- Of a part: whether its whole makes by itself what all of its parts make, where this one cannot be made of its source.
    ADD COLUMN is_spared boolean NOT NULL DEFAULT false,
    -- Of a whole: since when it does. Its parts are for nothing from then on.
    ADD COLUMN without_parts_since timestamptz,
    ADD CONSTRAINT spared_is_a_part CHECK (part_of IS NOT NULL OR NOT is_spared),
    ADD CONSTRAINT part_has_no_parts CHECK (part_of IS NULL OR without_parts_since IS NULL);

-- As before, and the parts of jobs that do without them.
CREATE OR REPLACE FUNCTION jobs_stop_parts(whole uuid DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    WITH left_over AS (
        SELECT p.id, p.state FROM jobs p JOIN jobs w ON w.id = p.part_of
        WHERE p.part_of IS NOT NULL AND p.state IN ('waiting', 'queued', 'running') AND (whole IS NULL OR w.id = whole)
          AND (p.state <> 'running' OR p.cancel_requested_at IS NULL)
          AND (w.state IN ('failed', 'cancelled') OR w.without_parts_since IS NOT NULL)
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

CREATE TRIGGER jobs_go_on_without_parts AFTER UPDATE OF without_parts_since ON jobs FOR EACH ROW
    WHEN (NEW.without_parts_since IS NOT NULL AND OLD.without_parts_since IS NULL)
    EXECUTE FUNCTION jobs_end_with_whole();
