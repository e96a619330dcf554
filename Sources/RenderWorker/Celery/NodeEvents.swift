import FoundationEssentials
import Logging
import QueueProtocol
import StudioSystem
import Synchronization

/// Tells Celery's monitors what becomes of tasks, where they asked for it.
///
/// Events are gathered and sent by many in one message, by a task of its own. What is gathered is bounded: where Redis or
/// the sending is behind, new events are dropped and the work goes on. Where nobody asked, telling costs one look at a flag.
final class NodeEvents: Sendable {
    /// The most events that wait to be sent.
    static let bound = 4096
    /// The most events in one message.
    static let batch = 64

    private struct State {
        var waiting: [StampedCeleryEvent] = []
        var dropped = 0
    }

    private let isOn: Atomic<Bool>
    private let clock: LamportClock
    private let pid: Int
    private let state = Mutex(State())
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation
    private let send: @Sendable ([StampedCeleryEvent]) async throws -> Void
    private let logger: Logger

    /// Events of one node.
    ///
    /// - Parameters:
    ///   - isOn: Whether tasks are told of from the start.
    ///   - pid: The process id.
    ///   - clock: The node's logical clock.
    ///   - logger: Where it tells that events were dropped.
    ///   - send: Sends some events in one message.
    init(
        isOn: Bool, pid: Int, clock: LamportClock, logger: Logger,
        send: @escaping @Sendable ([StampedCeleryEvent]) async throws -> Void
    ) {
        self.isOn = Atomic(isOn)
        self.pid = pid
        self.clock = clock
        self.send = send
        self.logger = logger
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Whether tasks are told of.
    var isEnabled: Bool { isOn.load(ordering: .relaxed) }

    /// Begins or ends telling of tasks.
    ///
    /// - Returns: Whether that is a change.
    func enable(_ wanted: Bool) -> Bool { isOn.exchange(wanted, ordering: .relaxed) != wanted }

    /// Takes events of tasks in, from any thread; they are made only where somebody wants them.
    func tell(_ events: @autoclosure () -> [CeleryEvent]) {
        guard isEnabled else { return }
        let events = events().map { stamped($0) }
        state.withLock { state in
            guard state.waiting.count + events.count <= Self.bound else {
                state.dropped += events.count
                return
            }
            state.waiting += events
        }
        arrival.yield()
    }

    /// Sends what is gathered until the task is cancelled. To be run once; ``flush()`` sends the rest.
    func run() async {
        for await _ in arrivals { await flush() }
    }

    /// Sends what is gathered. What cannot be sent is dropped: a monitor that comes back asks for no history.
    func flush() async {
        while true {
            let (batch, dropped) = state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.batch))
                state.waiting.removeFirst(batch.count)
                defer { state.dropped = 0 }
                return (batch, state.dropped)
            }
            if dropped > 0 {
                logger.warning("events for monitors are dropped", metadata: ["count": "\(dropped)"])
            }
            guard !batch.isEmpty else { return }
            do { try await send(batch) } catch {
                logger.debug("events for monitors are not sent", metadata: [LogKey.error: "\(error)"])
            }
        }
    }

    /// Sends an event of the node itself, whether tasks are told of or not.
    ///
    /// - Throws: `RedisError`.
    func sendNow(_ event: CeleryEvent) async throws { try await send([stamped(event)]) }

    private func stamped(_ event: CeleryEvent) -> StampedCeleryEvent {
        StampedCeleryEvent(event, timestamp: Date().timeIntervalSince1970, clock: clock.forward(), pid: pid)
    }
}
