import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem
import StudioTestKit
import Synchronization
import Testing

@testable import GatewayServer

/// A gateway's server with real parts, on a port of its own: what App assembles, with the settings tests turn.
struct TestGateway: Sendable {
    /// What a test turns.
    struct Settings: Sendable {
        var groups: [any RouteGroup] = []
        /// Routes that need the gateway's own database and bus.
        var moreGroups: @Sendable (Database, EventBus) -> [any RouteGroup] = { _, _ in [] }
        var limits = HTTPLimits()
        var requestsPerSecond = 0
        var burst: Int?
        var corsOrigins: [String] = []
        var trustedProxies = TrustedProxies()
        var clock: any Clock<Duration> = ContinuousClock()
        var now: @Sendable () -> Date = { Date() }
        var accountLifetime: Duration = .seconds(3)
        var grace: Duration = .seconds(20)
        var readiness: [ReadinessCheck] = []
        var throttle = LoginThrottle.Limits()
    }

    static let secret = "a key for tests that has thirty-two bytes"
    static let password = "correct horse battery"

    /// Its threads last as long as the process, so all tests share it.
    static let passwords = PasswordCheck()

    /// Each gateway takes connections of the one PostgreSQL, so only some run at a time.
    private static let turnstile = Turnstile(places: 12)

    let port: Int
    let studio: TestStudio
    let hub: EventHub
    let bus: EventBus
    let tokens = HS256Tokens(secret: secret)
    let log: LogCapture
    let metrics: HTTPMetrics
    let events: EventMetrics
    private let stop: @Sendable () async -> Void

    /// Runs a gateway for as long as the body takes, then stops it gracefully.
    static func run(
        _ settings: Settings = Settings(), _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        try await turnstile.enter()
        do {
            try await serve(settings, body)
        } catch {
            await turnstile.leave()
            throw error
        }
        await turnstile.leave()
    }

    private static func serve(
        _ settings: Settings, _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        let studio = try await TestStudio.make()
        let redis = try await PrivateRedis.shared()
        let configuration = try RedisConfiguration(url: try await redis.database())
        let log = LogCapture()
        let group = MultiThreadedEventLoopGroup.singleton
        let client = RedisClient(configuration: configuration, group: group, logger: log.logger)
        let subscriber = RedisSubscriber(configuration: configuration, group: group, logger: log.logger)
        let bus = EventBus(
            client: client, subscriber: subscriber, keys: StudioKeys(database: configuration.database))
        let events = EventMetrics()
        let hub = EventHub(
            database: studio.database, bus: bus, group: group, clock: settings.clock, now: settings.now,
            metrics: events, logger: log.logger)
        let users = UserStore(studio.database)
        let tokens = HS256Tokens(secret: secret)
        let accounts = AccountCache(users: users, lifetime: settings.accountLifetime)
        let authenticator = Authenticator(verifier: tokens, accounts: accounts, now: settings.now)
        let limiter = RateLimiter(requestsPerSecond: settings.requestsPerSecond, burst: settings.burst)
        let passwords = Self.passwords
        let http = HTTPMetrics()
        let own: [any RouteGroup] = [
            HealthRoutes(checks: settings.readiness),
            MetricsRoutes(
                registry: .gateway(
                    http: http, events: events, jobs: JobCounts(JobStore(studio.database), lifetime: .zero),
                    backlog: BacklogMetrics(
                        jobs: JobStore(studio.database), workers: WorkerStore(studio.database),
                        silence: .seconds(20), lifetime: .zero),
                    queue: TaskQueue(client: client, keys: StudioKeys(database: configuration.database)),
                    queues: { ["studio"] })),
            LoginRoutes(
                users: users, actions: ActionLog(studio.database),
                throttle: LoginThrottle(studio.database, limits: settings.throttle), passwords: passwords,
                tokens: tokens, tokenLifetime: .seconds(3600), now: settings.now),
            AccountRoutes(users: users, quotas: Quotas(requestsPerSecond: nil, uploadMaxBytes: 1)),
            AdministrationRoutes(
                database: studio.database, accounts: accounts, passwords: passwords,
                bodySeal: HMACSHA256(key: secret.utf8)),
            EventRoutes(hub: hub, authenticator: authenticator),
        ]
        let listening = Watched<Int?>(nil)
        let service = HTTPService(
            configuration: .init(
                address: .hostname("127.0.0.1", port: 0), limits: settings.limits, grace: settings.grace),
            responder: GatewayResponder(
                router: GatewayRouter(own + settings.groups + settings.moreGroups(studio.database, bus)),
                authenticator: authenticator, rateLimiter: limiter,
                headers: ResponseHeaders(corsOrigins: settings.corsOrigins), proxies: settings.trustedProxies,
                metrics: http, logger: log.logger),
            gate: EventUpgrade(
                hub: hub, authenticator: authenticator, rateLimiter: limiter,
                messageLimit: settings.limits.webSocketFrameBytes),
            logger: log.logger, onListening: { port in listening.update { $0 = port } })
        let services = ServiceGroup(
            configuration: .init(services: [.init(service: hub), .init(service: service)], logger: log.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await client.run() }
            tasks.addTask { await subscriber.run() }
            let running = Signal("the gateway has stopped")
            tasks.addTask {
                defer { running.fire() }
                try await services.run()
            }
            let port = try await listening.wait("the gateway's port") { $0 }
            try await client.waitUntilConnected()
            let gateway = TestGateway(
                port: port, studio: studio, hub: hub, bus: bus, log: log, metrics: http, events: events,
                stop: {
                    await services.triggerGracefulShutdown()
                    try? await running.wait(within: .seconds(30))
                })
            do {
                try await body(gateway)
            } catch {
                await gateway.shutDown()
                tasks.cancelAll()
                throw error
            }
            await gateway.shutDown()
            tasks.cancelAll()
        }
        await studio.database.close()
    }

    /// WebSockets and event streams that are open.
    var eventConnections: Int { events.openSessions }

    /// Clients that were closed because their events did not fit.
    var clientsTooSlow: Int { events.tooSlow }

    /// Stops gracefully; returns when everything has ended. Harmless when repeated.
    func shutDown() async { await stop() }

    /// A token of a user of the studio.
    func token(
        _ user: TestStudio.User? = nil, expires: Date = Date().addingTimeInterval(600)
    ) throws -> String {
        let user = user ?? studio.admin
        return try tokens.issue(
            TokenClaims(
                user: user.id, tenant: user.tenant, roles: user.roles, issuedAt: Date(), expiresAt: expires, id: "test")
        )
    }

    /// One request on a connection of its own; the answer is held against the contract.
    func request(
        _ method: String, _ path: String, token: String? = nil, headers: [String] = [], body: String? = nil,
        at place: SourceLocation = #_sourceLocation
    ) async throws -> HTTPReply {
        let connection = try await RawConnection.connect(to: port)
        defer { Task { await connection.close() } }
        var text = "\(method) \(path) HTTP/1.1\r\nhost: test\r\n"
        if let token { text += "authorization: Bearer \(token)\r\n" }
        for header in headers { text += header + "\r\n" }
        if let body {
            if !headers.contains(where: { $0.lowercased().hasPrefix("content-type") }) {
                text += "content-type: application/json\r\n"
            }
            text += "content-length: \(body.utf8.count)\r\n"
        }
        try await connection.send(text + "\r\n" + (body ?? ""))
        return try await connection.reply(to: method, path, at: place)
    }
}
