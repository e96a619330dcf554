package import QueueProtocol

/// What keeps the runway and its marks together, whatever is lost on the way.
extension RunwayStore {
    /// Makes jobs ready whose time has come.
    ///
    /// - Parameter limit: How many at most.
    /// - Returns: How many.
    /// - Throws: `PostgresError`.
    package func readyDue(limit: Int) async throws -> Int {
        try await database.withConnection { try $0.execute(RepairSQL.due, [.int(limit)]) }
    }

    /// How long until the next job that waits for its time is due, by the database's clock; nil where none waits.
    package func nextDue() async throws -> Duration? {
        try await database.withConnection { connection in
            try connection.query(RepairSQL.nextDue).first.flatMap { try $0.decode("wait", as: Double?.self) }
                .map { .seconds(max(0, $0)) }
        }
    }

    /// Owes every queued job its message again, after Redis came back empty; returns how many.
    package func forgetAll() async throws -> Int {
        try await database.withConnection { try $0.execute(RepairSQL.forgetAll) }
    }

    /// Jobs that were pushed some time ago and not claimed.
    ///
    /// - Parameters:
    ///   - age: How long ago at least; default zero.
    ///   - limit: How many at most.
    ///   - after: The last of the page before.
    /// - Returns: Their ids, in order.
    /// - Throws: `PostgresError`.
    package func standing(for age: Duration = .zero, limit: Int, after: JobID? = nil) async throws -> [JobID] {
        try await database.withConnection { connection in
            try connection.query(RepairSQL.standing, [.milliseconds(age), .id(after), .int(limit)])
                .map { try $0.decode("id") }
        }
    }

    /// Owes jobs their message again, where they have still not been claimed. One that is locked is being claimed or changed,
    /// and is left.
    ///
    /// - Parameters:
    ///   - jobs: The jobs.
    ///   - age: How long ago they must have been pushed at least: what was pushed again meanwhile is left.
    /// - Returns: How many.
    /// - Throws: `PostgresError`.
    package func forget(_ jobs: [JobID], standingFor age: Duration) async throws -> Int {
        try await database.withConnection { try $0.execute(RepairSQL.forget, [.ids(jobs), .milliseconds(age)]) }
    }

    /// What decides whether a job may go to the runway at once, without a look at the backlog.
    ///
    /// - Parameter silence: How long after its last sign of life a worker counts as gone.
    /// - Returns: How it is now.
    /// - Throws: `PostgresError`.
    package func circumstances(silence: Duration) async throws -> RunwayCircumstances {
        try await database.withConnection { connection in
            var found = RunwayCircumstances()
            for row in try connection.query(RepairSQL.circumstances, [.milliseconds(silence)]) {
                let name: String = try row.decode("name")
                switch try row.decode("kind", as: String.self) {
                case "slots": found.slots[name] = try row.decode("slots")
                case "paused": found.pausedQueues.insert(name)
                case "warm": found.warmFunctions.insert(name)
                case "function": found.limitedFunctions.insert(name)
                default: if let tenant = TenantID(name) { found.limitedTenants.insert(tenant) }
                }
            }
            return found
        }
    }

    private enum RepairSQL {
        static let due = """
            WITH due AS (
                SELECT id FROM jobs WHERE state = 'queued' AND NOT is_ready AND delayed AND not_before <= now()
                ORDER BY not_before LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE jobs j SET delayed = false FROM due d WHERE j.id = d.id
            """
        static let nextDue = """
            SELECT extract(epoch FROM min(not_before) - clock_timestamp()) AS wait
            FROM jobs WHERE state = 'queued' AND NOT is_ready AND delayed
            """
        static let forgetAll = """
            WITH pushed AS (
                SELECT id, state, pushed_at FROM jobs WHERE state = 'queued' AND pushed_at IS NOT NULL
                ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE jobs j SET pushed_at = NULL FROM pushed p WHERE j.id = p.id
            """
        static let standing = """
            SELECT id FROM jobs
            WHERE state = 'queued' AND pushed_at IS NOT NULL AND pushed_at <= now() - $1 * interval '1 millisecond'
              AND ($2::uuid IS NULL OR id > $2)
            ORDER BY id LIMIT $3
            """
        static let forget = """
            WITH named AS (
                SELECT id, state, pushed_at FROM jobs WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE jobs j SET pushed_at = NULL FROM named n
            WHERE j.id = n.id AND n.state = 'queued' AND n.pushed_at <= now() - $2 * interval '1 millisecond'
            """
        static let circumstances = """
            SELECT 'slots' AS kind, queue AS name, sum(slots) AS slots FROM (
                SELECT unnest(queues) AS queue, slots FROM workers
                WHERE state = 'serving' AND seen_at > now() - $1 * interval '1 millisecond') w
            GROUP BY queue
            UNION ALL SELECT DISTINCT 'warm', unnest(warm_functions), NULL::bigint FROM workers
            WHERE state = 'serving' AND seen_at > now() - $1 * interval '1 millisecond' AND warm_functions <> '{}'
            UNION ALL SELECT 'paused', queue, NULL FROM queue_pauses
            UNION ALL SELECT 'function', function, NULL FROM function_limits
            UNION ALL SELECT 'tenant', id::text, NULL FROM tenants WHERE max_running IS NOT NULL
            """
    }
}

/// What decides whether a job may go to the runway at once.
package struct RunwayCircumstances: Sendable, Hashable {
    /// The slots of the workers that serve each queue.
    package var slots: [String: Int] = [:]
    package var pausedQueues: Set<String> = []
    package var limitedFunctions: Set<String> = []
    package var limitedTenants: Set<TenantID> = []
    /// The functions whose models some worker has loaded.
    package var warmFunctions: Set<String> = []

    package init() {}
}
