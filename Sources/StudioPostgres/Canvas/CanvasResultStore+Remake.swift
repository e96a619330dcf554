package import QueueProtocol
import StudioCore

/// What becomes of a job that finds a file gone or damaged which the node of a canvas had made.
package enum RemakeOutcome: Sendable, Hashable {
    /// The job waits, or is queued again where another has made the file meanwhile; the attempt does not count.
    case putOff
    /// Not all of the files are of canvases: nothing was changed.
    case notOurs
    /// Another project had made one, and is paused or archived now: nothing is made there. All are noted as gone, so that a
    /// run that is resumed makes them itself.
    case heldBack
}

extension CanvasResultStore {
    /// Puts a running job off until what it was to read is made again: the files are noted as gone, a job for each is
    /// admitted that costs nobody anything, unless there is one already, and the job waits for it instead of the old one.
    ///
    /// - Parameters:
    ///   - claim: The attempt that found the files gone.
    ///   - lost: The jobs that had made them.
    ///   - remove: Takes what is left of a file out of its place; runs on a database thread, and may run again.
    /// - Returns: What was done.
    /// - Throws: `LeaseLost`; what `remove` throws; `PostgresError`.
    package func makeAgain(
        _ claim: HeldClaim, lost: Set<JobID>, remove: @escaping @Sendable (JobFileRecord) throws -> Void
    ) async throws -> RemakeOutcome {
        try await database.transaction { connection in
            let lost = lost.sorted()
            // Results before jobs, as everywhere.
            let keyed = try connection.query(RemakeSQL.keys, [.ids(lost)])
            guard keyed.count == lost.count else { return .notOurs }
            try connection.execute(RemakeSQL.lockResults, [.ids(lost)])
            _ = try AttemptFence.lock(claim, on: connection)
            // Nor does what is at it already end before it can be seen that this job waits for it.
            try connection.execute(RemakeSQL.lockCurrent, [.ids(lost)])
            // Nobody wants it any more.
            guard try connection.query(RemakeSQL.isWanted, [.id(claim.job)]).count == 1 else { return .notOurs }
            var instead: [JobID: JobID] = [:]
            for job in lost { instead[job] = try current(insteadOf: job, for: claim.job, on: connection) }
            let left = lost.filter { instead[$0] == nil }
            for job in left { try give(up: job, remove, on: connection) }
            guard try connection.query(RemakeSQL.isHeldBack, [.id(claim.job), .ids(left)]).isEmpty else {
                return .heldBack
            }
            for job in left { instead[job] = try again(job, for: claim.job, on: connection) }
            try rewire(claim.job, instead, on: connection)
            try connection.execute(RemakeSQL.putOff, [.id(claim.job), .int(claim.attempt)])
            return .putOff
        }
    }

    /// The job that is at what a job had made, or has done it already; nil where there is none.
    private func current(
        insteadOf lost: JobID, for consumer: JobID, on connection: PostgresConnection
    ) throws -> JobID? {
        guard let row = try connection.query(RemakeSQL.current, [.id(lost), .id(consumer)]).first else {
            throw JobStore.missing
        }
        let current: JobID = try row.decode("job_id")
        return try row.decode("is_usable") && current != lost ? current : nil
    }

    /// A new job that makes again what a job had made.
    private func again(_ lost: JobID, for consumer: JobID, on connection: PostgresConnection) throws -> JobID {
        let made = JobID()
        try connection.execute(RemakeSQL.again, [.id(made), .id(lost), .id(consumer)])
        try connection.execute(RemakeSQL.stand, [.id(lost), .id(made)])
        return made
    }

    /// Notes that what a job had made is gone.
    private func give(
        up lost: JobID, _ remove: (JobFileRecord) throws -> Void, on connection: PostgresConnection
    ) throws {
        for file in try connection.query(RemakeSQL.files, [.id(lost)]).map({ try JobFileRecord($0) }) {
            try remove(file)
        }
        try connection.execute(RemakeSQL.gone, [.id(lost)])
    }

