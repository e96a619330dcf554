import Logging
import QueueProtocol
import StudioRedis
import StudioSystem

/// Hears what gateways tell this worker over pub/sub. What is missed comes with the next heartbeat.
struct ControlListener: Sendable {
    let worker: WorkerID
    let bus: EventBus
    let attempts: RunningAttempts
    /// Asks the worker for a graceful stop.
    let drain: @Sendable () -> Void
    let logger: Logger

    /// Listens until the task is cancelled; also while the worker drains, for what runs can still be cancelled.
    func run() async {
        guard let stream = try? await bus.control(of: worker) else { return }
        for await event in stream {
            guard case .value(let message) = event else { continue }
            switch message {
            case .cancel(let job, let attempt):
                if attempts.stop(job, attempt: attempt, .cancelled) {
                    logger.info("cancel requested", metadata: [LogKey.job: "\(job)"])
                }
            case .drain:
                logger.info("drain requested")
                drain()
            case .unrecognised(let kind):
                logger.debug("control message of an unknown kind", metadata: ["kind": "\(kind)"])
            }
        }
    }
}
