import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioGit
import StudioPostgres
import StudioRedis
import StudioSystem
import UnixSignals

/// The gateway put together from its parts: the one place that knows which adapters there are.
struct GatewayAssembly: Sendable {
    let configuration: StudioConfiguration
    /// The folders programs are looked for in.
    let searchPath: String
    /// Called once, with the port that is listened on.
    var onListening: @Sendable (Int?) async -> Void = { _ in }
    /// The parts to run; nil makes them from the configuration.
    var parts: GatewayParts?
    /// Whether SIGTERM and SIGINT stop it; otherwise only the end of its task does.
    var handlesSignals = true

    /// Runs the gateway until the process is told to stop by SIGTERM or SIGINT.
    ///
    /// - Throws: `StudioError` where the configuration cannot work; what ended a service that may not end.
    func run() async throws {
        let parts = try parts ?? GatewayParts(configuration)
        let gate = StartGate()
        let startUp = StartUp(
            environment: configuration.common.environment, searchPath: searchPath,
            gitClient: configuration.common.gitClient, database: parts.database,
            redis: parts.redis, library: parts.library, projects: parts.projectRecovery, gate: gate,
            logger: Logger(label: "start"))
        func later(_ service: any Service) -> ServiceGroupConfiguration.ServiceConfiguration {
            .init(service: AfterStart(gate: gate, service: service))
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    // In order of dependency; stopped in the other direction, the listener first.
                    .init(service: RedisService(run: parts.redis.run)),
                    .init(service: RedisService(run: parts.subscriber.run)),
                    .init(service: startUp),
                    later(parts.library),
                    later(parts.dispatcher),
                    later(parts.recovery),
                    later(parts.schedules),
                    later(parts.ingest),
                    later(parts.celeryAnswers),
                    later(parts.celeryIntake),
                    later(parts.celeryRevokes),
                    later(parts.houseKeeping),
                    later(parts.cacheKeeping),
                    later(parts.queueKeeping),
                    later(parts.projectRecovery),
                    .init(service: parts.progress),
                    later(parts.hub),
                    .init(service: http(parts, gate: gate)),
                ],
                gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [],
                // Below this level the library writes whole structures.
                logger: Logger(label: "services").atLeast(.info)))
        do {
            try await group.run()
        } catch {
            await parts.close()
            throw error
        }
        await parts.close()
    }

    private func http(_ parts: GatewayParts, gate: StartGate) -> HTTPService {
        let settings = configuration.gateway
        let users = UserStore(parts.database)
        let tokens = HS256Tokens(secret: settings.tokenSecret)
        let accounts = AccountCache(users: users)
        let authenticator = Authenticator(verifier: tokens, accounts: accounts)
        let rateLimiter = RateLimiter(requestsPerSecond: settings.requestsPerSecond)
        let limits = HTTPLimits()
        let httpMetrics = HTTPMetrics()
        let passwords = PasswordCheck()
        let login = LoginRoutes(
            users: users, actions: ActionLog(parts.database), throttle: LoginThrottle(parts.database),
            passwords: passwords, tokens: tokens, tokenLifetime: settings.tokenLifetime)
        let quotas = Quotas(
            requestsPerSecond: settings.requestsPerSecond == 0 ? nil : settings.requestsPerSecond,
            activeJobs: settings.maxActiveJobsPerUser == 0 ? nil : settings.maxActiveJobsPerUser,
            uploadMaxBytes: settings.uploadMaxBytes)
        let router = GatewayRouter([
            HealthRoutes(
                checks: [
                    .postgres(parts.database), .redis(parts.redis), .migrations(parts.database), .started(gate),
                ] + ReadinessCheck.lfsClient(searchPath: searchPath, place: configuration.common.gitClient)
                    + ReadinessCheck.storage(parts.folders.objects.storage)),
            MetricsRoutes(
                registry: .gateway(
                    http: httpMetrics, events: parts.eventMetrics, jobs: JobCounts(JobStore(parts.database)),
                    backlog: BacklogMetrics(
                        jobs: JobStore(parts.database), workers: WorkerStore(parts.database),
                        silence: parts.workerSilence),
                    queue: parts.queue, queues: { parts.library.queues })),
            // Not gated: the page says itself that the studio is starting.
            WebRoutes(folder: WebFolder(root: GatewayParts.absolute(settings.webRoot))),
            GatedRoutes(
                gate: gate,
                groups: [
                    login, AccountRoutes(users: users, quotas: quotas),
                    AdministrationRoutes(
                        database: parts.database, accounts: accounts, passwords: passwords,
                        bodySeal: HMACSHA256(key: settings.tokenSecret.utf8)),
                    EventRoutes(hub: parts.hub, authenticator: authenticator),
                ] + parts.routes(uploadLimit: Int64(settings.uploadMaxBytes))),
        ])
        let responder = GatewayResponder(
            router: router, authenticator: authenticator, rateLimiter: rateLimiter,
            headers: ResponseHeaders(corsOrigins: settings.corsOrigins), proxies: settings.trustedProxies,
            metrics: httpMetrics, logger: Logger(label: "http"))
        let upgrade = EventUpgrade(
            hub: parts.hub, authenticator: authenticator, rateLimiter: rateLimiter,
            messageLimit: limits.webSocketFrameBytes)
        var service = HTTPService(
            configuration: .init(address: .hostname(settings.host, port: settings.port), limits: limits),
            responder: responder, gate: upgrade, logger: Logger(label: "http"))
        service.onListening = onListening
        return service
    }
}

/// Keeps a connection to Redis for as long as the process runs.
private struct RedisService: Service {
    let run: @Sendable () async -> Void

    init(run: @escaping @Sendable () async -> Void) {
        self.run = run
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await run() }
    }
}
