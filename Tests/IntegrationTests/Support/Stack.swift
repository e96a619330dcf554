import Foundation
import Glibc
import QueueProtocol
import StudioTestKit

/// A whole studio as its user runs it: PostgreSQL, Redis, a gateway and workers as processes of their own, and a
/// workspace. Everything ends with the value.
actor Stack {
    nonisolated let postgres: PrivatePostgres
    nonisolated let redis: PrivateRedis
    nonisolated let home: TemporaryDirectory
    nonisolated let api: APIClient
    nonisolated let environment: [String: String]
    private(set) var gateway: ChildProcess
    private(set) var workers: [ChildProcess] = []

    nonisolated var workspace: String { home.path("Workspace") }
    static let email = "admin@studio.local"
    static let password = "correct horse battery staple"

    /// Starts a studio and signs in as its first user.
    ///
    /// - Parameters:
    ///   - workers: How many workers to start.
    ///   - settings: Settings laid over the test's own.
    ///   - gatewaySettings: Settings of the gateway alone.
    /// - Returns: The running studio.
    /// - Throws: `TestKitError` where a part does not start.
    static func start(
        workers: Int = 1, settings: [String: String] = [:], gatewaySettings: [String: String] = [:]
    ) async throws -> Stack {
        // Durable: what is promised must survive the kill of the server.
        let postgres = try await PrivatePostgres(durable: true)
        let redis = try await PrivateRedis()
        let home = try TemporaryDirectory("studio-stack")
        try Self.installLibrary(into: home.path("Workspace"))
        let port = try ProgramUnderTest.freePort()
        var environment = [
            "STUDIO_ENV": "development", "HOST": "127.0.0.1", "PORT": String(port), "INGEST_SETTLE_MS": "0",
            "DATABASE_URL": try await postgres.database(), "REDIS_URL": redis.url,
            "WORKSPACE_ROOT": home.path("Workspace"), "JWT_SECRET": Self.secret,
            "STUDIO_ADMIN_EMAIL": email, "STUDIO_ADMIN_PASSWORD": password, "LOG_LEVEL": "info", "LOG_FORMAT": "json",
            "WORKER_SLOTS": "2",
        ]
        environment.merge(settings) { $1 }
        for command in [["migrate"], ["first-login", "--json"]] {
            let done = try await ProgramUnderTest.gateway.run(command, environment: environment)
            guard done.exit == .code(0) else { throw TestKitError("\(command): \(done.errors)") }
        }
        let gateway = try ProgramUnderTest.gateway.start(
            ["serve"], environment: environment.merging(gatewaySettings) { $1 })
        let client = APIClient(base: "http://127.0.0.1:\(port)")
        try await Self.untilReady(client, gateway)
        let login = try await client.post(
            "/api/v1/auth/login", ["email": .string(email), "password": .string(password)])
        guard let token = login.json["accessToken"]?.stringValue else { throw TestKitError("login: \(login.text)") }
        let stack = Stack(
            postgres: postgres, redis: redis, home: home, api: client.with(token: token), environment: environment,
            gateway: gateway)
        for _ in 0..<workers { try await stack.startWorker() }
        return stack
    }

    static let secret = String(repeating: "integration-", count: 4)

    private init(
        postgres: PrivatePostgres, redis: PrivateRedis, home: TemporaryDirectory, api: APIClient,
        environment: [String: String], gateway: ChildProcess
    ) {
        self.postgres = postgres
        self.redis = redis
        self.home = home
        self.api = api
        self.environment = environment
        self.gateway = gateway
    }

    /// Starts one more worker and waits until it serves.
    @discardableResult
    func startWorker(settings: [String: String] = [:]) async throws -> ChildProcess {
        let name = "worker-\(workers.count + 1)"
        let settings = environment.merging(settings) { $1 }.merging(["WORKER_NAME": name]) { $1 }
        let worker = try ProgramUnderTest.worker.start(["serve"], environment: settings)
        workers.append(worker)
        try await worker.line(containing: "worker ready")
        return worker
    }

    /// Starts the gateway again after it ended.
    func restartGateway() async throws {
        gateway = try ProgramUnderTest.gateway.start(["serve"], environment: environment)
        try await Self.untilReady(api, gateway)
    }

    /// Ends everything in order, so that a test which leaves takes nothing along.
    func stop() async throws {
        for worker in workers where worker.ended == nil { worker.send(SIGTERM) }
        for worker in workers { try await worker.exit() }
        gateway.send(SIGTERM)
        try await gateway.exit()
        try await redis.stop()
        try await postgres.stop()
    }

    private static func untilReady(_ client: APIClient, _ gateway: ChildProcess) async throws {
        try await eventually("the gateway is ready") {
            if let exit = gateway.ended { throw TestKitError("the gateway ended: \(exit)\n\(gateway.lines)") }
            return (try? await client.get("/readyz").status) == 200
        }
    }

    /// Copies the shipped catalogue, as `make run` does for a home elsewhere.
    private static func installLibrary(into workspace: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        try FileManager.default.createDirectory(atPath: workspace, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: root.appendingPathComponent("Workspace/Library"),
            to: URL(fileURLWithPath: workspace).appendingPathComponent("Library"))
    }
}
