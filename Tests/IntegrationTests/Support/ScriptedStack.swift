import Foundation
import Glibc
import QueueProtocol
import StudioTestKit

/// A studio that `scripts/stack.sh` runs in a home of its own, with the programs this build made.
struct ScriptedStack: Sendable {
    let home: TemporaryDirectory
    let api: APIClient
    private let port: Int
    private let binaries: String

    /// Makes a home, lets the body use it, and stops what runs there however the body ends.
    static func use(_ body: (ScriptedStack) async throws -> Void) async throws {
        let stack = try ScriptedStack()
        do { try await body(stack) } catch {
            try? await stack.stop()
            throw error
        }
        try await stack.stop()
    }

    private init() throws {
        home = try TemporaryDirectory("scripted")
        // Started by root, PostgreSQL runs as another user, who has to get through here to its folder.
        guard chmod(home.path, 0o755) == 0 else { throw TestKitError("chmod \(home.path)") }
        port = try ProgramUnderTest.freePort()
        api = APIClient(base: "http://127.0.0.1:\(port)")
        binaries = URL(fileURLWithPath: try ProgramUnderTest.gateway.path()).deletingLastPathComponent().path
    }

    /// Runs one of the scripts as a person does.
    func script(
        _ name: String, _ arguments: [String] = [], settings: [String: String] = [:]
    ) async throws -> ChildProcess.Completed {
        let own = [
            "STUDIO_HOME": home.path, "PORT": String(port), "BINARIES": binaries, "WORKER_GRACE_SECONDS": "5",
        ]
        return try await ChildProcess.run(
            "\(Self.root)/scripts/\(name)", arguments, environment: own.merging(settings) { $1 })
    }

    /// Starts it in the background.
    ///
    /// - Returns: What it showed on the way.
    func start(settings: [String: String] = [:]) async throws -> String {
        let done = try await script("stack.sh", ["start"], settings: settings)
        guard done.exit == .code(0) else { throw TestKitError("stack.sh start: \(done.output)\(done.errors)") }
        // It has a session of its own and would outlive a test process that is killed.
        if let supervisor { try ChildProcess.endWithTest(group: supervisor) }
        return try String(contentsOfFile: home.path(".studio/log/stack.log"), encoding: .utf8)
    }

    /// Stops it, if it runs.
    func stop() async throws {
        guard let supervisor else { return }
        let done = try await script("stack.sh", ["stop"])
        guard done.exit == .code(0) else { throw TestKitError("stack.sh stop: \(done.output)\(done.errors)") }
        ChildProcess.outlivesTest(group: supervisor)
    }

    /// Runs a command of the gateway's program with the settings of the stack, which must be up.
    func gateway(_ arguments: [String]) async throws -> ChildProcess.Completed {
        let script = "set -a; . \"$1\"; shift; exec \"$@\""
        return try await ChildProcess.run(
            "bash",
            ["-c", script, "_", home.path(".studio/run/connections.env"), "\(binaries)/GatewayServer"] + arguments,
            environment: ["LOG_LEVEL": "error"])
    }

    /// The API for the one whose login a start showed.
    func signedIn(with login: FirstLogin) async throws -> APIClient {
        let answer = try await api.post(
            "/api/v1/auth/login", ["email": .string(login.email), "password": .string(login.password)])
        guard let token = answer.json["accessToken"]?.stringValue else { throw TestKitError("login: \(answer.text)") }
        return api.with(token: token)
    }

    /// The supervisor's process id, while there is one.
    private var supervisor: pid_t? {
        let text = try? String(contentsOfFile: home.path(".studio/run/stack"), encoding: .utf8)
        return text?.split(separator: " ").first.flatMap { pid_t($0) }
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
}

/// The login that a first start shows.
struct FirstLogin: Sendable {
    let email: String
    let password: String

    /// Finds it in what a start showed; nil where it shows none.
    init?(shownIn text: String) {
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { values[words[0]] = words[1] }
        }
        guard let email = values["email"], let password = values["password"] else { return nil }
        self.email = String(email)
        self.password = String(password)
    }
}
