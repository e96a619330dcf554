package import QueueProtocol
import StudioCore

/// What a worker asks while it holds jobs. Time is the database's: no worker's clock decides about a lease.
extension JobStore {
    /// Claims those of the jobs that are queued and due, in one statement: each raises its attempt and gets a lease. Those
    /// whose function this worker is not given, see `WorkerBlockStore`, are owed a message anew after a second or two, and
    /// what was held back, paused or taken off the runway since its message was sent goes back to the backlog.
    ///
    /// It may be said again where the answer was lost: what that claim had taken is given again, with the same attempt.
    ///
    /// - Parameters:
    ///   - jobs: The jobs that messages named.
    ///   - worker: Who claims.
    ///   - name: Its name, kept with the attempt.
    ///   - lease: How long it holds without a heartbeat.
    ///   - held: What the worker knows it holds: a second message for one of these finds nothing. Default none.
    ///   - known: The digests of the function revisions whose manifests need not be sent; default none.
    /// - Returns: What was claimed, in the order asked for; a job that is missing here has a stale message.
    /// - Throws: `PostgresError`.
    package func claim(
        _ jobs: [JobID], worker: WorkerID, name: String, lease: Duration, held: [JobID] = [], known: [String] = []
    ) async throws -> [ClaimedJob] {
        guard !jobs.isEmpty else { return [] }
        let parameters: [PostgresParameter] = [
            .ids(jobs), .id(worker), .text(name), .milliseconds(lease), .ids(held), .texts(known),
        ]
        let claimed = try await database.withConnection { connection in
            try connection.query(ClaimSQL.claim, parameters).map { try ClaimedJob($0) }
        }
        let places = Dictionary(zip(jobs, jobs.indices), uniquingKeysWith: { first, _ in first })
        return claimed.sorted { places[$0.id, default: 0] < places[$1.id, default: 0] }
    }

    /// Renews the leases of a worker in one statement that never waits for a row, and notes that the worker lives.
    ///
    /// - Parameters:
    ///   - worker: Who holds them.
    ///   - claims: What it believes to hold.
    ///   - lease: How long from now.
    /// - Returns: For each claim whether it is still held and whether somebody asked to cancel.
    /// - Throws: `PostgresError`.
    package func heartbeat(
        worker: WorkerID, claims: [HeldClaim], lease: Duration
    ) async throws -> [ClaimStatus] {
        let parameters: [PostgresParameter] = [
            .id(worker), .ids(claims.map(\.job)), .ints(claims.map(\.attempt)), .milliseconds(lease),
        ]
        return try await database.withConnection { connection in
            try connection.query(ClaimSQL.heartbeat, parameters).map { row in
                ClaimStatus(
                    claim: HeldClaim(job: try row.decode("id"), attempt: try row.decode("attempt")),
                    isHeld: try row.decode("is_held"), cancelRequested: try row.decode("cancel_requested"))
            }
        }
    }

    /// Whether an attempt is still the job's.
    package func isHeld(_ claim: HeldClaim) async throws -> Bool {
        try await database.withConnection { connection in
            try !connection.query(ClaimSQL.isHeld, [.id(claim.job), .int(claim.attempt)]).isEmpty
        }
    }

