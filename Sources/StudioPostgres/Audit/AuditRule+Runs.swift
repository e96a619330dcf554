extension AuditRule {
    /// How far a run is follows from its nodes' jobs; a key stands for a job that makes it; a run that waits, waits for
    /// something; and nobody but a run's job waits for another project's.
    static let runs = [
        AuditRule(
            name: "run-nodes",
            sql: """
                WITH counted AS (
                    SELECT n.run_id, count(*) FILTER (WHERE NOT n.is_left AND j.finished_at IS NULL AND j.id IS NOT NULL) AS open,
                        count(*) FILTER (WHERE n.is_left OR j.state IN ('failed', 'cancelled')) AS failed
                    FROM canvas_run_nodes n LEFT JOIN jobs j ON j.id = n.job_id GROUP BY n.run_id
                )
                SELECT 'run ' || r.id AS subject, format('counts %s open and %s failed nodes and has %s and %s', r.open_nodes,
                       r.failed_nodes, coalesce(c.open, 0), coalesce(c.failed, 0)) AS detail
                FROM canvas_runs r LEFT JOIN counted c ON c.run_id = r.id
                WHERE (r.open_nodes, r.failed_nodes) <> (coalesce(c.open, 0), coalesce(c.failed, 0))
                """),
        AuditRule(
            name: "run-told",
            sql: """
                WITH newest AS (
                    SELECT DISTINCT ON (payload ->> 'run') payload ->> 'run' AS run, payload ->> 'state' AS state
                    FROM events WHERE kind = 'run.state' ORDER BY payload ->> 'run', xid DESC, id DESC
                )
                SELECT 'run ' || r.id AS subject, 'is ' || r.state || ' and its newest event says '
                       || coalesce(n.state, 'nothing') AS detail
                FROM canvas_runs r LEFT JOIN newest n ON n.run = r.id::text
                WHERE n.state IS DISTINCT FROM r.state
                  AND (n.state IS NOT NULL OR r.created_at > now() - interval '6 days')
                """),
        AuditRule(
            name: "run-finished",
            sql: """
                SELECT 'run ' || id AS subject, 'is ' || state || ' and '
                       || CASE WHEN finished_at IS NULL THEN 'has no end' ELSE 'has an end' END AS detail
                FROM canvas_runs WHERE (state = 'running') <> (finished_at IS NULL)
                """),
        AuditRule(
            name: "run-of-job",
            sql: """
                SELECT 'job ' || j.id AS subject, 'is of run ' || r.id || ', which is another tenant''s' AS detail
                FROM jobs j JOIN canvas_runs r ON r.id = j.run_id WHERE r.tenant_id <> j.tenant_id
                """),
        AuditRule(
            name: "run-answer-kept",
            sql: """
                SELECT 'user ' || k.user_id AS subject, 'was answered for key ' || k.key || ' with run '
                       || (k.body::jsonb ->> 'id') || ', which is not there' AS detail
                FROM idempotency_keys k LEFT JOIN canvas_runs r ON r.id::text = k.body::jsonb ->> 'id'
                WHERE k.status = 202 AND r.id IS NULL AND k.headers::jsonb ->> 'Location' LIKE '/api/v1/runs/%'
                """),
        AuditRule(
            name: "result-of-key",
            sql: """
                SELECT 'key ' || c.key AS subject, 'stands for job ' || j.id || ', which makes '
                       || coalesce(j.content_key, 'nothing of a canvas') AS detail
                FROM canvas_results c JOIN jobs j ON j.id = c.job_id
                WHERE (j.tenant_id, j.content_key) IS DISTINCT FROM (c.tenant_id, c.key)
                """),
        AuditRule(
            name: "key-made-twice",
            sql: """
                SELECT 'key ' || content_key AS subject, count(*) || ' jobs are making it' AS detail
                FROM jobs j JOIN projects p ON p.id = j.project_id
                WHERE j.content_key IS NOT NULL AND j.state IN ('waiting', 'queued', 'running')
                  AND j.cancel_requested_at IS NULL AND j.held_at IS NULL AND p.paused_at IS NULL AND p.archived_at IS NULL
                  -- A job that was retried by itself makes what another one may be making for its run.
                  AND j.round = 0
                GROUP BY j.project_id, content_key HAVING count(*) > 1
                """),
        AuditRule(
            name: "dependency-elsewhere",
            sql: """
                SELECT 'job ' || j.id AS subject, 'depends on job ' || u.id || ' of another project' AS detail
                FROM job_dependencies d JOIN jobs j ON j.id = d.job_id JOIN jobs u ON u.id = d.depends_on
                WHERE j.project_id <> u.project_id AND (j.run_id IS NULL OR u.run_id IS NULL OR j.tenant_id <> u.tenant_id)
                """),
    ]
}
