import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTransfer

/// The rooms of the gateway, each made with what it needs.
struct GatewayParts: Sendable {
    /// How many projects are written to at a time.
    private static let projectWriters = 4

    let database: Database
    let writers: ProjectWriters
    let redis: RedisClient
    let subscriber: RedisSubscriber
    let keys: StudioKeys
    let queue: TaskQueue
    let bus: EventBus
    let hub: EventHub
    let eventMetrics: EventMetrics
    let announcer: EventAnnouncer
    let folders: ProjectFolders
    let library: FunctionLibrary
    let dispatcher: Dispatcher
    let recovery: Recovery
    let houseKeeping: HouseKeeping
    /// What grows by the minute and has a bound.
    let cacheKeeping: HouseKeeping
    /// Notes every minute how the queues are.
    let queueKeeping: HouseKeeping
    let board: JobProgressBoard
    let monitors: MonitorNews
    let progress: ProgressListener
    /// A connection of its own: commits wait for each other and for nothing else.
    let admissionDatabase: Database
    /// A connection of its own, which waits while another gateway decides what goes to the runway.
    let dispatchDatabase: Database
    let admissions: AdmissionQueue
    let submission: JobSubmission
    let derivatives: DerivativePlanner
    let ingest: AssetIngest
    let scheduleCheck: ScheduleCheck
    let schedules: ScheduleFiring
    let celeryIntake: CeleryIntake
    let celeryAnswers: CeleryAnswers
    let celeryRevokes: CeleryRevokes
    let manifests: ProjectManifests
    let projectCreation: ProjectCreation
    let projectRecovery: ProjectRecovery
    /// How many jobs that are not finished a user may have; 0 is no limit.
    let maxActiveJobsPerUser: Int
    /// How long after its last sign of life a worker counts as gone.
    let workerSilence: Duration

