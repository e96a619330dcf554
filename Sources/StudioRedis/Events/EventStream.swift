import QueueProtocol

/// What a listener of the event bus hears.
public enum EventBusEvent<Value: Sendable>: Sendable {
    /// Something was published.
    case value(Value)
    /// Things may have been missed, because the connection was away or this listener too slow. Read the truth again.
    case missed
}

/// What comes on channels of the event bus, read into values; what cannot be read is passed over. For one reader.
public struct EventStream<Value: Sendable>: AsyncSequence, Sendable {
    /// What the sequence holds.
    public typealias Element = EventBusEvent<Value>

    let subscription: RedisSubscription
    let read: @Sendable ([UInt8]) -> Value?

    /// Ends the stream.
    public func cancel() { subscription.cancel() }

    /// A reader. There may be one at a time.
    ///
    /// - Returns: The reader; it keeps the subscription alive.
    public func makeAsyncIterator() -> Iterator {
        Iterator(source: subscription.makeAsyncIterator(), read: read)
    }

    /// Reads a stream.
    public struct Iterator: AsyncIteratorProtocol {
        /// Reading never fails.
        public typealias Failure = Never

        var source: RedisSubscription.Iterator
        let read: @Sendable ([UInt8]) -> Value?

        /// The next event.
        ///
        /// - Returns: The event; nil when the stream has ended or the task is cancelled.
        public mutating func next() async -> EventBusEvent<Value>? { await next(isolation: nil) }

        /// The next event.
        ///
        /// - Parameter actor: The actor that asks.
        /// - Returns: The event; nil when the stream has ended or the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> EventBusEvent<Value>? {
            while let event = await source.next(isolation: actor) {
                switch event {
                case .message(_, let payload):
                    if let value = read(payload) { return .value(value) }
                case .reconnected, .overflowed: return .missed
                }
            }
            return nil
        }
    }
}
