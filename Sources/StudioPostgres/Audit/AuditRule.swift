/// A rule as a query that names the rows that break it, as `subject` and `detail`.
struct AuditRule: Sendable {
    let name: String
    let sql: String

    static let all: [AuditRule] = leases + reachability + ledger + takes + events + histories + answers + celery + runs

    /// No job has two live leases, and each lease has its attempt.
    private static let leases = [
        AuditRule(
            name: "running-attempt",
            sql: """
                SELECT 'job ' || j.id AS subject, 'runs as attempt ' || j.attempt || ' and has no such open attempt' AS detail
                FROM jobs j LEFT JOIN job_attempts a
                  ON a.job_id = j.id AND a.attempt = j.attempt AND a.worker_id = j.worker_id AND a.outcome IS NULL
                WHERE j.state = 'running' AND a.job_id IS NULL
                """),
        AuditRule(
            name: "open-attempt",
            sql: """
                SELECT 'job ' || j.id AS subject, 'attempt ' || a.attempt || ' is open and the job is ' || j.state
                       || ' at attempt ' || j.attempt AS detail
                FROM job_attempts a JOIN jobs j ON j.id = a.job_id
                WHERE a.outcome IS NULL AND NOT (j.state = 'running' AND j.attempt = a.attempt)
                """),
        AuditRule(
            name: "attempt-count",
            sql: """
                SELECT 'job ' || j.id AS subject, 'is at attempt ' || j.attempt || ' with ' || count(a.job_id)
                       || ' attempts kept' AS detail
                FROM jobs j LEFT JOIN job_attempts a ON a.job_id = j.id
                GROUP BY j.id HAVING j.attempt <> count(a.job_id)
                """),
    ]

    /// Every job that is not finished can be reached by whoever moves it on.
    private static let reachability = [
        AuditRule(
            name: "lease-abandoned",
            sql: """
                SELECT 'job ' || id AS subject, 'its lease ran out more than a minute ago and nobody took it back' AS detail
                FROM jobs WHERE state = 'running' AND lease_expires_at < now() - interval '1 minute'
                """),
        AuditRule(
            name: "delay-forgotten",
            sql: """
                SELECT 'job ' || id AS subject, 'its time came more than a minute ago and it is still put off' AS detail
                FROM jobs WHERE state = 'queued' AND delayed AND not_before < now() - interval '1 minute'
                """),
        AuditRule(
            name: "waiting-for-nothing",
            sql: """
                SELECT 'job ' || j.id AS subject, 'waits and no job that it depends on can still end' AS detail
                FROM jobs j WHERE j.state = 'waiting' AND NOT EXISTS (
                    SELECT FROM job_dependencies d JOIN jobs u ON u.id = d.depends_on
                    WHERE d.job_id = j.id AND u.state IN ('waiting', 'queued', 'running'))
                """),
        AuditRule(
            name: "waiting-for-failed",
            sql: """
                SELECT 'job ' || j.id AS subject, 'waits for job ' || u.id || ', which is ' || u.state AS detail
                FROM jobs j JOIN job_dependencies d ON d.job_id = j.id JOIN jobs u ON u.id = d.depends_on
                WHERE j.state = 'waiting' AND u.state IN ('failed', 'cancelled')
                """),
        AuditRule(
            name: "started-too-early",
            sql: """
                SELECT 'job ' || j.id AS subject, 'is ' || j.state || ' and depends on job ' || u.id || ', which is '
                       || u.state AS detail
                FROM jobs j JOIN job_dependencies d ON d.job_id = j.id JOIN jobs u ON u.id = d.depends_on
                WHERE j.state IN ('queued', 'running', 'succeeded') AND u.state <> 'succeeded'
                """),
    ]

