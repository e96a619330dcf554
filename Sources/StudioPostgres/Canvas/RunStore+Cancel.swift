package import QueueProtocol
import StudioCore

/// What cancelling a run did.
package struct RunCancellation: Sendable {
    /// The run as it stands now.
    package var run: RunRecord
    /// Jobs that had not started, and are cancelled.
    package var cancelled: [JobID]
    /// Jobs that run, and are asked to stop.
    package var requested: [(job: JobID, attempt: Int, worker: WorkerID?)]
    /// Jobs that go on, because others wait for them.
    package var left: [JobID]
}

extension RunStore {
    /// Cancels what has not finished of a run; what others wait for goes on without it, and what of that has not begun is
    /// theirs to pay (`handOver`). Asking again changes nothing.
    ///
    /// - Parameters:
    ///   - id: The run.
    ///   - tenant: Whose it must be.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: What it did.
    /// - Throws: `StudioError` with code `notFound`; `PostgresError`.
    package func cancel(
        _ id: RunID, tenant: TenantID, by author: ActionAuthor? = nil
    ) async throws -> RunCancellation {
        try await database.transaction { connection in
            // Nobody begins to wait for one of its jobs meanwhile: whoever does, asks for this lock first.
            try connection.execute(CancelSQL.lockTenant, [.text("canvas runs of \(tenant)")])
            guard try !connection.query(CancelSQL.isThere, [.id(id), .id(tenant)]).isEmpty else {
                throw StudioError(.notFound, "there is no such run")
            }
            let open = try connection.query(CancelSQL.openJobs, [.id(id)]).map { row in
                (
                    job: try row.decode("id", as: JobID.self), state: try row.word("state", as: JobState.self),
                    attempt: try row.decode("attempt", as: Int.self),
                    worker: try row.decode("worker_id", as: WorkerID?.self)
                )
            }
            let left = try leftToOthers(open.map(\.job), of: id, on: connection)
            let mine = open.filter { !left.contains($0.job) }
            let waiting = mine.filter { $0.state != .running }.map(\.job)
            let running = mine.filter { $0.state == .running }
            // Left first: what ends from here on does not count for them any more.
            try handOver(left, of: id, on: connection)
            if !left.isEmpty { try connection.execute(CancelSQL.leave, [.id(id), .ids(left.sorted())]) }
            if !open.isEmpty { try connection.execute(CancelSQL.note, [.id(id)]) }
            if !running.isEmpty { try connection.execute(CancelSQL.request, [.ids(running.map(\.job))]) }
            if !waiting.isEmpty {
                try connection.execute(CancelSQL.cancel, [.ids(waiting)])
                let states = Dictionary(
                    waiting.map { ($0, JobState.cancelled) }, uniquingKeysWith: { first, _ in first })
                _ = try JobStore(database).settleDependents(of: states, on: connection)
            }
            guard let row = try connection.query(CancelSQL.one, [.id(id)]).first else { throw JobStore.missing }
            let run = try RunRecord(row)
            if !open.isEmpty {
                try ActionLog.write(
                    Action(.runCancelled, of: id, project: run.project, detail: ["canvas": .string(run.canvas)]),
                    by: author, on: connection)
            }
            return RunCancellation(
                run: run, cancelled: waiting,
                requested: running.map { ($0.job, $0.attempt, $0.worker) }, left: left.sorted())
        }
    }

    /// Those of a run's jobs that somebody else waits for: another run that goes on, a job that is none of the run's, or a
    /// job that is left for one of these reasons itself.
    private func leftToOthers(
        _ jobs: [JobID], of run: RunID, on connection: PostgresConnection
    ) throws -> Set<JobID> {
        guard !jobs.isEmpty else { return [] }
        let own = Set(jobs)
        var left = Set(
            try connection.query(CancelSQL.shared, [.ids(jobs), .id(run)]).map {
                try $0.decode("job_id", as: JobID.self)
            })
        var upstream: [JobID: [JobID]] = [:]
        for row in try connection.query(CancelSQL.dependents, [.ids(jobs)]) {
            let (dependent, job): (JobID, JobID) = (try row.decode("job_id"), try row.decode("depends_on"))
            if own.contains(dependent) { upstream[dependent, default: []].append(job) } else { left.insert(job) }
        }
        var next = Array(left)
        while let job = next.popLast() {
            for needed in upstream[job] ?? [] where left.insert(needed).inserted { next.append(needed) }
        }
        return left
    }

    private enum CancelSQL {
        static let lockTenant = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
        static let isThere = "SELECT FROM canvas_runs WHERE id = $1 AND tenant_id = $2"
        // By id first and by state afterwards: see the claim.
        static let openJobs = """
            WITH named AS (
                SELECT id, state, attempt, worker_id FROM jobs
                WHERE id IN (SELECT job_id FROM canvas_run_nodes WHERE run_id = $1 AND NOT is_left)
                ORDER BY id FOR UPDATE
            )
            SELECT * FROM named WHERE state IN ('waiting', 'queued', 'running') ORDER BY id
            """
        static let shared = """
            SELECT DISTINCT n.job_id FROM canvas_run_nodes n JOIN canvas_runs r ON r.id = n.run_id
            WHERE n.job_id = ANY ($1) AND n.run_id <> $2 AND NOT n.is_left AND r.cancelled_at IS NULL
            """
        static let dependents = """
            SELECT d.job_id, d.depends_on FROM job_dependencies d JOIN jobs j ON j.id = d.job_id
            WHERE d.depends_on = ANY ($1) AND j.state IN ('waiting', 'queued', 'running')
            """
        static let leave = """
            WITH gone AS (
                UPDATE canvas_run_nodes SET is_left = true WHERE run_id = $1 AND job_id = ANY ($2) AND NOT is_left
                RETURNING run_id
            )
            UPDATE canvas_runs r SET open_nodes = r.open_nodes - g.nodes, failed_nodes = r.failed_nodes + g.nodes,
                cancelled_at = coalesce(r.cancelled_at, now())
            FROM (SELECT run_id, count(*) AS nodes FROM gone GROUP BY run_id) g WHERE r.id = g.run_id
            """
        static let note = """
            UPDATE canvas_runs SET cancelled_at = now() WHERE id = $1 AND cancelled_at IS NULL
            """
        static let request = """
            UPDATE jobs SET cancel_requested_at = now() WHERE id = ANY ($1) AND cancel_requested_at IS NULL
            """
        static let cancel = """
            WITH cancelled AS (
                UPDATE jobs SET state = 'cancelled', finished_at = now(), pushed_at = NULL,
                    cancel_requested_at = coalesce(cancel_requested_at, now())
                WHERE id = ANY ($1)
                RETURNING id, user_id, round, credits
            )
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, 'return', credits FROM cancelled WHERE credits > 0 ORDER BY user_id, id
            """
        static let one = "SELECT \(RunRecord.columns) FROM \(RunRecord.tables) WHERE r.id = $1"
    }
}
