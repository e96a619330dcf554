import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// What goes on in a serving worker for its containers whose models stay loaded.
struct WarmParts: Sendable {
    private let containers: WarmContainers
    private let sweep: WarmSweep
    private let loaded: AsyncStream<Set<String>>
    private let workers: WorkerStore
    private let worker: WorkerID
    private let takeHanded: @Sendable () -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - runners: The worker's runners.
    ///   - configuration: The worker's settings.
    ///   - database: Where it is noted whose models are loaded.
    ///   - takeHanded: Has the worker take what it is handed because its models are loaded.
    ///   - logger: For what happens.
    init(
        _ runners: WorkerRunners, _ configuration: StudioConfiguration, database: Database,
        takeHanded: @escaping @Sendable () -> Void, logger: Logger
    ) {
        containers = runners.warm
        loaded = runners.loaded
        workers = WorkerStore(database)
        worker = runners.containers.worker
        self.takeHanded = takeHanded
        self.logger = logger
        sweep = WarmSweep(
            host: runners.containers, own: runners.warm, workers: workers, folder: runners.warmFolder,
            silence: max(configuration.common.lease * 3, .seconds(30)), logger: logger)
    }

    /// Stops what waits for work too long, tells the studio whose models are loaded, and removes what dead workers left,
    /// until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await containers.run() }
            group.addTask { await sweep.run() }
            group.addTask { await note() }
        }
    }

    /// Ends all containers.
    func stop() async { await containers.stopAll() }

    private func note() async {
        for await functions in loaded {
            // Before anybody knows, so that nothing waits there unseen.
            if !functions.isEmpty { takeHanded() }
            do {
                try await workers.note(worker, warm: functions)
            } catch {
                // Only where jobs are better carried out; the next change notes all again.
                logger.warning(
                    "it could not be noted whose models are loaded", metadata: [LogKey.error: "\(error)"])
            }
        }
    }
}
