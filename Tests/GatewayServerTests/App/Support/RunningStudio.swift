import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Synchronization
import Testing

@testable import GatewayServer

/// A whole gateway as the program assembles it, in this process, with a database, a Redis and a workspace of its own.
struct RunningStudio: Sendable {
    /// What it runs on; outlives the gateway, so that a test may stop one and start another.
    struct Ground: Sendable {
        let workspace: TemporaryDirectory
        let postgres: String
        let redis: PrivateRedis
        var environment: [String: String]

        /// A fresh database with all migrations, a Redis of its own and a workspace with the shipped catalogue.
        static func make(_ extra: [String: String] = [:]) async throws -> Ground {
            let postgres = try await TestStudio.migrated()
            let redis = try await PrivateRedis()
            let workspace = try TemporaryDirectory("ws")
            try FileManager.default.createDirectory(
                atPath: workspace.path("Library"), withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: Repository.path("Workspace/Library/Pipeline_Templates"),
                toPath: workspace.path("Library/Pipeline_Templates"))
            let environment = [
                "DATABASE_URL": postgres, "REDIS_URL": redis.url, "WORKSPACE_ROOT": workspace.path, "PORT": "0",
                "JWT_SECRET": TestGateway.secret, "RATE_LIMIT_PER_SECOND": "0", "DATABASE_CONNECTIONS": "4",
                // Only the tests of it want the jobs that it makes.
                "INGEST_SETTLE_MS": "0",
            ]
            return Ground(
                workspace: workspace, postgres: postgres, redis: redis, environment: environment.merging(extra) { $1 })
        }

        var configuration: StudioConfiguration {
            get throws { try StudioConfiguration(environment: environment, program: .gateway) { _ in "" } }
        }

        func projectPath(_ name: String) -> String { workspace.path("Projects/\(name)") }
    }

    let ground: Ground
    let port: Int
    let parts: GatewayParts
    let admin: UserRecord
    let token: String

    /// Runs a gateway for as long as the body takes.
    static func run(
        _ extra: [String: String] = [:], credits: Int = 1000,
        _ body: @escaping @Sendable (RunningStudio) async throws -> Void
    ) async throws {
        try await run(on: Ground.make(extra), credits: credits, body)
    }

    /// Runs a gateway on ground that is there.
    static func run(
        on ground: Ground, credits: Int = 1000, _ body: @escaping @Sendable (RunningStudio) async throws -> Void
    ) async throws {
        await Places.gateways.enter()
        defer { Places.gateways.leave() }
        let configuration = try ground.configuration
        let parts = try GatewayParts(configuration)
        let listening = Watched<Int?>(nil)
        var assembly = GatewayAssembly(configuration: configuration, searchPath: "/usr/bin:/bin")
        assembly.parts = parts
        assembly.handlesSignals = false
        assembly.onListening = { port in listening.update { $0 = port } }
        let running = assembly
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await running.run() }
            defer { tasks.cancelAll() }
            let port = try await listening.wait("the gateway's port") { $0 }
            try await eventually("the gateway is ready") {
                guard try await Self.request(port: port, "GET", "/readyz").status == 200 else { return false }
                return try await Self.request(port: port, "GET", "/api/v1/functions").status == 401
            }
            let users = UserStore(parts.database)
            let made = try await users.createFirstAdmin(
                NewUser(
                    email: "ada@example.com", displayName: "Ada", passwordHash: "x", roles: [.admin], credits: credits),
                tenantName: WorkspaceLayout.defaultTenant)
            let found = try await users.find(email: "ada@example.com")
            guard let admin = made ?? found else { throw Missing(what: "the first user") }
            let token = try HS256Tokens(secret: TestGateway.secret).issue(
                TokenClaims(
                    user: admin.id, tenant: admin.tenant, roles: admin.roles, issuedAt: Date(),
                    expiresAt: Date().addingTimeInterval(600), id: "test"))
            try await body(
                RunningStudio(ground: ground, port: port, parts: parts, admin: admin, token: token))
        }
    }

    struct Missing: Error {
        let what: String
    }

    /// One request of the administrator.
    func request(
        _ method: String, _ path: String, headers: [String] = [], body: String? = nil,
        at place: SourceLocation = #_sourceLocation
    ) async throws -> HTTPReply {
        try await Self.request(
            port: port, method, path, headers: ["authorization: Bearer \(token)"] + headers, body: body, at: place)
    }

    /// Makes a project.
    @discardableResult
    func project(_ name: String = "film") async throws -> ProjectRecord {
        let reply = try await request("POST", "/api/v1/projects", body: #"{"name": "\#(name)", "title": "A film"}"#)
        guard reply.status == 201,
            let record = try await ProjectStore(parts.database).get(tenant: admin.tenant, name: name)
        else { throw Missing(what: "project \(name): \(reply.status) \(reply.text)") }
        return record
    }

    /// Submits a job; the reply as it came.
    func submit(_ body: String, project: String = "film", headers: [String] = []) async throws -> HTTPReply {
        try await request("POST", "/api/v1/projects/\(project)/jobs", headers: headers, body: body)
    }

    /// One request on a connection of its own; the answer is held against the contract.
    static func request(
        port: Int, _ method: String, _ path: String, headers: [String] = [], body: String? = nil,
        at place: SourceLocation = #_sourceLocation
    ) async throws -> HTTPReply {
        let connection = try await RawConnection.connect(to: port)
        var text = "\(method) \(path) HTTP/1.1\r\nhost: test\r\nconnection: close\r\n"
        for header in headers { text += header + "\r\n" }
        if let body {
            if !headers.contains(where: { $0.lowercased().hasPrefix("content-type") }) {
                text += "content-type: application/json\r\n"
            }
            text += "content-length: \(body.utf8.count)\r\n"
        }
        try await connection.send(text + "\r\n" + (body ?? ""))
        let reply = try await connection.reply(to: method, path, at: place)
        await connection.close()
        return reply
    }
}

/// Lets so many whole gateways run at a time: all tests at once would use up the shared server's connections.
final class Places: Sendable {
    static let gateways = Places(4)

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    private init(_ count: Int) { state = Mutex(State(free: count)) }

    func enter() async {
        await withCheckedContinuation { continuation in
            let goOn = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if goOn { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}

/// This repository's files, found from this very file.
enum Repository {
    static func path(_ relative: String) -> String {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        // Tests/GatewayServerTests/App/Support/RunningStudio.swift
        parts.removeLast(5)
        return (parts + [Substring(relative)]).joined(separator: "/")
    }
}

/// Runs the stock `git` in a project, as a person would.
func git(_ arguments: String..., at path: String) async throws -> String {
    let done = try await ChildProcess.run(
        "git", ["-c", "safe.directory=*", "-C", path] + arguments,
        environment: [
            "PATH": "/usr/bin:/bin", "HOME": path, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
        ])
    guard done.exit == .code(0) else { throw RunningStudio.Missing(what: "git \(arguments): \(done.errors)") }
    return done.output
}
