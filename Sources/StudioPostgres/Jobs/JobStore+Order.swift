package import QueueProtocol
import StudioCore

/// What people change about a job that has not started.
package struct JobChange: Sendable, Hashable {
    /// Where to move it.
    package enum Move: Sendable, Hashable {
        case before(JobID)
        case after(JobID)
    }
    /// 0…9, 9 is the most urgent; nil leaves it.
    package var priority: Int?
    /// Whether it is held back; nil leaves it.
    package var isHeld: Bool?
    /// Its place among the jobs of its project that have not started; nil leaves it.
    package var move: Move?

    package init(priority: Int? = nil, isHeld: Bool? = nil, move: Move? = nil) {
        self.priority = priority
        self.isHeld = isHeld
        self.move = move
    }

    /// What the log of actions says of it.
    fileprivate var told: [String: JSONValue] {
        var told: [String: JSONValue] = [:]
        if let priority { told["priority"] = .integer(Int64(priority)) }
        if let isHeld { told["held"] = .bool(isHeld) }
        switch move {
        case .before(let other): told["before"] = .string(other.description)
        case .after(let other): told["after"] = .string(other.description)
        case nil: break
        }
        return told
    }
}

/// Priority, hold and order of what has not started. What changes goes back to the backlog, so that it starts in its new
/// order; an old message finds nothing, or is a message of the job where it was.
extension JobStore {
    /// Changes a job that is waiting or queued.
    ///
    /// A move is among the jobs of the project; the one it is moved to must not have started either. Priority still goes
    /// before order, and order decides within what one user has waiting. Parts of the job that have not started get its
    /// priority, and are held with it.
    ///
    /// - Parameters:
    ///   - id: The job.
    ///   - change: What to change.
    ///   - tenant: Whose it must be.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: The job afterwards.
    /// - Throws: `StudioError` with code `notFound`, `conflict` where it has started or is finished, or `invalid` for a
    ///   move to another project's job, to one that has started, or to itself; `PostgresError`.
    package func change(
        _ id: JobID, _ change: JobChange, tenant: TenantID, by author: ActionAuthor? = nil
    ) async throws -> JobRecord {
        try await database.transaction { connection in
            let job = try record(id, tenant: tenant, lockedOn: connection)
            guard job.state == .waiting || job.state == .queued else {
                throw StudioError(
                    .conflict, "only a job that has not started can be changed, and this one is \(job.state.rawValue)")
            }
            guard change.isHeld != false || !job.awaitsApproval else {
                throw StudioError(.conflict, "the job waits until its preview is approved")
            }
            var place: Int64?
            if let move = change.move { place = try self.place(of: job, move, on: connection) }
            try connection.execute(
                OrderSQL.change, [.id(id), .int(change.priority), .bool(change.isHeld), .int64(place)])
            try connection.execute(OrderSQL.changeParts, [.id(id), .int(change.priority), .bool(change.isHeld)])
            try ActionLog.write(
                Action(.jobChanged, of: id, project: job.project, detail: change.told), by: author, on: connection)
            return try record(id, on: connection)
        }
    }

    private func record(
        _ id: JobID, tenant: TenantID, lockedOn connection: PostgresConnection
    ) throws -> JobRecord {
        guard try !connection.query(OrderSQL.lock, [.id(id), .id(tenant)]).isEmpty else { throw Self.missing }
        return try record(id, on: connection)
    }

    private func place(of job: JobRecord, _ move: JobChange.Move, on connection: PostgresConnection) throws -> Int64 {
        let (other, isBefore, pointer) =
            switch move {
            case .before(let other): (other, true, "/before")
            case .after(let other): (other, false, "/after")
            }
        guard other != job.id else { throw Self.invalid(pointer, "a job cannot be moved to itself") }
        // Two that move jobs at the same moment would both find the same gap.
        try connection.execute(OrderSQL.lockProject, [.id(job.project)])
        guard let target = try connection.query(OrderSQL.place, [.id(other), .id(job.project)]).first else {
            throw Self.invalid(pointer, "is no job of this project that has not started")
        }
        let there: Int64 = try target.decode("place")
        let neighbour = try connection.query(
            isBefore ? OrderSQL.previous : OrderSQL.next, [.id(job.project), .id(job.id), .id(other), .int64(there)])
        // Alone at its end: as far away as a second is, so that others fit between.
        guard let next = neighbour.first else { return isBefore ? there - (1 << 30) : there + (1 << 30) }
        let beside: Int64 = try next.decode("place")
        let gap = abs(there - beside)
        if gap >= 2 { return min(there, beside) + gap / 2 }
        // No place between them: those behind make room, as far as it takes.
        let behind: (job: JobID, place: Int64) = isBefore ? (other, there) : (try next.decode("id"), beside)
        try connection.execute(
            OrderSQL.spread, [.id(job.project), .id(job.id), .id(behind.job), .int64(behind.place)])
        return behind.place + 1
    }

    private static func invalid(_ pointer: String, _ detail: String) -> StudioError {
        .invalid([Finding(pointer: pointer, code: "invalid", detail: detail)])
    }

    private enum OrderSQL {
        static let lock = "SELECT FROM jobs WHERE (id = $1 OR part_of = $1) AND tenant_id = $2 ORDER BY id FOR UPDATE"
        static let lockProject = "SELECT pg_advisory_xact_lock(hashtextextended('job-order:' || $1::uuid::text, 0))"
        private static let others = "project_id = $1 AND id <> $2 AND state IN ('waiting', 'queued')"
        static let place = """
            SELECT place FROM jobs WHERE id = $1 AND project_id = $2 AND state IN ('waiting', 'queued')
            """
        static let previous = """
            SELECT id, place FROM jobs WHERE \(others) AND (place, id) < ($4, $3) ORDER BY place DESC, id DESC LIMIT 1
            """
        static let next = """
            SELECT id, place FROM jobs WHERE \(others) AND (place, id) > ($4, $3) ORDER BY place, id LIMIT 1
            """
        // Each gets the place 16 further than the one before it, until one stands further away already.
        static let spread = """
            WITH behind AS (
                SELECT id, place, $4::bigint + 16 * row_number() OVER (ORDER BY place, id) AS spread FROM jobs
                WHERE \(others) AND (place, id) >= ($4, $3)
            ), free AS (SELECT min(place) AS place FROM behind WHERE place >= spread)
            UPDATE jobs j SET place = b.spread FROM behind b, free f
            WHERE j.id = b.id AND (f.place IS NULL OR b.place < f.place)
            """
        static let change = """
            UPDATE jobs SET priority = coalesce($2::smallint, priority), place = coalesce($4::bigint, place),
                held_at = CASE WHEN $3::boolean IS NULL THEN held_at WHEN $3::boolean THEN coalesce(held_at, now()) END,
                pushed_at = NULL
            WHERE id = $1
            """
        static let changeParts = """
            UPDATE jobs SET priority = coalesce($2::smallint, priority),
                held_at = CASE WHEN $3::boolean IS NULL THEN held_at WHEN $3::boolean THEN coalesce(held_at, now()) END,
                pushed_at = NULL
            WHERE part_of = $1 AND state IN ('waiting', 'queued') AND ($2::smallint IS NOT NULL OR $3::boolean IS NOT NULL)
            """
    }
}
