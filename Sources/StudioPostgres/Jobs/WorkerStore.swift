import FoundationEssentials
package import QueueProtocol

/// The worker processes as they announce themselves.
package struct WorkerStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Announces a worker; announcing it again after a lost answer is harmless.
    package func register(_ worker: WorkerRegistration) async throws {
        let parameters: [PostgresParameter] = [
            .id(worker.id), .text(worker.name), .text(worker.hostname), .int(worker.pid), .text(worker.version),
            .texts(worker.queues), .int(worker.slots),
        ]
        _ = try await database.withConnection { try $0.execute(SQL.register, parameters) }
    }

    /// Notes that a worker lives and whether it takes jobs; `JobStore.heartbeat` notes the former too.
    package func touch(_ worker: WorkerID, state: WorkerState) async throws {
        _ = try await database.withConnection { try $0.execute(SQL.touch, [.id(worker), .text(state.rawValue)]) }
    }

    /// Notes that a worker has ended.
    package func stop(_ worker: WorkerID) async throws { try await touch(worker, state: .stopped) }

    /// The workers that have not stopped, by name, with what they hold; `seenAt` tells which of them are gone.
    ///
    /// - Parameter tenant: Only workers that run a job of this tenant, and of what they hold only that; default all.
    /// - Returns: The workers.
    /// - Throws: `PostgresError`.
    package func list(runningFor tenant: TenantID? = nil) async throws -> [WorkerRecord] {
        try await database.withConnection { connection in
            try connection.query(SQL.list, [.id(tenant)]).map { try WorkerRecord($0) }
        }
    }

    private enum SQL {
        static let register = """
            INSERT INTO workers (id, name, hostname, pid, version, queues, slots, state)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 'serving')
            ON CONFLICT (id) DO UPDATE SET seen_at = now()
            """
        static let touch = "UPDATE workers SET seen_at = now(), state = $2 WHERE id = $1"
        static let list = """
            SELECT w.id, w.name, w.hostname, w.pid, w.version, w.queues, w.slots, w.state, w.started_at, w.seen_at,
                   ARRAY(SELECT j.id FROM jobs j WHERE j.worker_id = w.id AND j.state = 'running'
                         AND ($1::uuid IS NULL OR j.tenant_id = $1) ORDER BY j.id) AS jobs,
                   ARRAY(SELECT j.attempt FROM jobs j WHERE j.worker_id = w.id AND j.state = 'running'
                         AND ($1::uuid IS NULL OR j.tenant_id = $1) ORDER BY j.id) AS attempts,
                   ARRAY(SELECT b.function FROM worker_blocks b WHERE b.worker_id = w.id AND b.blocked_at IS NOT NULL
                         ORDER BY b.function) AS blocked
            FROM workers w
            WHERE w.state <> 'stopped'
              AND ($1::uuid IS NULL OR EXISTS (SELECT FROM jobs j WHERE j.worker_id = w.id AND j.state = 'running'
                                               AND j.tenant_id = $1))
            ORDER BY w.name, w.id
            """
    }
}

extension WorkerRecord {
    init(_ row: PostgresRow) throws(PostgresError) {
        registration = WorkerRegistration(
            id: try row.decode("id"), name: try row.decode("name"), hostname: try row.decode("hostname"),
            pid: try row.decode("pid"), version: try row.decode("version"), queues: try row.decode("queues"),
            slots: try row.decode("slots"))
        state = try row.word("state")
        startedAt = try row.decode("started_at")
        seenAt = try row.decode("seen_at")
        let jobs: [JobID] = try row.decode("jobs")
        let attempts: [Int] = try row.decode("attempts")
        running = zip(jobs, attempts).map { HeldClaim(job: $0, attempt: $1) }
        blockedFunctions = try row.decode("blocked")
    }
}
