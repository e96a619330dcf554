import Logging
import NIOCore
import Synchronization

/// Watches one list with a blocked connection of its own and tells when it has something.
///
/// `BLMOVE list list RIGHT RIGHT` takes the next element and puts it back where it was, in one step of the server: it is
/// a wake-up and nothing else, so that a worker that dies, or a connection that breaks, loses nothing.
final class ListWatcher: Sendable {
    // A quiet list is asked again after this time, which is also how a connection that died silently is found.
    private static let blocking: Duration = .seconds(5)

    /// Opened by whoever wants to know; the watcher looks once for each time.
    let demand = Gate(closesItself: true)
    /// Opened when the list is not to be watched any more.
    let isUnwanted = Gate()
    private let isClaimed = Atomic(false)
    private let list: String
    private let link: ReconnectingLink
    private let work: Gate

    init(
        list: String, configuration: RedisConfiguration, group: any EventLoopGroup, clock: any Clock<Duration>,
        logger: Logger, work: Gate
    ) {
        var configuration = configuration
        configuration.commandTimeout += Self.blocking
        self.list = list
        link = ReconnectingLink(
            configuration: configuration, group: group, clock: clock, logger: logger, lossLevel: .debug)
        self.work = work
    }

    /// Whether the caller is the one to run it: true once.
    func claimRun() -> Bool { !isClaimed.exchange(true, ordering: .relaxed) }

    /// Returns when the task is cancelled or the list is not wanted any more.
    func run() async {
        await withTaskGroup(of: Void.self) { race in
            race.addTask { await self.watch() }
            race.addTask { await self.isUnwanted.wait() }
            await race.next()
            race.cancelAll()
        }
    }

    private func watch() async {
        await link.run { [self] connection in
            try await watch(connection)
        } onAway: { [self] _ in
            // Somebody may still be waiting for what the broken connection was asked.
            demand.open()
        }
    }

    private func watch(_ connection: RedisConnection) async throws {
        while true {
            await demand.wait()
            try Task.checkCancellation()
            // Once in any case: who opened the demand may not have begun to wait.
            var found: Bool
            repeat {
                let command = RedisCommand(
                    "BLMOVE", .text(list), .text(list), "RIGHT", "RIGHT",
                    .integer(Int(Self.blocking.components.seconds)))
                found = try await connection.send(command) != .null
            } while !found && work.isAwaited
            if found { work.open() }
        }
    }
}
