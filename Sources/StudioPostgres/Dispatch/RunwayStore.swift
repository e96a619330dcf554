import QueueProtocol
import StudioCore

/// The backlog, and what goes from it to the runway. Faults are `PostgresError`.
///
/// A job is marked as pushed by the transaction that decides it, before its message is sent: what was marked and has no
/// message anywhere is found by `RunwayStore+Repair.swift`, and a limit holds whatever becomes of the messages.
package struct RunwayStore: Sendable {
    /// Groups looked at in a queue; of more than that the first in the order of their ids are served first.
    private static let groupLimit = 10_000

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
            var backlog = try Backlog(asked, on: connection)
            var chosen: [JobID] = []
            var emptied: Set<String> = []
            for (queue, count) in asked.sorted(by: { $0.key < $1.key }) {
                let taken = backlog.take(count, from: queue)
                chosen += taken
                // Where less was found than there is room for, the rest is not to be had now; where the candidates were
                // too few it is, in another round.
                if taken.isEmpty { emptied.insert(queue) }
            }
            guard !chosen.isEmpty else { return RunwayFilling(emptied: emptied) }
            let places = Dictionary(uniqueKeysWithValues: zip(chosen, chosen.indices))
            let jobs = try connection.queryAndCommit(SQL.mark, [.ids(chosen)]).map { try RunwayJob($0) }
            return RunwayFilling(
                jobs: jobs.sorted { places[$0.id, default: 0] < places[$1.id, default: 0] }, emptied: emptied)
        }
    }

    /// The candidates of some queues, with what counts for them.
    private struct Backlog {
        private var groups: [String: [BacklogGroup]] = [:]
        private var loads: [String: RunwayLoad] = [:]

        init(_ room: [String: Int], on connection: PostgresConnection) throws {
            let queues = room.keys.sorted()
            let rows = try connection.query(
                SQL.candidates, [.texts(queues), .ints(queues.map { room[$0, default: 0] }), .int(groupLimit)])
            // The rows of a group stand together.
            for row in rows {
                let entry = BacklogGroup.Entry(job: try row.decode("id"), place: try row.decode("place"))
                let queue: String = try row.decode("queue")
                if try row.decode("number", as: Int.self) > 1, let last = groups[queue]?.indices.last {
                    groups[queue]?[last].jobs.append(entry)
                } else {
                    groups[queue, default: []].append(try BacklogGroup(row, first: entry))
                }
            }
            for (queue, found) in groups {
                for index in found.indices {
                    let group = found[index]
                    groups[queue]?[index].hasMore = try group.jobs.count >= Self.listed(rows, in: queue)
                }
            }
            // Where nobody competes and nothing is limited it does not matter what runs.
            if groups.values.contains(where: { $0.count > 1 || $0.contains(where: \.isLimited) }) {
                try readLoads(on: connection)
            }
        }

        /// How many jobs of each group of a queue were listed at most.
        private static func listed(_ rows: PostgresRows, in queue: String) throws -> Int {
            for row in rows where try row.decode("queue", as: String.self) == queue {
                return try row.decode("listed")
            }
            return Int.max
        }

        private mutating func readLoads(on connection: PostgresConnection) throws {
            for queue in groups.keys { loads[queue] = RunwayLoad() }
            for row in try connection.query(SQL.load) {
                let of: String = try row.decode("queue")
                for queue in groups.keys {
                    loads[queue]?.add(
                        try row.decode("jobs"), tenant: try row.decode("tenant_id"),
                        project: try row.decode("project_id"), user: try row.decode("user_id"),
                        function: try row.decode("function"), isOfThisQueue: queue == of)
                }
            }
        }

        mutating func take(_ count: Int, from queue: String) -> [JobID] {
            guard let candidates = groups[queue] else { return [] }
            var order = RunwayOrder(candidates, load: loads[queue] ?? RunwayLoad())
            var taken: [JobID] = []
            while taken.count < count, let job = order.next() { taken.append(job) }
            // Limits hold over all queues: what is taken here counts where the next queue is filled.
            let owners = Dictionary(
                uniqueKeysWithValues: candidates.flatMap { group in group.jobs.map { ($0.job, group) } })
            for group in taken.compactMap({ owners[$0] }) {
                for other in loads.keys where other != queue {
                    loads[other]?.add(
                        tenant: group.tenant.owner, project: group.project.owner, user: group.user.owner,
                        function: group.function.owner, isOfThisQueue: false)
                }
            }
            return taken
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

extension BacklogGroup {
    fileprivate init(_ row: PostgresRow, first: Entry) throws {
        self.init(
            priority: try row.decode("priority"),
            tenant: RunwayShare(
                try row.decode("tenant_id"), weight: try row.decode("tenant_weight"),
                limit: try row.decode("tenant_limit")),
            project: RunwayShare(try row.decode("project_id"), weight: try row.decode("project_weight")),
            user: RunwayShare(try row.decode("user_id"), weight: try row.decode("user_weight")),
            function: RunwayShare(try row.decode("function"), limit: try row.decode("function_limit")),
            jobs: [first], hasMore: false)
    }

    fileprivate var isLimited: Bool { tenant.limit != nil || function.limit != nil }
}

extension RunwayJob {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            id: try row.decode("id"), queue: try row.decode("queue"), priority: try row.decode("priority"),
            traceparent: try row.decode("traceparent"))
    }
}

