public import Logging
public import NIOCore
import Synchronization

/// Pub/sub over one connection that all subscriptions of the process share; a channel is subscribed to once, however
/// many listen.
///
/// ``run()`` must run for as long as subscriptions are used. After the connection was lost every subscription is made
/// again and told so (`reconnected`), because what was published meanwhile is lost.
public final class RedisSubscriber: Sendable {
    private struct Listener {
        let buffer: SubscriptionBuffer
        let live: Gate
    }

    private struct State {
        var table = SubscriptionTable()
        var connection: RedisConnection?
        var listeners: [UInt64: Listener] = [:]
        var nextID: UInt64 = 0
    }

    private let link: ReconnectingLink
    private let logger: Logger
    private let state = Mutex(State())

    /// A subscriber, not yet connecting.
    ///
    /// - Parameters:
    ///   - configuration: Where to connect to; within `commandTimeout` and twice that a silent server is noticed.
    ///   - group: The event loops to connect on.
    ///   - clock: What the pauses between attempts are measured with; default the continuous clock.
    ///   - logger: Where coming and going is told.
    public init(
        configuration: RedisConfiguration, group: any EventLoopGroup, clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        link = ReconnectingLink(configuration: configuration, group: group, clock: clock, logger: logger)
        self.logger = logger
    }

    /// Keeps the subscriptions alive until the task is cancelled; then ends them all and returns. To be called once.
    public func run() async {
        await link.run { [self] connection in
            try await connection.listen { [weak self] in self?.receive($0) }
            try state.withLock {
                $0.connection = connection
                try Self.post("SUBSCRIBE", $0.table.connected(), on: connection)
            }
        } onAway: { [self] _ in
            away()
        }
        away()
        let listeners = state.withLock { state in
            let listeners = state.listeners
            state.listeners = [:]
            return listeners
        }
        for listener in listeners.values { listener.buffer.finish() }
    }

    /// Subscribes to channels. When this returns, either everything published from now on is heard, or the server is
    /// away and `reconnected` comes first, as soon as it is back. So: subscribe, read the truth, then read this, and read
    /// the truth again at every `reconnected`.
    ///
    /// - Parameters:
    ///   - channels: The channels' names.
    ///   - buffering: What to keep while nobody reads.
    /// - Returns: The subscription; it is over when nobody holds it.
    /// - Throws: `CancellationError` when the task is cancelled before.
    public func subscribe(to channels: [String], buffering: RedisBuffering) async throws -> RedisSubscription {
        let listener = Listener(buffer: SubscriptionBuffer(buffering), live: Gate())
        let id = state.withLock { state in
            state.nextID += 1
            let id = state.nextID
            state.listeners[id] = listener
            let (fresh, isLive) = state.table.add(id, Set(channels))
            if isLive || !state.table.isConnected { listener.live.open() }
            Self.postOrClose("SUBSCRIBE", fresh, on: state.connection)
            return id
        }
        let subscription = RedisSubscription(buffer: listener.buffer) { [weak self] in self?.end(id) }
        await listener.live.wait()
        try Task.checkCancellation()
        return subscription
    }

    private func end(_ id: UInt64) {
        state.withLock {
            $0.listeners[id] = nil
            Self.postOrClose("UNSUBSCRIBE", $0.table.remove(id), on: $0.connection)
        }
    }

    private func away() {
        state.withLock { state in
            state.connection = nil
            for id in state.table.disconnected() { state.listeners[id]?.live.open() }
        }
    }

    private func receive(_ reply: RedisReply) {
        if case .error(let error) = reply {
            logger.warning("redis.subscription-refused", metadata: ["reason": "\(error)"])
            return
        }
        guard let parts = reply.array, parts.count == 3, let kind = parts[0].text, let channel = parts[1].text else {
            return
        }
        state.withLock { state in
            switch kind {
            case "message":
                guard let payload = parts[2].bytes else { return }
                for id in state.table.listeners(channel) {
                    state.listeners[id]?.buffer.put(.message(channel: channel, payload: payload))
                }
            case "subscribe":
                let confirmed = state.table.confirmed(channel)
                for id in confirmed.live { state.listeners[id]?.live.open() }
                for id in confirmed.restored { state.listeners[id]?.buffer.put(.reconnected) }
            default: break
            }
        }
    }

    // Sent while the table's lock is held, so that the server hears the commands in the order of the table's decisions.
    private static func post(_ name: String, _ channels: [String], on connection: RedisConnection) throws {
        for start in stride(from: 0, to: channels.count, by: 1000) {
            let chunk = channels[start..<min(start + 1000, channels.count)]
            try connection.post(RedisCommand(name, arguments: chunk.map(RedisArgument.text)))
        }
    }

    // A command that cannot be sent means a connection that is ending or hopelessly behind: the next one starts afresh.
    private static func postOrClose(_ name: String, _ channels: [String], on connection: RedisConnection?) {
        guard let connection else { return }
        do { try post(name, channels, on: connection) } catch { connection.startClosing() }
    }
}
