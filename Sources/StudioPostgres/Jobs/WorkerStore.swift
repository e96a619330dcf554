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
    ///
    /// - Parameters:
    ///   - worker: The worker.
    ///   - state: What it does. One that was asked to drain does not serve again by saying so.
    /// - Returns: Its state as it stands now; `draining` tells it that it was asked to.
    /// - Throws: `PostgresError`.
    @discardableResult
    package func touch(_ worker: WorkerID, state: WorkerState) async throws -> WorkerState {
        try await database.withConnection { connection in
            try connection.query(SQL.touch, [.id(worker), .text(state.rawValue)]).first?.word("state") ?? state
        }
    }

    /// Notes which queues a worker serves now, with how many slots. Noting it again is harmless.
    ///
    /// - Parameters:
    ///   - worker: The worker.
    ///   - queues: The queues, the preferred first.
    ///   - slots: How many jobs it runs at a time; at least one.
    /// - Throws: `PostgresError`.
    package func change(_ worker: WorkerID, queues: [String], slots: Int) async throws {
        _ = try await database.withConnection {
            try $0.execute(SQL.change, [.id(worker), .texts(queues), .int(slots)])
        }
    }

    /// Notes for which functions a worker has models loaded. Noting it again is harmless.
    ///
    /// - Parameters:
    ///   - worker: The worker.
    ///   - functions: The functions' names.
    /// - Throws: `PostgresError`.
    package func note(_ worker: WorkerID, warm functions: Set<String>) async throws {
        _ = try await database.withConnection { try $0.execute(SQL.warm, [.id(worker), .texts(functions.sorted())]) }
    }

    /// Asks a worker to take no more jobs, to see through what it runs, and to stop. Asking again changes nothing, and one
    /// that has stopped stays so. It reads this with its next heartbeat, wherever it has missed the message.
    ///
    /// - Parameters:
    ///   - worker: The worker.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: The worker as it stands now; nil where there is none of this id.
    /// - Throws: `PostgresError`.
    package func drain(_ worker: WorkerID, by author: ActionAuthor? = nil) async throws -> WorkerRecord? {
        try await database.transaction { connection in
            if try connection.execute(SQL.drain, [.id(worker)]) == 1 {
                try ActionLog.write(Action(.workerDrained, of: worker), by: author, on: connection)
            }
            return try connection.query(SQL.one, [.id(TenantID?.none), .id(worker)]).first.map { try WorkerRecord($0) }
        }
    }

    /// Notes that a worker has ended.
    package func stop(_ worker: WorkerID) async throws { try await touch(worker, state: .stopped) }

    /// The workers that have not stopped, by name, with what they hold; their silence tells which of them are gone.
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
        static let touch = """
            UPDATE workers SET seen_at = now(),
                state = CASE WHEN state = 'draining' AND $2 = 'serving' THEN state ELSE $2 END
            WHERE id = $1 RETURNING state
            """
        static let change = "UPDATE workers SET queues = $2, slots = $3 WHERE id = $1"
        static let warm = "UPDATE workers SET warm_functions = $2 WHERE id = $1"
        // No sign of life: that is the worker's to give.
        static let drain = "UPDATE workers SET state = 'draining' WHERE id = $1 AND state = 'serving'"
        static let one = "\(record) WHERE w.id = $2"
        static let list = """
            \(record)
            WHERE w.state <> 'stopped'
              AND ($1::uuid IS NULL OR EXISTS (SELECT FROM jobs j WHERE j.worker_id = w.id AND j.state = 'running'
                                               AND j.tenant_id = $1))
            ORDER BY w.name, w.id
            """
        private static let record = """
            SELECT w.id, w.name, w.hostname, w.pid, w.version, w.queues, w.slots, w.warm_functions, w.state, w.started_at, w.seen_at,
                   (extract(epoch FROM clock_timestamp() - w.seen_at) * 1000)::bigint AS silence,
                   ARRAY(SELECT j.id FROM jobs j WHERE j.worker_id = w.id AND j.state = 'running'
                         AND ($1::uuid IS NULL OR j.tenant_id = $1) ORDER BY j.id) AS jobs,
                   ARRAY(SELECT j.attempt FROM jobs j WHERE j.worker_id = w.id AND j.state = 'running'
                         AND ($1::uuid IS NULL OR j.tenant_id = $1) ORDER BY j.id) AS attempts,
                   ARRAY(SELECT b.function FROM worker_blocks b WHERE b.worker_id = w.id AND b.blocked_at IS NOT NULL
                         ORDER BY b.function) AS blocked
            FROM workers w
            """
    }
}

extension WorkerRecord {
    init(_ row: PostgresRow) throws(PostgresError) {
        registration = WorkerRegistration(
            id: try row.decode("id"), name: try row.decode("name"), hostname: try row.decode("hostname"),
            pid: try row.decode("pid"), version: try row.decode("version"), queues: try row.decode("queues"),
            slots: try row.decode("slots"))
        warmFunctions = try row.decode("warm_functions")
        state = try row.word("state")
        startedAt = try row.decode("started_at")
        seenAt = try row.decode("seen_at")
        silence = .milliseconds(try row.decode("silence", as: Int.self))
        let jobs: [JobID] = try row.decode("jobs")
        let attempts: [Int] = try row.decode("attempts")
        running = zip(jobs, attempts).map { HeldClaim(job: $0, attempt: $1) }
        blockedFunctions = try row.decode("blocked")
    }
}
