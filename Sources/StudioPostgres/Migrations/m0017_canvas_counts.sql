-- Runs count the ends of their jobs by key alone, however many jobs end together.

-- As before. What moved is looked up once, in a join that does not grow with the square of its length; the rest is found by
-- its keys, one after the other, whatever a planner thinks of tables that were small when it looked.
CREATE OR REPLACE FUNCTION canvas_runs_follow() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off SET enable_seqscan = off AS $$
DECLARE
    moved uuid[];
    opened integer[];
    broken integer[];
    runs uuid[];
    more_open bigint[];
    more_failed bigint[];
BEGIN
    -- By far the most changes are of no run's jobs.
    IF NOT EXISTS (SELECT FROM after WHERE run_id IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(a.id), array_agg((a.finished_at IS NULL)::integer - (b.finished_at IS NULL)::integer),
           array_agg((a.state IN ('failed', 'cancelled'))::integer - (b.state IN ('failed', 'cancelled'))::integer)
    INTO moved, opened, broken FROM before b JOIN after a USING (id)
    WHERE a.run_id IS NOT NULL AND a.state <> b.state AND (a.finished_at IS NOT NULL OR b.finished_at IS NOT NULL);
    IF moved IS NULL THEN
        RETURN NULL;
    END IF;
    -- Locked in one order, whatever jobs end together; what waits for them is looked at again afterwards.
    SELECT array_agg(DISTINCT n.run_id) INTO runs FROM unnest(moved) AS m (id)
    CROSS JOIN LATERAL (SELECT run_id FROM canvas_run_nodes WHERE job_id = m.id OFFSET 0) n;
    PERFORM FROM canvas_runs WHERE id = ANY (runs) ORDER BY id FOR NO KEY UPDATE;
    SELECT array_agg(run_id), array_agg(open), array_agg(failed) INTO runs, more_open, more_failed FROM (
        SELECT n.run_id, sum(m.open) AS open, sum(m.failed) AS failed
        FROM unnest(moved, opened, broken) AS m (id, open, failed)
        CROSS JOIN LATERAL (SELECT run_id FROM canvas_run_nodes WHERE job_id = m.id AND NOT is_left OFFSET 0) n
        GROUP BY n.run_id) c
    WHERE open <> 0 OR failed <> 0;
    UPDATE canvas_runs SET open_nodes = open_nodes + more_open[array_position(runs, id)],
        failed_nodes = failed_nodes + more_failed[array_position(runs, id)]
    WHERE id = ANY (runs);
    RETURN NULL;
END $$;