private enum SQL {
    static let lock = "SELECT pg_advisory_xact_lock(hashtextextended('runway', 0))"

    /// What the partial index of the backlog holds.
    private static let isBacklog = "state = 'queued' AND pushed_at IS NULL AND is_ready"

    // From one queue to the next by the index, whatever lies between.
    static let queues = """
        WITH RECURSIVE found AS (
            (SELECT queue FROM jobs WHERE \(isBacklog) ORDER BY queue LIMIT 1)
            UNION ALL
            SELECT (SELECT j.queue FROM jobs j WHERE \(isBacklog) AND j.queue > f.queue ORDER BY j.queue LIMIT 1)
            FROM found f WHERE f.queue IS NOT NULL
        )
        SELECT queue FROM found WHERE queue IS NOT NULL
        """
    // From group to group by the index, then the first few of each: a few for each of many groups, all that is asked for
    // where there are few.
    static let candidates = """
        WITH RECURSIVE asked AS (
            SELECT queue, wanted FROM unnest($1::text[], $2::integer[]) AS a (queue, wanted)
            WHERE NOT EXISTS (SELECT FROM queue_pauses p WHERE p.queue = a.queue)
        ), found AS (
            SELECT first.*, 1 AS step FROM asked a CROSS JOIN LATERAL (
                SELECT queue, urgency, tenant_id, project_id, user_id, function FROM jobs
                WHERE \(isBacklog) AND queue = a.queue
                ORDER BY urgency, tenant_id, project_id, user_id, function LIMIT 1) first
            UNION ALL
            SELECT next.*, f.step + 1 FROM found f CROSS JOIN LATERAL (
                SELECT queue, urgency, tenant_id, project_id, user_id, function FROM jobs
                WHERE \(isBacklog) AND queue = f.queue AND (urgency, tenant_id, project_id, user_id, function)
                    > (f.urgency, f.tenant_id, f.project_id, f.user_id, f.function)
                ORDER BY urgency, tenant_id, project_id, user_id, function LIMIT 1) next
            WHERE f.step < $3::integer
        ), groups AS (
            SELECT f.*, least(a.wanted, 1 + 4 * a.wanted / count(*) OVER (PARTITION BY f.queue)) AS listed
            FROM found f JOIN asked a USING (queue)
        )
        SELECT g.queue, 9 - g.urgency AS priority, g.tenant_id, t.weight AS tenant_weight,
               t.max_running AS tenant_limit, g.project_id, p.weight AS project_weight, g.user_id,
               u.weight AS user_weight, g.function, l.max_running AS function_limit, g.listed, j.number, j.id, j.place
        FROM groups g
        JOIN tenants t ON t.id = g.tenant_id
        JOIN projects p ON p.id = g.project_id AND p.paused_at IS NULL
        JOIN users u ON u.id = g.user_id
        LEFT JOIN function_limits l ON l.function = g.function
        CROSS JOIN LATERAL (
            SELECT id, place, row_number() OVER (ORDER BY place, id) AS number FROM (
                SELECT id, place FROM jobs
                WHERE \(isBacklog) AND queue = g.queue AND urgency = g.urgency AND tenant_id = g.tenant_id
                    AND project_id = g.project_id AND user_id = g.user_id AND function = g.function
                ORDER BY place, id LIMIT g.listed) first
        ) j
        ORDER BY g.queue, g.urgency, g.tenant_id, g.project_id, g.user_id, g.function, j.number
        """
    static let load = """
        SELECT queue, tenant_id, project_id, user_id, function, count(*) AS jobs
        FROM jobs WHERE state = 'running' OR (state = 'queued' AND pushed_at IS NOT NULL)
        GROUP BY queue, tenant_id, project_id, user_id, function
        """
    // What somebody holds a lock on is being changed: it comes with a later look.
    static let mark = """
        WITH hint AS (SELECT set_config('synchronous_commit', 'off', true)), free AS (
            SELECT id FROM jobs, hint WHERE id = ANY ($1) AND \(isBacklog) ORDER BY id FOR NO KEY UPDATE OF jobs SKIP LOCKED
        )
        UPDATE jobs j SET pushed_at = now() FROM free f WHERE j.id = f.id
        RETURNING j.id, j.queue, j.priority, j.traceparent
        """
}