    /// Held, settled and returned credits equal what was charged, per job and per user.
    private static let ledger = [
        AuditRule(
            name: "ledger-account",
            sql: """
                WITH sums AS (
                    SELECT user_id,
                        sum(CASE kind WHEN 'grant' THEN amount WHEN 'return' THEN amount WHEN 'hold' THEN -amount
                            ELSE 0 END) AS available,
                        sum(CASE kind WHEN 'hold' THEN amount WHEN 'grant' THEN 0 ELSE -amount END) AS held,
                        sum(CASE kind WHEN 'settle' THEN amount ELSE 0 END) AS settled
                    FROM ledger_entries GROUP BY user_id
                )
                SELECT 'user ' || a.user_id AS subject,
                       format('available, held, settled are %s, %s, %s and the ledger says %s, %s, %s', a.available, a.held,
                              a.settled, coalesce(s.available, 0), coalesce(s.held, 0), coalesce(s.settled, 0)) AS detail
                FROM credit_accounts a LEFT JOIN sums s USING (user_id)
                WHERE (a.available, a.held, a.settled)
                      IS DISTINCT FROM (coalesce(s.available, 0), coalesce(s.held, 0), coalesce(s.settled, 0))
                """),
        AuditRule(
            name: "active-jobs",
            sql: """
                SELECT 'user ' || a.user_id AS subject,
                       format('%s jobs count as not finished and %s are', a.active_jobs, count(j.id)) AS detail
                FROM credit_accounts a
                LEFT JOIN jobs j ON j.user_id = a.user_id AND j.state IN ('waiting', 'queued', 'running')
                GROUP BY a.user_id, a.active_jobs HAVING a.active_jobs <> count(j.id)
                """),
        AuditRule(
            name: "ledger-round",
            sql: """
                WITH expected AS (
                    SELECT j.id, r.round, CASE
                        WHEN r.round < j.round OR j.state IN ('failed', 'cancelled') THEN 'hold,return'
                        WHEN j.state = 'succeeded' THEN 'hold,settle'
                        ELSE 'hold' END AS kinds
                    FROM jobs j, generate_series(0, j.round) AS r (round) WHERE j.credits > 0
                ), found AS (
                    SELECT job_id AS id, round, string_agg(kind, ',' ORDER BY kind) AS kinds
                    FROM ledger_entries WHERE job_id IS NOT NULL GROUP BY job_id, round
                )
                SELECT 'job ' || id AS subject, format('round %s has %s and should have %s', round,
                       coalesce(f.kinds, 'nothing'), coalesce(e.kinds, 'nothing')) AS detail
                FROM expected e FULL JOIN found f USING (id, round)
                WHERE e.kinds IS DISTINCT FROM f.kinds
                """),
        AuditRule(
            name: "ledger-amount",
            sql: """
                SELECT 'job ' || j.id AS subject, format('a %s of %s for a job that costs %s', l.kind, l.amount, j.credits)
                       || CASE WHEN l.user_id <> j.user_id THEN ', on another user''s account' ELSE '' END AS detail
                FROM ledger_entries l JOIN jobs j ON j.id = l.job_id
                WHERE l.amount <> j.credits
                   -- A run that was cancelled hands what has not begun over to who waits for it, in a round of its own.
                   OR (l.user_id <> j.user_id AND (l.round = j.round OR j.run_id IS NULL))
                UNION ALL
                SELECT 'job ' || h.job_id, format('round %s is held on one account and ends on another', h.round)
                FROM ledger_entries h JOIN ledger_entries c USING (job_id, round)
                WHERE h.kind = 'hold' AND c.kind IN ('settle', 'return') AND h.user_id <> c.user_id
                """),
    ]