    /// Makes all parts; connects to nothing yet.
    ///
    /// - Parameter configuration: The checked configuration.
    /// - Throws: `StudioError` where an address in it cannot be read.
    init(_ configuration: StudioConfiguration) throws {
        let common = configuration.common
        let loops = MultiThreadedEventLoopGroup.singleton
        database = try Self.database(common)
        writers = ProjectWriters(
            try Database(
                PostgresConfiguration(
                    common.databaseURL, applicationName: "studio-gateway-writers", connections: Self.projectWriters)))
        let redisConfiguration = try Self.redisConfiguration(common)
        redis = RedisClient(configuration: redisConfiguration, group: loops, logger: Logger(label: "redis"))
        subscriber = RedisSubscriber(configuration: redisConfiguration, group: loops, logger: Logger(label: "redis"))
        keys = StudioKeys(
            keyPrefix: common.redisKeyPrefix, resultKeyPrefix: common.redisResultKeyPrefix,
            database: redisConfiguration.database)
        queue = TaskQueue(client: redis, keys: keys)
        bus = EventBus(client: redis, subscriber: subscriber, keys: keys)
        eventMetrics = EventMetrics()
        folders = ProjectFolders(
            root: Self.absolute(common.workspaceRoot), threads: .singleton, storage: common.storage.remote)
        let library = FunctionLibrary(
            path: "\(folders.root)/\(WorkspaceLayout.pipelineTemplates)", logger: Logger(label: "functions"))
        self.library = library
        workerSilence = common.lease * 2
        dispatchDatabase = try Self.plannedDatabase(common, "studio-gateway-dispatch")
        var dispatchPace = Dispatcher.Pace()
        dispatchPace.workerSilence = workerSilence
        let dispatcher = Dispatcher(
            database: dispatchDatabase, queue: queue, queues: { library.queues }, pace: dispatchPace,
            logger: Logger(label: "dispatch"))
        self.dispatcher = dispatcher
        let celeryTasks = CeleryTaskStore(database)
        let celeryResults = CeleryResults(client: redis, keys: keys)
        let celerySender: @Sendable () -> CelerySender = {
            CelerySender(origin: "gateway@studio", defaultQueue: common.celeryQueue)
        }
        let answersBell = AnswersBell()
        let celeryFollowers = CeleryFollowers(results: celeryResults, logger: Logger(label: "celery"))
        let celeryBus = CeleryBus(client: redis, subscriber: subscriber, keys: keys)
        let hub = EventHub(
            database: database, bus: bus, group: loops, metrics: eventMetrics,
            onWakeup: {
                dispatcher.lookAgain()
                answersBell.ring()
            },
            logger: Logger(label: "events"))
        self.hub = hub
        let announcer = EventAnnouncer(
            bus: bus, speaker: hub.speaker, wake: { hub.wake() }, logger: Logger(label: "events"))
        self.announcer = announcer
        let monitors = MonitorNews(tasks: celeryTasks, bus: celeryBus, logger: Logger(label: "celery"))
        self.monitors = monitors
        maxActiveJobsPerUser = configuration.gateway.maxActiveJobsPerUser
        var pace = Recovery.Pace()
        pace.workerSilence = workerSilence
        recovery = Recovery(
            jobs: JobStore(database), workers: WorkerStore(database), gateways: GatewayStore(database), queue: queue,
            queues: { library.queues },
            announcer: announcer, dispatcher: dispatcher, onRecovered: monitors.recovered, pace: pace,
            logger: Logger(label: "recovery"))
        houseKeeping = HouseKeeping(
            idempotency: IdempotencyStore(database), events: EventStore(database), logins: LoginThrottle(database),
            blocks: WorkerBlockStore(database), celery: celeryTasks, gateways: GatewayStore(database),
            actions: ActionLog(database), logger: Logger(label: "house-keeping"))
        let cacheBound = CanvasCacheBound(
            results: CanvasResultStore(database), projects: ProjectStore(database), folders: folders,
            bytes: Int64(configuration.gateway.canvasCacheMaxBytes), logger: Logger(label: "house-keeping"))
        let cacheStrays = CanvasCacheStrays(
            results: CanvasResultStore(database), projects: ProjectStore(database), folders: folders,
            logger: Logger(label: "house-keeping"))
        cacheKeeping = HouseKeeping(
            chores: [
                ("files of canvases", { try await cacheBound.keep() }),
                ("stray files of canvases", { try await cacheStrays.sweep() }),
            ], interval: .seconds(60),
            logger: Logger(label: "house-keeping"))
        let history = QueueHistory(database)
        queueKeeping = HouseKeeping(
            chores: [
                // Some times in a minute, so that none is left out; the first look counts.
                (
                    "minutes of queues",
                    {
                        // Goes on all the time: nothing to tell of.
                        if try await history.look() { _ = try await history.purge() }
                        return 0
                    }
                )
            ], interval: .seconds(15), logger: Logger(label: "house-keeping"))
        board = JobProgressBoard()
        let progress = ProgressListener(bus: bus, board: board, onReport: celeryFollowers.tell)
        self.progress = progress
        admissionDatabase = try Self.plannedDatabase(common, "studio-gateway-admission")
        let admission = JobAdmission(
            admissionDatabase, activeJobsPerUser: maxActiveJobsPerUser, mayPush: dispatcher.room.take)
        admissions = AdmissionQueue(admission) { jobs in
            dispatcher.dispatch(jobs)
            for project in Set(jobs.map(\.project)) { progress.watch(project) }
            Task { await announcer.announceAdmitted() }
        }
        let projects = ProjectStore(database)
        let jobs = JobStore(database)
        submission = JobSubmission(
            projects: ProjectDirectory(projects: projects), queue: admissions,
            idempotency: IdempotencyReplay(database: database), library: library,
            inputs: InputCheck(jobs: jobs, takes: TakeStore(database), folders: folders, library: library),
            transcodes: TranscodeChunks(
                takes: TakeStore(database), assets: AssetStore(database), folders: folders,
                lanes: FilmLanes(workers: WorkerStore(database), silence: workerSilence)))
        derivatives = DerivativePlanner(
            submission: submission, library: library, users: UserStore(database), store: DerivativeStore(database),
            folders: folders, logger: Logger(label: "assets"))
        ingest = AssetIngest(
            look: AssetLook(
                projects: projects, assets: AssetStore(database), derivatives: derivatives, folders: folders,
                announcer: announcer),
            settle: configuration.gateway.ingestSettle, folders: folders, logger: Logger(label: "assets"))
        scheduleCheck = ScheduleCheck(submission: submission, zones: ZoneLibrary(threads: folders.threads))
        schedules = ScheduleFiring(
            schedules: ScheduleStore(database), users: UserStore(database), jobs: jobs, check: scheduleCheck,
            announcer: announcer, logger: Logger(label: "schedules"))
        let celeryAnswers = CeleryAnswers(
            tasks: celeryTasks, results: celeryResults, followers: celeryFollowers, announcer: announcer,
            bus: celeryBus,
            sender: celerySender,
            logger: Logger(label: "celery"))
        self.celeryAnswers = celeryAnswers
        answersBell.connect { celeryAnswers.lookAgain() }
        celeryRevokes = CeleryRevokes(
            commands: celeryBus, tasks: celeryTasks, bus: bus,
            announcer: announcer, monitors: monitors, onRevoked: { celeryAnswers.expect() },
            logger: Logger(label: "celery"))
        celeryIntake = CeleryIntake(
            consumer: TaskConsumer(
                worker: WorkerID(), queues: [StudioKeys.celeryQueue], client: redis, keys: keys, group: loops,
                logger: Logger(label: "celery")),
            results: celeryResults,
            admission: CeleryAdmission(
                submission: submission, users: UserStore(database), projects: projects, tasks: celeryTasks,
                followers: celeryFollowers, progress: progress,
                logger: Logger(label: "celery")),
            tasks: celeryTasks, gateways: GatewayStore(database), sender: celerySender,
            onBegun: { celeryAnswers.expect() }, logger: Logger(label: "celery"))
        manifests = ProjectManifests(projects: projects, writers: writers, folders: folders)
        projectCreation = ProjectCreation(
            projects: projects, writers: writers, scaffold: ProjectScaffold(folders: folders),
            logger: Logger(label: "projects"))
        projectRecovery = ProjectRecovery(
            projects: projects, users: UserStore(database), creation: projectCreation, manifests: manifests,
            folders: folders, logger: Logger(label: "projects"))
    }

    /// Ends all connections to PostgreSQL, once what runs on them is done.
    func close() async {
        await admissionDatabase.close()
        await dispatchDatabase.close()
        await writers.close()
        await database.close()
    }

    /// The way to PostgreSQL.
    static func database(_ common: StudioConfiguration.Common) throws -> Database {
        try Database(
            PostgresConfiguration(
                common.databaseURL, applicationName: "studio-gateway", connections: common.databaseConnections))
    }

    /// One connection whose every statement has one good plan, however many jobs there are.
    private static func plannedDatabase(_ common: StudioConfiguration.Common, _ name: String) throws -> Database {
        var configuration = PostgresConfiguration(common.databaseURL, applicationName: name, connections: 1)
        configuration.plansOnce = true
        return try Database(configuration)
    }

    /// The way to Redis.
    static func redisConfiguration(_ common: StudioConfiguration.Common) throws -> RedisConfiguration {
        let configuration = try RedisConfiguration(url: common.redisURL)
        try configuration.tls?.check()
        return configuration
    }

    /// The path from the root of the file system.
    static func absolute(_ path: String) -> String {
        var path = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