    private enum ClaimSQL {
        // It waits for a locked row rather than skip it: the dispatcher may hold it for a moment to mark it as pushed,
        // and a job skipped here would lose its message. The rows are found by their ids and judged afterwards: a planner
        // that believes that next to nothing is queued would rather read all of an index on queued jobs.
        static let claim = """
            WITH named AS (
                SELECT id, state, not_before, held_at, pushed_at, worker_id, tenant_id, project_id, queue, function,
                    expires_at
                FROM jobs WHERE id = ANY ($1) ORDER BY id FOR UPDATE
            ), blocked AS (
                SELECT function FROM worker_blocks WHERE worker_id = $2 AND blocked_at IS NOT NULL
            ), judged AS (
                SELECT n.id, n.pushed_at, n.function IN (SELECT function FROM blocked) AS is_blocked,
                    -- A limit was kept when the job was marked as pushed: without the mark its message is an old one.
                    n.held_at IS NULL AND p.paused_at IS NULL
                        AND NOT n.queue IN (SELECT queue FROM queue_pauses)
                        AND (n.pushed_at IS NOT NULL OR (t.max_running IS NULL
                            AND NOT n.function IN (SELECT function FROM function_limits))) AS may_start
                FROM named n JOIN projects p ON p.id = n.project_id JOIN tenants t ON t.id = n.tenant_id
                WHERE n.state = 'queued' AND (n.not_before IS NULL OR n.not_before <= now())
                    AND (n.expires_at IS NULL OR n.expires_at > now())
            ), passed_on AS (
                -- Not for this worker: back to the dispatcher, and away from here long enough for another to take it.
                -- Not to be started at all: back to the dispatcher.
                UPDATE jobs j SET pushed_at = NULL, delayed = j.delayed OR d.is_blocked, not_before = CASE
                    WHEN d.is_blocked THEN now() + (1 + random()) * interval '1 second' ELSE j.not_before END
                FROM judged d WHERE j.id = d.id AND (d.is_blocked OR (NOT d.may_start AND d.pushed_at IS NOT NULL))
            ), due AS (
                SELECT id FROM judged WHERE may_start AND NOT is_blocked
                UNION ALL
                -- An earlier try of this very claim, whose answer was lost.
                SELECT id FROM named WHERE state = 'running' AND worker_id = $2 AND NOT id = ANY ($5)
            ), c AS (
                UPDATE jobs j SET state = 'running', worker_id = $2, pushed_at = NULL, delayed = false,
                    attempt = j.attempt + CASE j.state WHEN 'queued' THEN 1 ELSE 0 END,
                    started_at = now(), lease_expires_at = clock_timestamp() + $4 * interval '1 millisecond'
                FROM due WHERE j.id = due.id
                RETURNING j.*
            ), attempts AS (
                INSERT INTO job_attempts (job_id, attempt, worker_id, worker_name)
                SELECT id, attempt, $2, $3 FROM c ON CONFLICT (job_id, attempt) DO NOTHING
            )
            SELECT c.id, c.attempt, c.tenant_id, n.name AS tenant_name, c.project_id, p.name AS project_name, c.user_id,
                   u.email, u.display_name, c.shot, c.version, c.destination, c.target_path, c.replaces, c.function, r.version AS function_version,
                   c.function_revision, CASE WHEN NOT c.function_revision = ANY ($6) THEN r.manifest END AS manifest,
                   c.parameters, c.inputs, c.quality, c.queue, c.max_attempts, c.counted_attempts, c.put_offs, c.timeout_seconds,
                   c.cancel_requested_at IS NOT NULL AS cancel_requested, c.request_id, c.traceparent, c.queued_at,
                   c.lease_expires_at, c.without_parts_since IS NOT NULL AS is_without_parts, c.run_id, c.run_node, c.run_index, c.input_hashes,
                   CASE WHEN c.has_celery_task THEN (SELECT t.request FROM celery_tasks t
                       WHERE t.job_id = c.id AND NOT t.follows AND t.answered_at IS NULL) END AS celery,
                   CASE WHEN c.attempt > 1 THEN (SELECT to_jsonb(t) FROM takes t WHERE t.job_id = c.id) END AS take,
                   CASE WHEN c.attempt > 1 THEN (SELECT jsonb_agg(to_jsonb(f)) FROM job_files f
                       WHERE f.job_id = c.id AND f.published_at IS NULL) END AS noted_files,
                   CASE WHEN c.inputs = '{}' THEN '{}' ELSE coalesce((
                       SELECT jsonb_object_agg(i.key, jsonb_build_object('path', s.path, 'sha256', s.sha256,
                           'project', s.project))
                       FROM jsonb_each_text(c.inputs) i
                       CROSS JOIN LATERAL (SELECT
                           CASE WHEN i.value ~* \(uuidAfter("job")) THEN substr(i.value, 5, 36)::uuid END AS job_id,
                           CASE WHEN i.value ~* \(uuidAfter("take")) THEN substr(i.value, 6, 36)::uuid END AS take_id,
                           nullif(split_part(i.value, '#', 2), '') AS port) n
                       CROSS JOIN LATERAL (
                           -- By their keys alone: see JobFileSQL.
                           SELECT t.path, NULL AS sha256, NULL AS project FROM (
                               (SELECT * FROM takes WHERE id = n.take_id OFFSET 0) UNION ALL
                               (SELECT * FROM takes WHERE job_id = n.job_id AND (n.port IS NULL OR port = n.port) OFFSET 0)) t
                           WHERE t.project_id = c.project_id AND t.published_at IS NOT NULL
                           UNION ALL
                           -- A run's job may read what another project of the tenant has made.
                           SELECT f.path, f.sha256, CASE WHEN f.project_id <> c.project_id THEN o.name END
                           FROM (SELECT * FROM job_files WHERE job_id = n.job_id OFFSET 0) f
                           JOIN projects o ON o.id = f.project_id
                           WHERE (f.project_id = c.project_id OR (c.run_id IS NOT NULL AND o.tenant_id = c.tenant_id))
                             AND f.published_at IS NOT NULL AND f.removed_at IS NULL
                             AND CASE WHEN n.port IS NULL THEN f.is_primary ELSE f.port = n.port END
                       ) s
                       WHERE n.job_id IS NOT NULL OR n.take_id IS NOT NULL
                   ), '{}') END AS resolved_inputs
            FROM c
            JOIN tenants n ON n.id = c.tenant_id
            JOIN projects p ON p.id = c.project_id
            JOIN users u ON u.id = c.user_id
            JOIN function_revisions r ON r.digest = c.function_revision
            """
        private static func uuidAfter(_ scheme: String) -> String {
            "'^\(scheme):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(#.+)?$'"
        }
        // SKIP LOCKED: a row that is locked is being published or ended by this very attempt, or by whoever took it over;
        // nobody can take it meanwhile, and the other leases must not wait. Not waited for on disk either: a renewal lost
        // with the server is one heartbeat.
        static let heartbeat = """
            WITH hint AS (SELECT set_config('synchronous_commit', 'off', true)), claimed AS (
                SELECT * FROM unnest($2::uuid[], $3::integer[]) AS c (id, attempt), hint
            ), seen AS (
                UPDATE workers SET seen_at = now() WHERE id = $1
            ), renewable AS (
                SELECT j.id FROM jobs j JOIN claimed c ON c.id = j.id AND c.attempt = j.attempt
                WHERE j.state = 'running' AND j.worker_id = $1
                FOR UPDATE OF j SKIP LOCKED
            ), renewed AS (
                UPDATE jobs j SET lease_expires_at = clock_timestamp() + $4 * interval '1 millisecond'
                FROM renewable r WHERE j.id = r.id
            )
            SELECT c.id, c.attempt,
                   coalesce(j.state = 'running' AND j.attempt = c.attempt AND j.worker_id = $1, false) AS is_held,
                   j.cancel_requested_at IS NOT NULL AS cancel_requested
            FROM claimed c LEFT JOIN jobs j ON j.id = c.id
            """
        static let isHeld = "SELECT FROM jobs WHERE id = $1 AND attempt = $2 AND state = 'running'"
    }
}