    /// Lets a job read what other jobs make instead, and the runs that go on see those at their nodes.
    private func rewire(
        _ consumer: JobID, _ instead: [JobID: JobID], on connection: PostgresConnection
    ) throws {
        let pairs = instead.sorted { $0.key < $1.key }
        let parameters: [PostgresParameter] = [.id(consumer), .ids(pairs.map(\.key)), .ids(pairs.map(\.value))]
        try connection.execute(RemakeSQL.inputs, parameters)
        try connection.execute(RemakeSQL.noDependencies, Array(parameters.prefix(2)))
        try connection.execute(RemakeSQL.dependencies, [.id(consumer), .ids(Set(pairs.map(\.value)))])
        try connection.execute(RemakeSQL.lockRuns, [.id(consumer)])
        try connection.execute(RemakeSQL.nodes, parameters)
    }

    private enum RemakeSQL {
        static let keys = "SELECT FROM jobs WHERE id = ANY ($1) AND content_key IS NOT NULL AND destination = 'cache'"
        static let isWanted = "SELECT FROM jobs WHERE id = $1 AND cancel_requested_at IS NULL"
        static let lockResults = """
            SELECT FROM canvas_results r WHERE (tenant_id, key) IN (
                SELECT j.tenant_id, j.content_key FROM jobs j WHERE j.id = ANY ($1)) ORDER BY key FOR UPDATE
            """
        // A statement of its own: the next looks anew, and sees what ended while this one waited.
        static let lockCurrent = """
            SELECT FROM jobs WHERE id IN (SELECT r.job_id FROM jobs l
                JOIN canvas_results r ON r.tenant_id = l.tenant_id AND r.key = l.content_key WHERE l.id = ANY ($1))
                AND NOT id = ANY ($1)
            ORDER BY id FOR SHARE
            """
        static let current = """
            SELECT r.job_id, j.finished_at IS NULL AND j.cancel_requested_at IS NULL AND (j.project_id = c.project_id
                       OR (p.paused_at IS NULL AND p.archived_at IS NULL AND j.held_at IS NULL))
                   OR j.state = 'succeeded' AND EXISTS (SELECT FROM job_files f WHERE f.job_id = j.id AND f.is_primary
                       AND f.published_at IS NOT NULL AND f.removed_at IS NULL) AS is_usable
            FROM jobs l JOIN canvas_results r ON r.tenant_id = l.tenant_id AND r.key = l.content_key
                JOIN jobs j ON j.id = r.job_id JOIN projects p ON p.id = j.project_id JOIN jobs c ON c.id = $2
            WHERE l.id = $1
            """
        static let isHeldBack = """
            SELECT FROM jobs l JOIN projects p ON p.id = l.project_id JOIN jobs c ON c.id = $1
            WHERE l.id = ANY ($2) AND l.project_id <> c.project_id
              AND (p.paused_at IS NOT NULL OR p.archived_at IS NOT NULL)
            """
        static let files = """
            SELECT \(JobFileRecord.columns) FROM job_files f
            WHERE f.job_id = $1 AND f.published_at IS NOT NULL AND f.removed_at IS NULL
            """
        static let gone = """
            UPDATE job_files SET removed_at = now()
            WHERE job_id = $1 AND published_at IS NOT NULL AND removed_at IS NULL
            """
        // As it was, at the place of its own, for the user and with the urgency of the one that needs it, for nothing. It
        // shows at the node of the run that needs it.
        static let again = """
            WITH made AS (
                INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision,
                    parameters, inputs, input_hashes, quality, queue, priority, max_attempts, timeout_seconds, state,
                    credits, request_id, traceparent, queued_at, place, destination, target_path, replaces, run_id,
                    run_node, run_index, content_key)
                SELECT $1::uuid, l.tenant_id, l.project_id, c.user_id, l.shot, l.version, l.function, l.function_revision,
                    l.parameters, l.inputs, l.input_hashes, l.quality, l.queue, c.priority, l.max_attempts,
                    l.timeout_seconds, 'queued', 0, c.request_id, c.traceparent, now(), \(JobStore.nextPlace),
                    l.destination, replace(l.target_path, l.id::text, $1::uuid::text), l.replaces,
                    coalesce(n.run_id, l.run_id), coalesce(n.node, l.run_node),
                    CASE WHEN n.run_id IS NULL THEN l.run_index ELSE n.index END, l.content_key
                FROM jobs l JOIN jobs c ON c.id = $3
                LEFT JOIN LATERAL (SELECT run_id, node, index FROM canvas_run_nodes
                    WHERE run_id = c.run_id AND job_id = l.id ORDER BY position LIMIT 1) n ON true
                WHERE l.id = $2
                RETURNING id
            )
            INSERT INTO job_dependencies (job_id, depends_on)
            SELECT made.id, d.depends_on FROM made, job_dependencies d WHERE d.job_id = $2
            """
        static let stand = """
            UPDATE canvas_results r SET job_id = $2, last_used_at = now()
            FROM jobs l WHERE l.id = $1 AND r.tenant_id = l.tenant_id AND r.key = l.content_key
            """
        static let inputs = """
            UPDATE jobs j SET inputs = (
                SELECT jsonb_object_agg(i.key, CASE WHEN a.old IS NULL THEN i.value
                    ELSE 'job:' || a.new || substr(i.value, 41) END)
                FROM jsonb_each_text(j.inputs) i
                LEFT JOIN unnest($2::uuid[], $3::uuid[]) AS a (old, new) ON lower(left(i.value, 40)) = 'job:' || a.old)
            WHERE j.id = $1
            """
        static let noDependencies = "DELETE FROM job_dependencies WHERE job_id = $1 AND depends_on = ANY ($2)"
        static let dependencies = """
            INSERT INTO job_dependencies (job_id, depends_on) SELECT $1::uuid, * FROM unnest($2::uuid[]) ON CONFLICT DO NOTHING
            """
        static let lockRuns = """
            SELECT FROM canvas_runs WHERE id IN (SELECT run_id FROM canvas_run_nodes WHERE job_id = $1) ORDER BY id
            FOR NO KEY UPDATE
            """
        static let nodes = """
            WITH moved AS (
                UPDATE canvas_run_nodes n SET job_id = a.new,
                    origin = CASE WHEN j.finished_at IS NOT NULL THEN 'cached'
                        WHEN j.run_id = n.run_id THEN 'made' ELSE 'shared' END
                FROM unnest($2::uuid[], $3::uuid[]) AS a (old, new) JOIN jobs j ON j.id = a.new
                WHERE n.job_id = a.old AND NOT n.is_left
                  AND n.run_id IN (SELECT run_id FROM canvas_run_nodes WHERE job_id = $1 AND NOT is_left)
                RETURNING n.run_id, j.finished_at IS NULL AS is_open
            )
            UPDATE canvas_runs r SET open_nodes = r.open_nodes + m.open
            FROM (SELECT run_id, count(*) FILTER (WHERE is_open) AS open FROM moved GROUP BY run_id) m
            WHERE r.id = m.run_id AND m.open > 0
            """
        // Given back, not counted; where all that it needs is there by now it need not wait.
        static let putOff = """
            WITH off AS (
                UPDATE jobs j SET state = n.next, worker_id = NULL, lease_expires_at = NULL, pushed_at = NULL,
                    not_before = NULL, delayed = false, put_offs = j.put_offs + 1,
                    queued_at = CASE WHEN n.next = 'queued' THEN now() ELSE j.queued_at END
                FROM (SELECT CASE WHEN EXISTS (SELECT FROM job_dependencies d JOIN jobs u ON u.id = d.depends_on
                    WHERE d.job_id = $1 AND u.state <> 'succeeded') THEN 'waiting' ELSE 'queued' END AS next) n
                WHERE j.id = $1
                RETURNING j.id
            )
            UPDATE job_attempts a SET finished_at = now(), outcome = 'released'
            FROM off WHERE a.job_id = off.id AND a.attempt = $2
            """
    }
}
