import Logging
import ServiceLifecycle
import StudioPostgres

/// Forgets what is kept for a time only: idempotency keys, durable events, failed logins, what workers failed.
final class HouseKeeping: Service {
    private let chores: [(name: String, work: @Sendable () async throws -> Int)]
    private let interval: Duration
    private let clock: any Clock<Duration>
    private let logger: Logger

    /// House-keeping over some stores.
    ///
    /// - Parameters:
    ///   - idempotency: Its keys are forgotten after 24 hours.
    ///   - events: They are forgotten after 7 days.
    ///   - logins: Failures are forgotten after their window.
    ///   - blocks: What workers failed is forgotten an hour after they are gone.
    ///   - celery: Its tasks are forgotten a week after their answer.
    ///   - gateways: Their signs of life are forgotten after a day.
    ///   - actions: What people did is forgotten after a year.
    ///   - interval: The time between two rounds; default an hour.
    ///   - clock: What the time is measured with.
    ///   - logger: Where it tells what was forgotten.
    init(
        idempotency: IdempotencyStore, events: EventStore, logins: LoginThrottle, blocks: WorkerBlockStore,
        celery: CeleryTaskStore, gateways: GatewayStore, actions: ActionLog,
        interval: Duration = .seconds(3600),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        chores = [
            ("idempotency keys", { try await idempotency.purge() }),
            ("events", { try await events.purge() }),
            ("login failures", { try await logins.purge() }),
            ("blocks of workers", { try await blocks.purge() }),
            ("Celery's tasks", { try await celery.purge() }),
            ("gateways", { try await gateways.purge() }),
            ("actions", { try await actions.purge() }),
        ]
        self.interval = interval
        self.clock = clock
        self.logger = logger
    }

    /// House-keeping that has chores of its own.
    ///
    /// - Parameters:
    ///   - chores: What is done in each round; each gives how much there was to do.
    ///   - interval: The time between two rounds.
    ///   - clock: What the time is measured with.
    ///   - logger: Where it tells what was forgotten.
    init(
        chores: [(name: String, work: @Sendable () async throws -> Int)], interval: Duration,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.chores = chores
        self.interval = interval
        self.clock = clock
        self.logger = logger
    }

    /// Keeps house until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.round()
                try? await self.clock.sleep(for: self.interval)
            }
        }
    }

    /// One round; a chore that fails is told and done in the next.
    func round() async {
        for chore in chores {
            do {
                let count = try await chore.work()
                if count > 0 {
                    logger.info("old rows were forgotten", metadata: ["what": "\(chore.name)", "rows": "\(count)"])
                }
            } catch {
                logger.warning("house-keeping failed", error: error, metadata: ["what": "\(chore.name)"])
            }
        }
    }
}
