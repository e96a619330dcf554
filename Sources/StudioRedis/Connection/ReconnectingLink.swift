import Logging
import NIOCore

/// Connects again and again until cancelled, with growing pauses, and tells its owner of every coming and going.
struct ReconnectingLink: Sendable {
    let configuration: RedisConfiguration
    let group: any EventLoopGroup
    let clock: any Clock<Duration>
    let logger: Logger
    /// How loudly a lost connection is told; what the server refuses is always a warning.
    var lossLevel = Logger.Level.warning

    /// Returns when the task is cancelled. Between `onConnected` and `onAway` the connection is the owner's; one that
    /// `onConnected` gives up by throwing is closed.
    func run(
        onConnected: @Sendable (RedisConnection) async throws -> Void, onAway: @Sendable (RedisError) -> Void
    ) async {
        var backoff = Backoff(initial: configuration.reconnectDelay, maximum: configuration.maximumReconnectDelay)
        var isFirstFailure = true
        while !Task.isCancelled {
            let reason: RedisError
            do {
                let connection = try await RedisConnection.connect(configuration, on: group)
                reason = await hold(connection, onConnected)
                if !reason.isRefusal {
                    backoff.reset()
                    isFirstFailure = true
                }
            } catch {
                reason = Self.redisError(error)
            }
            onAway(reason)
            if Task.isCancelled { return }
            // One line when the server goes, not one for each attempt while it is away.
            logger.log(
                level: !isFirstFailure ? .debug : reason.isRefusal ? .warning : lossLevel, "redis.away",
                metadata: ["redis": "\(configuration.endpoint)", "reason": "\(reason)"])
            isFirstFailure = false
            try? await clock.sleep(for: backoff.next(), tolerance: nil)
        }
    }

    // Returns why the connection is over.
    private func hold(
        _ connection: RedisConnection, _ onConnected: @Sendable (RedisConnection) async throws -> Void
    ) async -> RedisError {
        logger.log(
            level: lossLevel == .debug ? .debug : .info, "redis.connected",
            metadata: ["redis": "\(configuration.endpoint)"])
        do {
            try await onConnected(connection)
        } catch {
            await connection.close()
            return Self.redisError(error)
        }
        await withTaskCancellationHandler {
            await connection.closed()
        } onCancel: {
            connection.startClosing()
        }
        return connection.ended ?? Self.redisError(CancellationError())
    }

    private static func redisError(_ error: any Error) -> RedisError {
        error as? RedisError ?? RedisError(.unavailable, "the connection to Redis was closed")
    }
}
