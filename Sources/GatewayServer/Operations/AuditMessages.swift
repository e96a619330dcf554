import QueueProtocol
import StudioPostgres
import StudioRedis

/// Holds jobs against Redis: every job that was put on the runway and not claimed must have its message somewhere.
struct AuditMessages: Sendable {
    /// Ids read at a time.
    private static let page = 1000

    let runway: RunwayStore
    let queue: TaskQueue
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
        let pushed = try await standing()
        guard !pushed.isEmpty else { return [] }
        // A message that the studio cannot get at reaches nobody.
        let denied = try await queue.denied(among: queues)
        let found = try await queue.taskIDs(in: queues.filter { !denied.contains($0) })
        // What was claimed between the two looks at PostgreSQL and Redis is no longer owed a message.
        return try await standing().intersection(pushed.filter { !found.contains($0.description) })
    }

    private func standing() async throws -> Set<JobID> {
        var jobs: Set<JobID> = []
        var last: JobID?
        while true {
            let ids = try await runway.standing(limit: Self.page, after: last)
            jobs.formUnion(ids)
            guard ids.count == Self.page, let newest = ids.last else { return jobs }
            last = newest
        }
    }
}
