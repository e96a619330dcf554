import Logging
import QueueProtocol
import StudioPostgres
import StudioRedis

/// Queues that an access rule of Redis keeps the studio from: one that shares its Redis with others may be let to the lists
/// of some queues only. Their jobs wait in the backlog, the others' go on.
extension Dispatcher {
    /// Asks which queues are denied, and takes back what was to be sent there.
    ///
    /// - Returns: Whether some are that were not before: what was denied a moment ago can then go well without them.
    /// - Throws: `PostgresError`, `RedisError`.
    func lookForDenied() async throws -> Bool {
        let names = try await room.known.union(queues()).union(runway.queuesWithBacklog())
        let denied = try await queue.denied(among: names.sorted())
        let change = room.note(denied: denied)
        if !change.newly.isEmpty {
            logger.warning(
                "Redis denies this user the lists of some queues; their jobs wait in PostgreSQL",
                metadata: ["queues": "\(change.newly.sorted().joined(separator: " "))"])
        }
        if !change.noMore.isEmpty {
            logger.notice(
                "Redis allows this user the lists of some queues again",
                metadata: ["queues": "\(change.noMore.sorted().joined(separator: " "))"])
        }
        let owed = takeOwed(to: denied)
        if !owed.isEmpty { _ = try await runway.forget(owed, standingFor: .zero) }
        return !change.newly.isEmpty
    }
}
