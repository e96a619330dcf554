import Logging
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// The worker's life: waits for what it needs, announces itself, works, drains, and says goodbye.
struct WorkerBody: Service {
    let registration: WorkerRegistration
    let database: Database
    let heartbeatDatabase: Database
    let client: RedisClient
    let consumer: TaskConsumer
    let leases: LeaseKeeper<ContinuousClock>
    /// What tells others on this machine that it lives.
    let signs: LifeSigns
    let deadlines: DeadlineKeeper
    let control: ControlListener
    let protection: ScaleInProtection<ContinuousClock>?
    let sweep: ScratchSweep
    let containerSweep: ContainerSweep
    let warm: WarmParts
    /// This worker as others of Celery's world see it.
    let celery: CeleryNode
    let intake: Intake
    let logger: Logger

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await signs.run() }
            defer { group.cancelAll() }
            try await live()
        }
    }

    private func live() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await signs.whileWaiting(every: leases.interval) { try await prepare() }
            }
        } catch is CancellationError {
            return
        }
        guard !Task.isShuttingDownGracefully else { return }
        logger.notice(
            "worker ready",
            metadata: [
                "slots": "\(registration.slots)", "queues": "\(registration.queues.joined(separator: ","))",
                "id": "\(registration.id)", "version": "\(registration.version)",
            ])
        if ProcessSandbox.fileConfinement == .none {
            logger.warning(
                "this kernel has no Landlock: media work reads whatever this user may read",
                metadata: ["advice": "Linux 5.13 or newer, with landlock among its lsm; see RenderWorker sandbox"])
        }
        await withTaskGroup(of: Void.self) { aside in
            aside.addTask { await leases.run() }
            aside.addTask { await deadlines.run() }
            aside.addTask { await control.run() }
            aside.addTask { await sweep.run() }
            aside.addTask { await containerSweep.run() }
            aside.addTask { await warm.run() }
            aside.addTask { await protection?.run() }
            aside.addTask { await celery.run() }
            await intake.run()
            // Only now: the leases of attempts that drain are renewed to their end.
            aside.cancelAll()
        }
        await warm.stop()
        await celery.signOff()
        await sayGoodbye()
    }

    private func prepare() async throws {
        try await database.waitUntilReachable(logger)
        let patience = DatabasePatience(logger: logger)
        var isFirst = true
        while try await !patience.persist("the start", { try await database.migrationsAreCurrent() }) {
            if isFirst {
                logger.notice("waiting for the database's schema: a gateway, or `GatewayServer migrate`, makes it")
            }
            isFirst = false
            try await Task.sleep(for: .seconds(1))
        }
        if !client.isConnected { logger.notice("waiting for Redis", metadata: ["address": "\(client.configuration)"]) }
        try await client.waitUntilConnected()
        let workers = WorkerStore(database)
        try await patience.persist("the worker's registration") { [registration] in
            try await workers.register(registration)
        }
    }

    private func sayGoodbye() async {
        do {
            try await WorkerStore(database).stop(registration.id)
            try await consumer.retire()
        } catch {
            // Found out by the recovery all the same.
            logger.warning("the worker could not sign off", metadata: [LogKey.error: "\(error)"])
        }
        await database.close()
        await heartbeatDatabase.close()
        logger.notice("worker stopped")
    }
}