extension ClaimedJob {
    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.decode("id")
        attempt = try row.decode("attempt")
        tenant = try row.decode("tenant_id")
        tenantName = try row.decode("tenant_name")
        project = try row.decode("project_id")
        projectName = try row.decode("project_name")
        user = try row.decode("user_id")
        userEmail = try row.decode("email")
        userDisplayName = try row.decode("display_name")
        shot = try row.decode("shot")
        version = try row.decode("version")
        destination = try row.destination()
        function = try row.decode("function")
        functionVersion = try row.decode("function_version")
        functionDigest = try row.decode("function_revision")
        manifest = try row.decode("manifest")
        parameters = try row.decode("parameters")
        inputs = try row.texts("inputs")
        // By far the most jobs name none.
        resolvedInputs =
            inputs.isEmpty ? [:] : try row.document("resolved_inputs", as: [String: ResolvedInput].self) ?? [:]
        quality = try row.word("quality")
        queue = try row.decode("queue")
        maxAttempts = try row.decode("max_attempts")
        countedAttempts = try row.decode("counted_attempts")
        putOffs = try row.decode("put_offs")
        timeoutSeconds = try row.decode("timeout_seconds")
        cancelRequested = try row.decode("cancel_requested")
        isWithoutParts = try row.decode("is_without_parts")
        requestID = try row.decode("request_id")
        traceparent = try row.decode("traceparent")
        queuedAt = try row.decode("queued_at")
        if let run = try row.decode("run_id", as: RunID?.self) {
            place = RunPlace(run: run, node: try row.decode("run_node"), index: try row.decode("run_index"))
        }
        inputHashes = try row.texts("input_hashes")
        leaseExpiresAt = try row.decode("lease_expires_at")
        take = try row.document("take", as: TakeRow.self)?.record
        notedFiles = try row.document("noted_files", as: [JobFileRecord].self) ?? []
        celery = try row.celeryTask("celery")
    }
}
