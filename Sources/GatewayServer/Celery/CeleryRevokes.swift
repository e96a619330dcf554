import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// Hears Celery's clients revoke tasks, so that it works without a worker that runs. The workers hear it too: however many
/// do, a revoke does what it does once.
final class CeleryRevokes: Service {
    private let commands: CeleryBus
    private let tasks: CeleryTaskStore
    private let bus: EventBus
    private let announcer: EventAnnouncer
    private let monitors: MonitorNews
    private let onRevoked: @Sendable () -> Void
    private let logger: Logger

    /// A listener.
    ///
    /// - Parameters:
    ///   - commands: Where commands are heard.
    ///   - tasks: The tasks.
    ///   - bus: The way to the workers.
    ///   - announcer: Tells of jobs that were cancelled.
    ///   - monitors: Tells monitors of those that were cancelled between two attempts.
    ///   - onRevoked: Called when tasks may have an answer due; must not block.
    ///   - logger: Where it tells of revokes and faults.
    init(
        commands: CeleryBus, tasks: CeleryTaskStore, bus: EventBus, announcer: EventAnnouncer, monitors: MonitorNews,
        onRevoked: @escaping @Sendable () -> Void, logger: Logger
    ) {
        self.commands = commands
        self.tasks = tasks
        self.bus = bus
        self.announcer = announcer
        self.monitors = monitors
        self.onRevoked = onRevoked
        self.logger = logger
    }

    /// Listens until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            guard let stream = try? await self.commands.commands() else { return }
            for await event in stream {
                guard case .value(let command) = event, command.method == "revoke" else { continue }
                await self.revoke(command)
            }
        }
    }

    private func revoke(_ command: PidboxCommand) async {
        let ids: [String] =
            switch command.arguments["task_id"] {
            case .string(let id)?: [id]
            case .array(let items)?: items.compactMap(\.stringValue)
            default: []
            }
        guard !ids.isEmpty else { return }
        let terminate = command.arguments["terminate"] == .bool(true)
        do {
            let done = try await tasks.revoke(ids, terminate: terminate)
            await tell(done)
        } catch {
            logger.warning("a revoke is not written down", error: error, metadata: ["tasks": "\(ids.count)"])
        }
    }

    private func tell(_ done: CeleryRevocation) async {
        onRevoked()
        guard !done.cancellations.isEmpty else { return }
        await announcer.announce()
        await monitors.cancelled(
            done.cancellations.filter { $0.effect == .cancelled && $0.job.attempt > 0 }.map(\.job.id))
        for cancellation in done.cancellations {
            let job = cancellation.job
            switch cancellation.effect {
            case .cancelled: logger.info("job revoked", metadata: [LogKey.job: "\(job.id)"])
            case .requested:
                logger.info("job asked to stop by a revoke", metadata: [LogKey.job: "\(job.id)"])
                do {
                    try await bus.send(.cancel(job: job.id, attempt: job.attempt), to: job.worker)
                } catch {
                    logger.notice(
                        "the worker hears of the revoke at its next heartbeat", error: error,
                        metadata: [LogKey.job: "\(job.id)"])
                }
            case .alreadyFinished, .leftRunning: break
            }
        }
    }
}
