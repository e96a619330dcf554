import QueueProtocol
import StudioPostgres
import StudioRedis
import Synchronization

/// How much room the runway of each queue has, as this gateway sees it, and whether a new job may go there at once: where
/// nothing waits ahead of it, nothing limits it, and there is room.
///
/// It may be wrong for a moment, as another gateway or a worker moves on: then the runway is a little longer or shorter than
/// it should be, and the next look puts it right. Limits and pauses do not hang on it.
final class RunwayRoom: Sendable {
    /// How long the runway is made.
    struct Measure: Sendable {
        /// Messages for each slot of the workers that serve the queue.
        var messagesPerSlot = 2
        /// Messages of a queue with few slots, or none: a worker that starts finds something at once.
        var least = 8
    }

    private struct Queue {
        var slots = 0
        /// Messages by the step of the wire.
        var depths: [Int: Int] = [:]
        /// Jobs that were told to go there and whose messages are not counted yet.
        var promised = 0
        /// Whether nothing waits in the backlog that this gateway knows of.
        var isClear = false
    }

    private struct State {
        var queues: [String: Queue] = [:]
        var circumstances = RunwayCircumstances()
        /// Whether Redis takes messages.
        var isOpen = false
        /// Queues whose lists Redis does not let the studio use.
        var denied: Set<String> = []
    }

    private let measure: Measure
    private let state = Mutex(State())

    /// A runway that is closed until it was looked at.
    ///
    /// - Parameter measure: How long it is made.
    init(measure: Measure = Measure()) { self.measure = measure }

    /// Whether a job that is ready goes to the runway at once; then it takes up room.
    func take(_ job: NewJob) -> Bool {
        state.withLock { state in
            guard state.isOpen, !state.denied.contains(job.queue), var queue = state.queues[job.queue]
            else { return false }
            let circumstances = state.circumstances
            guard !circumstances.pausedQueues.contains(job.queue),
                !circumstances.limitedTenants.contains(job.tenant),
                !circumstances.limitedFunctions.contains(job.function)
            else { return false }
            if queue.isClear, free(queue) > 0 { queue.promised += 1 } else { queue.isClear = false }
            state.queues[job.queue] = queue
            return queue.isClear
        }
    }

    /// How many messages may be put on each queue's runway.
    var free: [String: Int] {
        state.withLock { state in
            state.isOpen ? state.queues.filter { !state.denied.contains($0.key) }.mapValues(free) : [:]
        }
    }

    /// The queues whose lists Redis does not let the studio use, as was seen last; their jobs wait in the backlog.
    var denied: Set<String> { state.withLock { $0.denied } }

    /// Redis was asked which queues it lets the studio use.
    ///
    /// - Returns: The queues that it did not deny before, and those that it denied until now.
    func note(denied: Set<String>) -> (newly: Set<String>, noMore: Set<String>) {
        state.withLock { state in
            let before = state.denied
            state.denied = denied
            for name in denied { state.queues[name]?.isClear = false }
            return (denied.subtracting(before), before.subtracting(denied))
        }
    }

    /// The queues that were ever looked at.
    var known: Set<String> { state.withLock { Set($0.queues.keys) } }

    /// Whether nothing waits in the backlog of some queues.
    func note(clear: Set<String>, among queues: Set<String>) {
        state.withLock { state in
            for queue in queues { state.queues[queue, default: Queue()].isClear = clear.contains(queue) }
        }
    }

    /// Messages were put on some lists, which are as long as this now.
    func note(pushed jobs: [RunwayJob], depths: [QueueDepth]) {
        state.withLock { state in
            for job in jobs {
                guard let promised = state.queues[job.queue]?.promised, promised > 0 else { continue }
                state.queues[job.queue]?.promised = promised - 1
            }
            for depth in depths { state.queues[depth.queue, default: Queue()].depths[depth.wireStep] = depth.count }
        }
    }

    /// The lists were counted.
    func note(depths: [QueueDepth]) { note(pushed: [], depths: depths) }

    /// How things are was read; what was promised and not pushed until now is not counted on any more.
    func note(_ circumstances: RunwayCircumstances, queues: Set<String>) {
        state.withLock { state in
            state.circumstances = circumstances
            state.isOpen = true
            for name in queues.union(state.queues.keys) {
                state.queues[name, default: Queue()].slots = circumstances.slots[name, default: 0]
                state.queues[name]?.promised = 0
            }
        }
    }

    /// Redis does not take messages: everything waits in the backlog.
    func close() {
        state.withLock { state in
            state.isOpen = false
            for name in state.queues.keys { state.queues[name]?.isClear = false }
        }
    }

    private func free(_ queue: Queue) -> Int {
        let length = max(measure.least, queue.slots * measure.messagesPerSlot)
        return max(0, length - queue.depths.values.reduce(0, +) - queue.promised)
    }
}
