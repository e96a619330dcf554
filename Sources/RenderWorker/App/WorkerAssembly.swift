import FoundationEssentials
import Glibc
import Logging
import NIOPosix
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem
import StudioTransfer

/// Builds the worker from its configuration: the one place that names concrete parts.
struct WorkerAssembly: Sendable {
    let logger: Logger
    let hurry = Hurry()
    private let client: RedisClient
    private let subscriber: RedisSubscriber
    private let consumer: TaskConsumer
    private let pythonTasks: PythonTasks
    private let body: WorkerBody

    /// Builds everything; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - configuration: The checked settings.
    ///   - hostName: The machine's name.
    ///   - workspaceRoot: The absolute path of the workspace.
    ///   - modelsRoot: The absolute path of the studio's models.
    ///   - childEnvironment: The whole environment of media children.
    ///   - program: The program with the command `media-job`; default this one.
    ///   - drain: Asks for a graceful stop, when a gateway says so.
    /// - Throws: `PostgresError` or `RedisError` where an address cannot be used.
    init(
        _ configuration: StudioConfiguration, hostName: String, workspaceRoot: String, modelsRoot: String,
        childEnvironment: [String: String], program: String = "/proc/self/exe", drain: @escaping @Sendable () -> Void
    ) throws {
        let worker = WorkerID()
        let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
        let slotCount = configuration.worker.slots ?? cores
        let name = configuration.worker.name ?? "\(hostName)-\(getpid())"
        var logger = Logger(label: "worker")
        logger[metadataKey: LogKey.worker] = "\(name)"
        self.logger = logger

        let redis = try RedisConfiguration(url: configuration.common.redisURL)
        try redis.tls?.check()
        let keys = StudioKeys(
            keyPrefix: configuration.common.redisKeyPrefix, resultKeyPrefix: configuration.common.redisResultKeyPrefix,
            database: redis.database)
        let group = MultiThreadedEventLoopGroup.singleton
        client = RedisClient(configuration: redis, group: group, logger: logger)
        subscriber = RedisSubscriber(configuration: redis, group: group, logger: logger)
        let bus = EventBus(client: client, subscriber: subscriber, keys: keys)
        consumer = TaskConsumer(
            worker: worker, queues: configuration.worker.queues, client: client, keys: keys, group: group,
            logger: logger)

        pythonTasks = PythonTasks(client: client, subscriber: subscriber, keys: keys, worker: worker, logger: logger)

        let database = try Self.database(
            configuration, "studio-worker", connections: configuration.common.databaseConnections)
        let heartbeat = try Self.database(
            configuration, "studio-worker-heartbeat", connections: 1, patience: configuration.common.lease / 4)
        let jobs = JobStore(database)
        let takes = TakeStore(database)
        let workspace = WorkspaceFolders(root: workspaceRoot, storage: configuration.common.storage.remote)
        let runners = WorkerRunners(
            configuration, worker: worker, workspaceRoot: workspaceRoot, childEnvironment: childEnvironment,
            program: program, logger: logger)
        let warm = WarmParts(
            runners, configuration, database: database, takeHanded: { [consumer] in consumer.takeHanded() },
            logger: logger)
        let slots = Slots(capacity: slotCount)
        let attempts = RunningAttempts()
        let revisions = FunctionRevisions()
        let protection = configuration.worker.ecsAgent.map {
            ScaleInProtection(agent: ECSAgent(uri: $0), clock: ContinuousClock(), logger: logger)
        }
        let identity = NodeIdentity(
            workerName: name, hostName: hostName, pid: Int(getpid()), version: WorkerVersion.text)
        let celery = CeleryParts(
            identity: identity,
            configuration: configuration, redis: redis,
            bus: CeleryBus(client: client, subscriber: subscriber, keys: keys), slots: slots, consumer: consumer,
            deeds: NodeAnswers.Deeds(
                revoke: { ids, terminate in
                    let tasks = CeleryTaskStore(database)
                    let done = try await tasks.revoke(ids, terminate: terminate)
                    for job in done.cancellations where job.effect == .requested {
                        _ = try? await bus.send(.cancel(job: job.job.id, attempt: job.job.attempt), to: job.job.worker)
                    }
                    try? await bus.announceEvents()
                    let between = done.cancellations.filter { $0.effect == .cancelled && $0.job.attempt > 0 }
                    return try await tasks.monitored(between.map(\.job.id)).map(\.task)
                },
                cancelHere: { attempts.stop($0.job, attempt: $0.attempt, .cancelled) },
                announce: { try await WorkerStore(database).change(worker, queues: $0, slots: $1) }, drain: drain),
            logger: logger)
        let defaultQueue = configuration.common.celeryQueue
        let notes = CeleryNotes(
            results: CeleryResults(client: client, keys: keys), node: identity.name, processID: Int(getpid()),
            sender: { CelerySender(origin: identity.name, defaultQueue: defaultQueue) }, logger: logger)
        let surroundings = JobRun.Surroundings(
            jobs: jobs, revisions: revisions,
            runners: runners.catalogue(celery: CeleryRunner(tasks: pythonTasks)),
            workspace: workspace, models: ModelFiles(root: modelsRoot),
            publisher: TakePublisher(
                takes: takes, child: runners.child, memory: runners.memory,
                software: "RenderWorker \(WorkerVersion.text)"),
            filePublisher: FilePublisher(files: JobFileStore(database), logger: logger),
            results: CanvasResultStore(database),
            lease: configuration.common.lease, bus: bus, notes: notes, tell: celery.reports.tell, logger: logger)
        let signs = LifeSigns(
            path: configuration.worker.healthFile, lease: configuration.common.lease, logger: logger)
        body = WorkerBody(
            registration: WorkerRegistration(
                id: worker, name: name, hostname: hostName, pid: Int(getpid()), version: WorkerVersion.text,
                queues: configuration.worker.queues, slots: slotCount),
            database: database, heartbeatDatabase: heartbeat,
            client: client, consumer: consumer,
            leases: LeaseKeeper(
                worker: worker, attempts: attempts, slots: slots, jobs: JobStore(heartbeat),
                workers: WorkerStore(heartbeat), lease: configuration.common.lease,
                interval: configuration.worker.heartbeat, clock: ContinuousClock(), drain: drain,
                onBeat: { hasArrived in
                    let isServing = slots.table.phase == .serving
                    signs.give(!hasArrived ? .cutOff : isServing ? .serving : .draining)
                }, logger: logger),
            signs: signs,
            deadlines: DeadlineKeeper(
                attempts: attempts, grace: runners.pauses.ask + runners.pauses.term + .seconds(10), logger: logger),
            control: ControlListener(worker: worker, bus: bus, attempts: attempts, drain: drain, logger: logger),
            protection: protection,
            sweep: ScratchSweep(
                workspace: workspace, jobs: jobs, takes: takes, files: JobFileStore(database), logger: logger),
            containerSweep: ContainerSweep(host: runners.containers, jobs: jobs, logger: logger), warm: warm,
            celery: celery.node,
            intake: Intake(
                worker: worker, name: name, lease: configuration.common.lease, grace: configuration.worker.grace,
                consumer: consumer, jobs: jobs, slots: slots, attempts: attempts, revisions: revisions,
                board: celery.board, starts: celery.starts, limits: celery.limits, hurry: hurry,
                celery: notes,
                protection: protection,
                announceEvents: surroundings.announceEvents,
                carryOut: { await JobRun($0, stop: $1, in: surroundings).carryOut() }, logger: logger),
            logger: logger)
    }

