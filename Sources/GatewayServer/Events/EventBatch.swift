import Logging
import StudioPostgres
import Synchronization

/// What the tail read in one go. Each event is encoded at most once, and only if somebody hears it.
final class EventBatch: Sendable {
    /// The events in order.
    let events: [StoredEvent]
    /// Where the stream stands after them.
    let position: EventCursor
    private let encoded: Mutex<[Int: OutgoingEvent]>
    private let logger: Logger

    init(_ events: [StoredEvent], position: EventCursor, logger: Logger) {
        self.events = events
        self.position = position
        self.logger = logger
        encoded = Mutex([:])
    }

    /// The event as it goes out; nil where its payload cannot be read, which is logged.
    func outgoing(_ index: Int) -> OutgoingEvent? {
        encoded.withLock { encoded in
            if let event = encoded[index] { return event }
            do {
                let event = try OutgoingEvent(events[index])
                encoded[index] = event
                return event
            } catch {
                logger.error(
                    "events.unreadable",
                    metadata: ["event": "\(events[index].cursor)", "kind": "\(events[index].kind.rawValue)"])
                return nil
            }
        }
    }
}
