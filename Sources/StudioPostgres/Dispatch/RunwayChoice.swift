import QueueProtocol
import StudioCore

/// The choice of what goes to the runway, within the transaction that marks it: from the most urgent jobs of a queue to the
/// less urgent ones, as far as there is room.
struct RunwayChoice {
    /// Groups looked at of one urgency; of more than that the first in the order of their ids are served first.
    private static let groupLimit = 10_000
    /// What the partial index of the backlog holds.
    static let isBacklog = "state = 'queued' AND pushed_at IS NULL AND is_ready"

    /// What somebody has running, on the runway, or chosen here.
    private struct Share {
        var queue: String
        var tenant: TenantID
        var project: ProjectID
        var user: UserID
        var function: String
        var count: Int
    }

    private let connection: PostgresConnection
    private var chosen: [Share] = []
    private var running: [Share]?

    init(_ connection: PostgresConnection) { self.connection = connection }

    /// Takes jobs of a queue in the studio's order.
    ///
    /// - Parameters:
    ///   - count: How many at most; there may be fewer where many have something waiting: ask again.
    ///   - queue: The queue.
    /// - Returns: The jobs; none where nothing of the queue may be started now.
    /// - Throws: `PostgresError`.
    mutating func take(_ count: Int, from queue: String) throws -> [JobID] {
        var taken: [JobID] = []
        var urgency = 0
        while taken.count < count {
            let level = try connection.query(SQL.level, [.text(queue), .int(urgency)])
            guard let row = level.first else { break }
            urgency = try row.decode("urgency")
            let groups = try self.groups(of: queue, urgency: urgency, wanted: count - taken.count)
            var order = RunwayOrder(groups, load: try load(for: queue, groups))
            var here: [JobID] = []
            while taken.count + here.count < count, let job = order.next() { here.append(job) }
            note(here, of: groups, in: queue)
            taken += here
            // What is less urgent must not go before what was only not listed.
            if order.isStarved { break }
            urgency += 1
        }
        return taken
    }

    private func groups(of queue: String, urgency: Int, wanted: Int) throws -> [BacklogGroup] {
        var groups: [BacklogGroup] = []
        let rows = try connection.query(
            SQL.candidates, [.text(queue), .int(urgency), .int(wanted), .int(Self.groupLimit)])
        // The rows of a group stand together.
        for row in rows {
            let entry = BacklogGroup.Entry(job: try row.decode("id"), place: try row.decode("place"))
            if try row.decode("number", as: Int.self) == 1 { groups.append(try BacklogGroup(row)) }
            groups[groups.count - 1].jobs.append(entry)
            groups[groups.count - 1].hasMore = try groups[groups.count - 1].jobs.count >= row.decode("listed")
        }
        return groups
    }

    /// What everybody has. Where nobody competes and nothing is limited it does not matter, and is not looked up.
    private mutating func load(for queue: String, _ groups: [BacklogGroup]) throws -> RunwayLoad {
        var load = RunwayLoad()
        guard groups.count > 1 || groups.contains(where: \.isLimited) else { return load }
        let running = try running ?? readRunning()
        self.running = running
        for share in running + chosen {
            load.add(
                share.count, tenant: share.tenant, project: share.project, user: share.user,
                function: share.function, isOfThisQueue: share.queue == queue)
        }
        return load
    }

    private func readRunning() throws -> [Share] {
        try connection.query(SQL.load).map { row in
            Share(
                queue: try row.decode("queue"), tenant: try row.decode("tenant_id"),
                project: try row.decode("project_id"), user: try row.decode("user_id"),
                function: try row.decode("function"), count: try row.decode("jobs"))
        }
    }

    private mutating func note(_ jobs: [JobID], of groups: [BacklogGroup], in queue: String) {
        let taken = Set(jobs)
        for group in groups {
            let count = group.jobs.count { taken.contains($0.job) }
            guard count > 0 else { continue }
            chosen.append(
                Share(
                    queue: queue, tenant: group.tenant.owner, project: group.project.owner, user: group.user.owner,
                    function: group.function.owner, count: count))
        }
    }

    private enum SQL {
        static let level = """
            SELECT urgency FROM jobs WHERE \(isBacklog) AND queue = $1 AND urgency >= $2 ORDER BY urgency LIMIT 1
            """
        // From group to group by the index, then the first few of each: a few for each of many groups, all that is asked
        // for where there are few.
        static let candidates = """
            WITH RECURSIVE found AS (
                (SELECT tenant_id, project_id, user_id, function, 1 AS step FROM jobs
                 WHERE \(isBacklog) AND queue = $1 AND urgency = $2
                   AND NOT EXISTS (SELECT FROM queue_pauses WHERE queue = $1)
                 ORDER BY tenant_id, project_id, user_id, function LIMIT 1)
                UNION ALL
                SELECT next.*, f.step + 1 FROM found f CROSS JOIN LATERAL (
                    SELECT tenant_id, project_id, user_id, function FROM jobs
                    WHERE \(isBacklog) AND queue = $1 AND urgency = $2 AND (tenant_id, project_id, user_id, function)
                        > (f.tenant_id, f.project_id, f.user_id, f.function)
                    ORDER BY tenant_id, project_id, user_id, function LIMIT 1) next
                WHERE f.step < $4::integer
            ), groups AS (
                SELECT *, least($3::integer, 1 + 4 * $3::integer / count(*) OVER ()) AS listed FROM found
            )
            SELECT 9 - $2::integer AS priority, g.tenant_id, t.weight AS tenant_weight, t.max_running AS tenant_limit,
                   g.project_id, p.weight AS project_weight, g.user_id, u.weight AS user_weight, g.function,
                   l.max_running AS function_limit, g.listed, j.number, j.id, j.place
            FROM groups g
            JOIN tenants t ON t.id = g.tenant_id
            JOIN projects p ON p.id = g.project_id AND p.paused_at IS NULL
            JOIN users u ON u.id = g.user_id
            LEFT JOIN function_limits l ON l.function = g.function
            CROSS JOIN LATERAL (
                SELECT id, place, row_number() OVER (ORDER BY place, id) AS number FROM (
                    SELECT id, place FROM jobs
                    WHERE \(isBacklog) AND queue = $1 AND urgency = $2 AND tenant_id = g.tenant_id
                        AND project_id = g.project_id AND user_id = g.user_id AND function = g.function
                    ORDER BY place, id LIMIT g.listed) first
            ) j
            ORDER BY g.tenant_id, g.project_id, g.user_id, g.function, j.number
            """
        static let load = """
            SELECT queue, tenant_id, project_id, user_id, function, count(*) AS jobs
            FROM jobs WHERE state = 'running' OR (state = 'queued' AND pushed_at IS NOT NULL)
            GROUP BY queue, tenant_id, project_id, user_id, function
            """
    }
}

extension BacklogGroup {
    /// A group without its jobs.
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            priority: try row.decode("priority"),
            tenant: RunwayShare(
                try row.decode("tenant_id"), weight: try row.decode("tenant_weight"),
                limit: try row.decode("tenant_limit")),
            project: RunwayShare(try row.decode("project_id"), weight: try row.decode("project_weight")),
            user: RunwayShare(try row.decode("user_id"), weight: try row.decode("user_weight")),
            function: RunwayShare(try row.decode("function"), limit: try row.decode("function_limit")),
            jobs: [], hasMore: false)
    }

    fileprivate var isLimited: Bool { tenant.limit != nil || function.limit != nil }
}
