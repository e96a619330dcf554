import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis

/// Holds jobs against Redis: every job that was put on the runway and not claimed must have its message somewhere.
struct AuditMessages: Sendable {
    /// Ids read at a time.
    private static let page = 1000

    let jobs: JobStore
    let redis: RedisClient
    let queue: TaskQueue
    let keys: StudioKeys
    let queues: [String]

    /// The rule this holds.
    static let rule = "job-reachable"

    /// Looks twice: what moves between the two lists while it is looked at is missed by one look, not by both.
    ///
    /// - Returns: A finding for every job without a message, at most `limit`.
    /// - Throws: `PostgresError`, `RedisError`.
    func run(limit: Int = 100) async throws -> [AuditFinding] {
        let suspects = try await unreachable()
        guard !suspects.isEmpty else { return [] }
        return try await unreachable().intersection(suspects).sorted().prefix(limit).map { job in
            AuditFinding(
                rule: Self.rule, subject: "job \(job)",
                detail: "it is queued and counts as pushed, and no queue or processing list has its message")
        }
    }

    private func unreachable() async throws -> Set<JobID> {
        var missing: Set<JobID> = []
        var last: JobID?
        while true {
            let ids = try await jobs.onRunway(limit: Self.page, after: last)
            missing.formUnion(ids)
            guard ids.count == Self.page, let newest = ids.last else { break }
            last = newest
        }
        guard !missing.isEmpty else { return [] }
        var lists = keys.lists(queues)
        for worker in try await queue.workersWithMessages() { lists.append(keys.processing(worker)) }
        for list in lists { missing.subtract(try await messages(in: list)) }
        // What was claimed between the two looks at PostgreSQL and Redis is no longer owed a message.
        var still: Set<JobID> = []
        for job in missing {
            if let record = try await jobs.get(job), record.state == .queued, record.pushedAt != nil {
                still.insert(job)
            }
        }
        return still
    }

    private func messages(in list: String) async throws -> Set<JobID> {
        var found: Set<JobID> = []
        var start = 0
        while true {
            let reply = try await redis.send(
                RedisCommand("LRANGE", .text(list), .integer(start), .integer(start + Self.page - 1)))
            let elements = (reply.array ?? []).compactMap(\.bytes)
            for element in elements {
                if let message = try? TaskMessage(decoding: element), let job = try? message.renderJob() {
                    found.insert(job)
                }
            }
            guard elements.count == Self.page else { return found }
            start += Self.page
        }
    }
}
