import QueueProtocol
import StudioPostgres
import StudioRedis

/// Finds jobs that count as pushed and have no message: their gateway died between the commit and the push, their worker
/// between taking and claiming, or Redis lost some of its data.
struct RunwayCheck: Sendable {
    private static let page = 1000

    let runway: RunwayStore
    let queue: TaskQueue
    /// The queues to look in.
    let queues: [String]

    /// Looks for them.
    ///
    /// - Parameters:
    ///   - age: How long a job has stood at least: a push takes a moment.
    ///   - isThorough: Whether messages are read even where there are as many as there are such jobs.
    /// - Returns: The jobs without a message.
    /// - Throws: `PostgresError`, `RedisError`.
    func lost(standingFor age: Duration, isThorough: Bool) async throws -> [JobID] {
        let standing = try await standing(for: age)
        guard !standing.isEmpty else { return [] }
        // A message moves from a queue to a worker and, when it is given back, the other way: one that is missed by both
        // looks has a second copy made, which is harmless.
        if !isThorough {
            let waiting = try await queue.depths(of: queues).reduce(0) { $0 + $1.count }
            let taken = try await queue.processingDepth()
            // All of them, for the messages of the youngest are counted too.
            if try await self.standing(for: .zero).count <= waiting + taken { return [] }
        }
        let found = try await queue.taskIDs(in: queues)
        return standing.filter { !found.contains($0.description) }
    }

    private func standing(for age: Duration) async throws -> [JobID] {
        var standing: [JobID] = []
        repeat {
            standing += try await runway.standing(for: age, limit: Self.page, after: standing.last)
        } while !standing.isEmpty && standing.count.isMultiple(of: Self.page)
        return standing
    }
}
