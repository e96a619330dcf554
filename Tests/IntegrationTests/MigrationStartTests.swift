import FoundationEssentials
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// Gateways that all start at once.
@Suite("Ten gateways start at once", .serialized, .timeLimit(.minutes(10)))
struct MigrationStartTests {
    @Test("On an empty database one of them applies each migration, and all of them serve")
    func emptyDatabase() async throws {
        let postgres = try await PrivatePostgres()
        let redis = try await PrivateRedis()
        let home = try TemporaryDirectory("ten")
        let url = try await postgres.database()
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        try FileManager.default.copyItem(atPath: "\(root)/Workspace/Library", toPath: home.path("Library"))
        var gateways: [(program: ChildProcess, environment: [String: String])] = []
        for _ in 0..<10 {
            let environment = [
                "DATABASE_URL": url, "REDIS_URL": redis.url, "WORKSPACE_ROOT": home.path, "LOG_FORMAT": "json",
                "JWT_SECRET": Stack.secret, "DATABASE_CONNECTIONS": "2", "INGEST_SETTLE_MS": "0",
                "PORT": String(try ProgramUnderTest.freePort()),
            ]
            gateways.append((try ProgramUnderTest.gateway.start(["serve"], environment: environment), environment))
        }
        for gateway in gateways {
            try await gateway.program.line(containing: "the gateway is ready")
        }
        // Each is asked as whoever watches a container asks.
        for gateway in gateways {
            try await eventually("it is well") {
                try await ProgramUnderTest.gateway.run(["health"], environment: gateway.environment).exit == .code(0)
            }
        }
        var applied: [Int] = []
        for line in gateways.flatMap({ $0.program.lines }) {
            let event = try JSONText.decode(JSONValue.self, from: line.text)
            guard event["message"] == "migration applied" else { continue }
            applied.append(try #require(event["version"]?.stringValue.flatMap { Int($0) }))
        }
        let rows = try await postgres.sql("SELECT version FROM schema_migrations ORDER BY version", in: url)
        #expect(!rows.isEmpty)
        #expect(applied.sorted().map(String.init) == rows, "each is told of once, by whoever did it")
        for gateway in gateways { gateway.program.send(SIGTERM) }
        for gateway in gateways { #expect(try await gateway.program.exit() == .code(0)) }
        let gone = try await ProgramUnderTest.gateway.run(["health"], environment: gateways[0].environment)
        #expect(gone.exit == .code(1))
        #expect(gone.errors.contains("no answer"))
        try await redis.stop()
        try await postgres.stop()
    }
}
