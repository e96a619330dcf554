import Foundation
import QueueProtocol
import StudioTestKit

/// A whole studio to be broken: PostgreSQL and Redis of its own, several gateways and workers, a line that can be cut
/// from every program to either, and what carries out functions beside the workers.
final class ChaosStudio: Sendable {
    static let secret = String(repeating: "chaos-secret-", count: 4)
    static let password = "correct horse battery staple"
    static let queues = ["studio", "side"]

    let postgres: PrivatePostgres
    let redis: PrivateRedis
    let home: TemporaryDirectory
    let database: String
    let ports: [Int]
    let gateways: [ProgramSlot]
    let workers: [ProgramSlot]
    /// The Python worker of Celery.
    let python: PythonSlot
    let models: ModelServers
    let postgresLines: [Part: CuttableLink]
    let redisLines: [Part: CuttableLink]
    /// The environment of commands, past the lines.
    let environment: [String: String]

    var workspace: String { home.path("Workspace") }

    /// Sets a studio up and starts it.
    init(_ settings: ChaosSettings, gateways gatewayCount: Int, workers workerCount: Int, journal: Journal) async throws
    {
        let postgres = try await PrivatePostgres(durable: true)
        let redis = try await PrivateRedis()
        let database = try await postgres.database()
        let home = try TemporaryDirectory("chaos")
        try Functions.install(into: home.path("Workspace"))
        let models = try await ModelServers()
        let environment = [
            "STUDIO_ENV": "development", "HOST": "127.0.0.1", "DATABASE_URL": database, "REDIS_URL": redis.url,
            "WORKSPACE_ROOT": home.path("Workspace"), "JWT_SECRET": Self.secret,
            "STUDIO_ADMIN_EMAIL": "a0@studio.local",
            "STUDIO_ADMIN_PASSWORD": Self.password, "TENANT_ADMIN_PASSWORD": Self.password, "LOG_LEVEL": "info",
            "LOG_FORMAT": "json", "WORKER_SLOTS": "16", "WORKER_QUEUES": Self.queues.joined(separator: ","),
            "WORKER_GRACE_SECONDS": "2", "RATE_LIMIT_PER_SECOND": "0", "INGEST_SETTLE_MS": "0",
            "STARTING_CREDITS": "1000000",
            "DOCKER_HOST": models.docker.host, "COMFYUI_URLS": models.comfyUIs.map(\.base).joined(separator: ","),
        ]
        for command in [["migrate"], ["first-login", "--json"]] {
            let done = try await ProgramUnderTest.gateway.run(command, environment: environment)
            guard done.exit == .code(0) else { throw TestKitError("\(command): \(done.errors)") }
        }
        var postgresLines: [Part: CuttableLink] = [:]
        var redisLines: [Part: CuttableLink] = [:]
        func slot(_ part: Part, _ program: ProgramUnderTest, _ own: [String: String]) throws -> ProgramSlot {
            let (line, redisLine) = (try CuttableLink(to: postgres), try CuttableLink(to: redis))
            postgresLines[part] = line
            redisLines[part] = redisLine
            let urls = ["DATABASE_URL": line.postgresURL(database), "REDIS_URL": redisLine.redisURL()]
            return ProgramSlot(
                part, program, environment: environment.merging(urls.merging(own) { $1 }) { $1 }, settings: settings,
                journal: journal)
        }
        ports = try (0..<gatewayCount).map { _ in try ProgramUnderTest.freePort() }
        gateways = try ports.enumerated().map { try slot(.gateway($0.offset), .gateway, ["PORT": String($0.element)]) }
        workers = try (0..<workerCount).map { try slot(.worker($0), .worker, [:]) }
        python = try PythonSlot(broker: redis.celeryURL(), journal: journal)
        self.models = models
        self.postgres = postgres
        self.redis = redis
        self.database = database
        self.home = home
        self.environment = environment
        self.postgresLines = postgresLines
        self.redisLines = redisLines
        try await python.start()
        for slot in gateways + workers { try await slot.start() }
    }

    func slot(_ part: Part) -> ProgramSlot? {
        switch part {
        case .worker(let index): workers[index]
        case .gateway(let index): gateways[index]
        case .python, .redis, .postgres, .docker, .comfyUI: nil
        }
    }

    /// Rows of a query past the programs, columns split. Many rows come on one line: of a program's output only the last
    /// lines are kept.
    func rows(_ query: String) async throws -> [[String]] {
        let lines = try await postgres.sql(
            """
            SELECT string_agg(line, chr(30) ORDER BY row) FROM (
                SELECT (SELECT string_agg(coalesce(c.value, ''), '|' ORDER BY c.place)
                        FROM json_each_text(row_to_json(q)) WITH ORDINALITY AS c (key, value, place)) AS line,
                    row_number() OVER () AS row
                FROM (\(query)) q
            ) n GROUP BY (row - 1) / 200 ORDER BY min(row)
            """, in: database)
        return lines.flatMap { line in
            line.split(separator: "\u{1e}", omittingEmptySubsequences: false).map { row in
                row.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            }
        }
    }

    /// The first number a query gives.
    func number(_ query: String) async throws -> Int {
        guard let number = try await postgres.sql(query, in: database).first.flatMap({ Int($0) }) else {
            throw TestKitError("no number: \(query)")
        }
        return number
    }

    /// Ends the workers in order.
    func stopWorkers() async throws { for slot in workers { try await slot.stop() } }

    /// Ends everything in order.
    func stop() async throws {
        try await stopWorkers()
        for slot in gateways { try await slot.stop() }
        try await python.stop()
        try await models.stop()
        try await redis.stop()
        try await postgres.stop()
    }
}