    /// Every statement of a worker finds its rows by their keys. A heartbeat has less patience, for a statement and for its
    /// answer on the way, than any other: a connection that died without a word must be given up while the lease still lasts,
    /// and half a lease and one beat do not make a whole one.
    private static func database(
        _ configuration: StudioConfiguration, _ name: String, connections: Int, patience: Duration? = nil
    ) throws -> Database {
        var postgres = PostgresConfiguration(
            configuration.common.databaseURL, applicationName: name, connections: connections)
        postgres.plansOnce = true
        if let patience { (postgres.statementTimeout, postgres.tcpUserTimeout) = (patience, patience) }
        return try Database(postgres)
    }

    /// The worker's parts in the order of their needs; they stop in the reverse order. Signals are the caller's affair.
    func serviceGroup() -> ServiceGroup {
        let services: [any Service] = [
            Background { [client] in await client.run() },
            Background { [subscriber] in await subscriber.run() },
            Background { [consumer] in await consumer.run() },
            Background { [pythonTasks] in await pythonTasks.run() },
            body,
        ]
        return ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map {
                    ServiceGroupConfiguration.ServiceConfiguration(
                        service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                },
                // Below this level the library writes whole structures.
                logger: logger.atLeast(.info)))
    }
}

/// Something that runs until it is cancelled, as a service.
private struct Background: Service {
    let work: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
    }
}

extension JobRun.Surroundings {
    /// What is said over the bus is not the truth: where Redis is away, readers look into PostgreSQL.
    init(
        jobs: JobStore, revisions: FunctionRevisions, runners: RunnerCatalogue, workspace: WorkspaceFolders,
        models: ModelFiles, publisher: TakePublisher, filePublisher: FilePublisher, results: CanvasResultStore,
        lease: Duration, bus: EventBus, notes: CeleryNotes,
        tell: @escaping @Sendable (ClaimedJob, JobNews) -> Void, logger: Logger
    ) {
        let announce: @Sendable () async -> Void = { try? await bus.announceEvents() }
        self.init(
            jobs: jobs, ends: EndsTogether(write: { try await jobs.end($0) }, announce: announce, logger: logger),
            revisions: revisions, runners: runners, workspace: workspace, models: models,
            publisher: publisher, filePublisher: filePublisher, results: results, lease: lease,
            announceEvents: announce,
            announceLog: { try? await bus.announceLog(of: $0) },
            publishProgress: { try? await bus.publish($0) },
            showPicture: { try? await bus.show($1.bytes, mediaType: $1.mediaType, of: $0) }, tell: tell, celery: notes,
            logger: logger)
    }
}
