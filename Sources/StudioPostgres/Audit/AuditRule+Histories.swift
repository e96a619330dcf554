extension AuditRule {
    /// Whole histories, each step by what came before and after it. Events are forgotten after 7 days, so only jobs whose
    /// events are all there can be asked.
    static let histories = [
        AuditRule(
            name: "attempt-told",
            sql: """
                WITH told AS (
                    SELECT job_id, array_agg((payload->>'attempt')::integer ORDER BY xid, id) AS attempts
                    FROM events WHERE kind = 'job.state' AND payload->>'state' = 'running' GROUP BY job_id
                )
                SELECT 'job ' || j.id AS subject, 'is at attempt ' || j.attempt || ' and its events tell of attempts '
                       || coalesce(array_to_string(t.attempts, ', '), 'none') AS detail
                FROM jobs j LEFT JOIN told t ON t.job_id = j.id
                WHERE \(isWhole)
                  AND coalesce(t.attempts, '{}') <> ARRAY(SELECT generate_series(1, j.attempt))
                """),
        AuditRule(
            name: "outcome-told",
            sql: """
                WITH steps AS (
                    SELECT job_id, (payload->>'attempt')::integer AS attempt, payload->>'state' AS state,
                           lead(payload->>'state') OVER (PARTITION BY job_id ORDER BY xid, id) AS next
                    FROM events WHERE kind = 'job.state'
                )
                SELECT 'job ' || j.id AS subject, 'attempt ' || a.attempt || ' ended as ' || coalesce(a.outcome, 'open')
                       || ' and the event after its beginning says ' || coalesce(s.next, 'nothing') AS detail
                FROM steps s JOIN jobs j ON j.id = s.job_id
                    JOIN job_attempts a ON a.job_id = s.job_id AND a.attempt = s.attempt
                WHERE s.state = 'running' AND \(isWhole) AND NOT coalesce(CASE a.outcome
                    WHEN 'succeeded' THEN s.next = 'succeeded'
                    WHEN 'cancelled' THEN s.next = 'cancelled'
                    WHEN 'failed' THEN s.next IN ('queued', 'failed', 'cancelled')
                    WHEN 'lost' THEN s.next IN ('queued', 'failed', 'cancelled')
                    WHEN 'released' THEN s.next IN ('queued', 'waiting', 'cancelled')
                    ELSE s.next IS NULL END, false)
                """),
        AuditRule(
            name: "failure-told",
            sql: """
                WITH newest AS (
                    SELECT DISTINCT ON (job_id) job_id, payload->'failure' AS failure
                    FROM events WHERE kind = 'job.state' ORDER BY job_id, xid DESC, id DESC
                )
                SELECT 'job ' || j.id AS subject, 'failed with ' || (j.failure->>'code') || ' and its newest event says '
                       || coalesce(n.failure->>'code', 'nothing') AS detail
                FROM jobs j JOIN newest n ON n.job_id = j.id
                WHERE j.state = 'failed' AND n.failure IS DISTINCT FROM jsonb_strip_nulls(j.failure)
                """),
        AuditRule(
            name: "failure-explained",
            sql: """
                SELECT 'job ' || j.id AS subject, 'failed with ' || (j.failure->>'code') || ' and ' || CASE
                       WHEN j.failure->>'code' = 'dependency-failed' THEN 'nothing that it depends on did not succeed'
                       ELSE 'its last attempt says ' || coalesce(a.failure->>'code', 'nothing') END AS detail
                FROM jobs j LEFT JOIN job_attempts a ON a.job_id = j.id AND a.attempt = j.attempt
                WHERE j.state = 'failed' AND \(isWhole) AND NOT CASE
                    WHEN j.failure->>'code' = 'dependency-failed' THEN EXISTS (
                        SELECT FROM job_dependencies d JOIN events e ON e.job_id = d.depends_on
                        WHERE d.job_id = j.id AND e.payload->>'state' IN ('failed', 'cancelled'))
                    -- The loss of the second worker is what makes a job poison.
                    WHEN j.failure->>'code' = 'poison' THEN coalesce(a.failure->>'code', '') = 'worker-lost'
                    ELSE a.failure->>'code' IS NOT DISTINCT FROM j.failure->>'code' END
                """),
    ]

    /// What people asked and were answered holds.
    static let answers = [
        AuditRule(
            name: "cancel-heard",
            sql: """
                SELECT 'job ' || id AS subject, 'was asked to cancel and is ' || state AS detail
                FROM jobs WHERE cancel_requested_at IS NOT NULL AND state IN ('waiting', 'queued')
                """),
        AuditRule(
            name: "answer-kept",
            sql: """
                WITH answers AS (
                    SELECT user_id, key, body::jsonb AS body FROM idempotency_keys WHERE status = 202
                ), promised AS (
                    SELECT user_id, key, body->>'id' AS job FROM answers
                    WHERE body->'links'->>'self' LIKE '/api/v1/jobs/%'
                    UNION ALL
                    SELECT user_id, key, item->'job'->>'id'
                    FROM answers, jsonb_array_elements(CASE jsonb_typeof(body->'items')
                        WHEN 'array' THEN body->'items' ELSE '[]' END) AS item
                    WHERE item->'job'->>'id' IS NOT NULL
                )
                SELECT 'user ' || p.user_id AS subject, 'was answered for key ' || p.key || ' with job ' || p.job
                       || ', which is not there' AS detail
                FROM promised p LEFT JOIN jobs j ON j.id = p.job::uuid
                WHERE j.id IS NULL
                """),
    ]

    /// Whether all events of a job `j` are still there: forgotten are those of more than 7 days.
    private static let isWhole = "j.created_at > now() - interval '6 days'"
}