    /// At most one take per job, none where the function makes none, each of them whole, each number given once and in its
    /// counter.
    private static let takes = [
        AuditRule(
            name: "take-of-success",
            sql: """
                SELECT 'job ' || j.id AS subject, 'is ' || j.state || ' and its take is '
                       || CASE WHEN t.published_at IS NULL THEN 'not published' ELSE 'published' END
                       || CASE WHEN r.makes_take THEN '' ELSE ', and its function makes none' END AS detail
                FROM jobs j JOIN function_revisions r ON r.digest = j.function_revision
                    LEFT JOIN takes t ON t.job_id = j.id
                WHERE (j.state = 'succeeded' AND r.makes_take AND j.destination = 'take') <> (t.published_at IS NOT NULL)
                """),
        AuditRule(
            name: "file-of-success",
            sql: """
                SELECT 'job ' || j.id AS subject, 'is ' || j.state || ' with ' || j.destination || ' as its destination and has '
                       || count(f.port) || ' published primary files' AS detail
                FROM jobs j JOIN function_revisions r ON r.digest = j.function_revision
                    LEFT JOIN job_files f ON f.job_id = j.id AND f.is_primary AND f.published_at IS NOT NULL
                GROUP BY j.id, r.makes_take
                HAVING count(f.port) <> CASE WHEN j.state = 'succeeded' AND r.makes_take AND j.destination <> 'take'
                    THEN 1 ELSE 0 END
                """),
        AuditRule(
            name: "file-of-job",
            sql: """
                SELECT 'file ' || f.port || ' of job ' || j.id AS subject, CASE
                       WHEN f.project_id <> j.project_id THEN 'is in another project'
                       WHEN f.published_at IS NOT NULL AND j.state <> 'succeeded' THEN 'is published and the job is ' || j.state
                       WHEN f.published_at IS NULL AND j.state = 'succeeded' THEN 'is not published and the job succeeded'
                       ELSE 'is not in the place that the job names' END AS detail
                FROM job_files f JOIN jobs j ON j.id = f.job_id
                WHERE f.project_id <> j.project_id OR (f.published_at IS NOT NULL) <> (j.state = 'succeeded')
                   OR f.is_primary AND f.path <> j.target_path
                """),
        AuditRule(
            name: "take-of-job",
            sql: """
                SELECT 'take ' || t.id AS subject, 'does not carry the names of its job ' || j.id AS detail
                FROM takes t JOIN jobs j ON j.id = t.job_id
                WHERE (t.tenant_id, t.project_id, t.shot, t.version) <> (j.tenant_id, j.project_id, j.shot, j.version)
                """),
        AuditRule(
            name: "take-counter",
            sql: """
                SELECT 'take ' || t.id AS subject, format('has number %s and the counter is at %s', t.number,
                       coalesce(c.last_number, 0)) AS detail
                FROM takes t LEFT JOIN take_counters c USING (project_id, shot, version)
                WHERE t.number > coalesce(c.last_number, 0)
                """),
        AuditRule(
            name: "take-told",
            sql: """
                SELECT 'take ' || t.id AS subject, 'is published and ' || count(e.id) || ' events tell of it' AS detail
                FROM takes t LEFT JOIN events e
                  ON e.project_id = t.project_id AND e.job_id = t.job_id AND e.kind = 'take.created'
                WHERE t.published_at > now() - interval '6 days'
                GROUP BY t.id HAVING count(e.id) <> 1
                """),
    ]

    /// Every state is explained by its events. Events are forgotten after 7 days, so only younger changes can be asked.
    private static let events = [
        AuditRule(
            name: "state-told",
            sql: """
                WITH newest AS (
                    SELECT DISTINCT ON (job_id) job_id, payload->>'state' AS state
                    FROM events WHERE kind = 'job.state' ORDER BY job_id, xid DESC, id DESC
                )
                SELECT 'job ' || j.id AS subject, 'is ' || j.state || ' and its newest event says '
                       || coalesce(n.state, 'nothing') AS detail
                FROM jobs j LEFT JOIN newest n ON n.job_id = j.id
                WHERE n.state IS DISTINCT FROM j.state
                  AND (n.state IS NOT NULL OR j.created_at > now() - interval '6 days')
                """),
        AuditRule(
            name: "state-followed",
            sql: """
                WITH steps AS (
                    SELECT job_id, created_at, payload->>'state' AS state,
                           lag(payload->>'state') OVER (PARTITION BY job_id ORDER BY xid, id) AS before
                    FROM events WHERE kind = 'job.state'
                )
                SELECT 'job ' || s.job_id AS subject, 'went from ' || coalesce(s.before, 'nothing') || ' to ' || s.state
                       AS detail
                FROM steps s JOIN jobs j ON j.id = s.job_id
                WHERE NOT CASE s.before
                    WHEN 'waiting' THEN s.state IN ('queued', 'failed', 'cancelled')
                    WHEN 'queued' THEN s.state IN ('running', 'failed', 'cancelled')
                    WHEN 'running' THEN s.state IN ('succeeded', 'failed', 'cancelled', 'queued', 'waiting')
                    WHEN 'failed' THEN s.state IN ('queued', 'waiting')
                    WHEN 'cancelled' THEN s.state IN ('queued', 'waiting')
                    WHEN 'succeeded' THEN false
                    ELSE s.state IN ('queued', 'waiting') OR j.created_at < now() - interval '6 days' END
                """),
    ]
}
