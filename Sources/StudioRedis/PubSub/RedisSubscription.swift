import Synchronization

/// What a subscriber hears.
public enum RedisSubscriptionEvent: Sendable, Hashable {
    /// A message, and the channel it came on.
    case message(channel: String, payload: [UInt8])
    /// The subscription holds again after it did not: what was published meanwhile is lost. Read the truth again.
    case reconnected
    /// Messages were lost because this subscriber is too slow. Read the truth again.
    case overflowed
}

/// How much of what nobody has read yet a subscription keeps.
public enum RedisBuffering: Sendable, Hashable {
    /// The newest so many messages; older ones are dropped without a word. For progress, where the newest counts.
    case newest(Int)
    /// Up to so many messages; when more come, all are dropped and `overflowed` takes their place.
    case complete(Int)
}

/// A subscription to channels: a sequence of what comes on them, for one reader. It ends when the last reference to it
/// and its iterators is gone, or with ``cancel()``.
public final class RedisSubscription: AsyncSequence, Sendable {
    /// What the sequence holds.
    public typealias Element = RedisSubscriptionEvent

    let buffer: SubscriptionBuffer
    private let onEnd: @Sendable () -> Void

    init(buffer: SubscriptionBuffer, onEnd: @escaping @Sendable () -> Void) {
        self.buffer = buffer
        self.onEnd = onEnd
    }

    deinit { onEnd() }

    /// Ends the subscription; readers get what is buffered and then the end.
    public func cancel() {
        buffer.finish()
        onEnd()
    }

    /// A reader. There may be one at a time.
    ///
    /// - Returns: The reader; it keeps the subscription alive.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// Reads a subscription.
    public struct Iterator: AsyncIteratorProtocol {
        /// Reading never fails.
        public typealias Failure = Never

        let subscription: RedisSubscription

        /// The next event.
        ///
        /// - Returns: The event; nil when the subscription has ended or the task is cancelled.
        public mutating func next() async -> RedisSubscriptionEvent? { await subscription.buffer.next() }

        /// The next event.
        ///
        /// - Parameter actor: The actor that asks.
        /// - Returns: The event; nil when the subscription has ended or the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> RedisSubscriptionEvent? {
            await subscription.buffer.next()
        }
    }
}

/// What has come and has not been read, within its bound.
final class SubscriptionBuffer: Sendable {
    private struct State {
        var messages: [RedisSubscriptionEvent] = []
        // Read from here; moved up in bulk so that taking one is not shifting all.
        var start = 0
        var reconnected = false
        var overflowed = false
        var isFinished = false
    }

    private let state = Mutex(State())
    private let arrived = Gate(closesItself: true)
    private let buffering: RedisBuffering

    init(_ buffering: RedisBuffering) { self.buffering = buffering }

    func put(_ event: RedisSubscriptionEvent) {
        state.withLock {
            switch (event, buffering) {
            case (.reconnected, _): $0.reconnected = true
            case (.overflowed, _): $0.overflowed = true
            case (.message, .newest(let limit)):
                $0.messages.append(event)
                if $0.messages.count - $0.start > max(1, limit) { $0.start += 1 }
            case (.message, .complete(let limit)):
                if $0.overflowed { return }
                $0.messages.append(event)
                if $0.messages.count - $0.start > max(1, limit) {
                    $0.messages = []
                    $0.start = 0
                    $0.overflowed = true
                }
            }
            if $0.start > 64, $0.start * 2 > $0.messages.count {
                $0.messages.removeFirst($0.start)
                $0.start = 0
            }
        }
        arrived.open()
    }

    func finish() {
        state.withLock { $0.isFinished = true }
        arrived.open()
    }

    func next() async -> RedisSubscriptionEvent? {
        while !Task.isCancelled {
            let (event, isFinished) = state.withLock { (Self.take(&$0), $0.isFinished) }
            if let event { return event }
            if isFinished { return nil }
            await arrived.wait()
        }
        return nil
    }

    private static func take(_ state: inout State) -> RedisSubscriptionEvent? {
        if state.reconnected {
            // A reader that reads everything again has caught up with an overflow too.
            state.reconnected = false
            state.overflowed = false
            return .reconnected
        }
        if state.overflowed {
            state.overflowed = false
            return .overflowed
        }
        guard state.start < state.messages.count else { return nil }
        defer {
            state.start += 1
            if state.start == state.messages.count {
                state.messages.removeAll(keepingCapacity: true)
                state.start = 0
            }
        }
        return state.messages[state.start]
    }
}
