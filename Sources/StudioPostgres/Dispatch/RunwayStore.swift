import QueueProtocol
import StudioCore

/// The backlog, and what goes from it to the runway. Faults are `PostgresError`.
///
/// A job is marked as pushed by the transaction that decides it, before its message is sent: what was marked and has no
/// message anywhere is found by `RunwayStore+Repair.swift`, and a limit holds whatever becomes of the messages.
package struct RunwayStore: Sendable {
    let database: Database

    /// The backlog of a database.
    ///
    /// - Parameter database: Where the jobs are; decisions hold a lock, so give it a connection of its own.
    package init(_ database: Database) { self.database = database }

    /// Which queues have jobs that are ready and not pushed.
    package func queuesWithBacklog() async throws -> Set<String> {
        try await database.withConnection { connection in
            Set(try connection.query(SQL.queues).map { try $0.decode("queue", as: String.self) })
        }
    }

    /// Takes jobs from the backlog, in the studio's order, and marks them as pushed. One gateway at a time decides.
    ///
    /// The mark is not waited for on disk: one that is lost with the server means a message twice, which is harmless.
    ///
    /// - Parameter room: How many messages may be put on the runway of each queue.
    /// - Returns: What to push, and what is left.
    /// - Throws: `PostgresError`.
    package func fill(_ room: [String: Int]) async throws -> RunwayFilling {
        let asked = room.filter { $0.value > 0 }
        guard !asked.isEmpty else { return RunwayFilling() }
        return try await database.transaction { connection in
            try connection.execute(SQL.lock)
            var choice = RunwayChoice(connection)
            var chosen: [JobID] = []
            var emptied: Set<String> = []
            for (queue, count) in asked.sorted(by: { $0.key < $1.key }) {
                let taken = try choice.take(count, from: queue)
                chosen += taken
                if taken.isEmpty { emptied.insert(queue) }
            }
            guard !chosen.isEmpty else { return RunwayFilling(emptied: emptied) }
            let places = Dictionary(uniqueKeysWithValues: zip(chosen, chosen.indices))
            let jobs = try connection.queryAndCommit(SQL.mark, [.ids(chosen)]).map { try RunwayJob($0) }
            return RunwayFilling(
                jobs: jobs.sorted { places[$0.id, default: 0] < places[$1.id, default: 0] }, emptied: emptied)
        }
    }
}

/// What was taken from the backlog.
package struct RunwayFilling: Sendable, Hashable {
    /// What to push, in this order.
    package var jobs: [RunwayJob] = []
    /// The queues of which nothing more may be started now.
    package var emptied: Set<String> = []
}

extension RunwayJob {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            id: try row.decode("id"), queue: try row.decode("queue"), priority: try row.decode("priority"),
            traceparent: try row.decode("traceparent"), function: try row.decode("function"))
    }
}

private enum SQL {
    static let lock = "SELECT pg_advisory_xact_lock(hashtextextended('runway', 0))"

    // From one queue to the next by the index, whatever lies between.
    static let queues = """
        WITH RECURSIVE found AS (
            (SELECT queue FROM jobs WHERE \(RunwayChoice.isBacklog) ORDER BY queue LIMIT 1)
            UNION ALL
            SELECT (SELECT j.queue FROM jobs j WHERE \(RunwayChoice.isBacklog) AND j.queue > f.queue
                    ORDER BY j.queue LIMIT 1)
            FROM found f WHERE f.queue IS NOT NULL
        )
        SELECT queue FROM found WHERE queue IS NOT NULL
        """
    // What somebody holds a lock on is being changed: it comes with a later look. The rows are found by their ids and judged
    // afterwards, which the CASE is for: a planner that believes that next to nothing is queued would rather read all of the
    // backlog's index and look for each of its rows among the ids.
    static let mark = """
        WITH hint AS (SELECT set_config('synchronous_commit', 'off', true)), free AS (
            SELECT id FROM jobs, hint
            WHERE id = ANY ($1) AND CASE WHEN \(RunwayChoice.isBacklog) THEN true ELSE false END
            ORDER BY id FOR NO KEY UPDATE OF jobs SKIP LOCKED
        )
        UPDATE jobs j SET pushed_at = now() FROM free f WHERE j.id = f.id
        RETURNING j.id, j.queue, j.priority, j.traceparent, j.function
        """
}
