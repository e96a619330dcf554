public import QueueProtocol

/// What Celery's clients and nodes command each other.
public struct CeleryCommands: Sendable {
    private let subscriber: RedisSubscriber
    private let keys: StudioKeys

    /// The commands of one installation.
    ///
    /// - Parameters:
    ///   - subscriber: The way to Redis for what is heard.
    ///   - keys: The names of the installation.
    public init(subscriber: RedisSubscriber, keys: StudioKeys) {
        self.subscriber = subscriber
        self.keys = keys
    }

    /// The commands that are broadcast; what is none is passed over.
    ///
    /// - Returns: The stream.
    /// - Throws: `CancellationError`.
    public func heard() async throws -> EventStream<PidboxCommand> {
        EventStream(
            subscription: try await subscriber.subscribe(to: [keys.pidboxChannel], buffering: .complete(1024)),
            read: { try? PidboxCommand(decoding: $0) })
    }
}
