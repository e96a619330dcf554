import FoundationEssentials
public import QueueProtocol
import StudioTransfer

/// A server that speaks ComfyUI's protocol with all its traps, `Tests/Python/comfyui_server.py`, on a port of 127.0.0.1.
public final class ComfyUIServer: Sendable {
    /// What came and what was done.
    public struct Log: Sendable {
        /// The requests in their order: `method`, `path` without `/api`, `query`, `body`.
        public let requests: [JSONValue]
        /// The prompts whose execution began, in their order.
        public let started: [String]
        /// How many sockets are connected.
        public let sockets: Int

        /// How often a path was asked for.
        ///
        /// - Parameters:
        ///   - path: The path, without `/api`.
        ///   - method: The method; default `POST`.
        /// - Returns: The number.
        public func count(_ path: String, _ method: String = "POST") -> Int {
            requests.count { $0["path"]?.stringValue == path && $0["method"]?.stringValue == method }
        }

        /// The bodies that came to a path, in their order.
        ///
        /// - Parameter path: The path, without `/api`.
        /// - Returns: The bodies.
        public func bodies(_ path: String) -> [JSONValue] {
            requests.filter { $0["path"]?.stringValue == path && $0["method"] == "POST" }.compactMap {
                ($0["body"]?.stringValue).flatMap { try? JSONText.decode(JSONValue.self, from: $0) }
            }
        }
    }

    /// Where it is, such as `http://127.0.0.1:8188`.
    public let base: String
    /// The folder of its inputs and outputs.
    public let folder: TemporaryDirectory
    private let arguments: [String]
    private let running: Watched<ChildProcess>
    private let http = HTTPClient()

    /// Starts a server and waits until it listens.
    ///
    /// - Parameters:
    ///   - isOld: Whether it behaves as version 0.3.64, without jobs; default as 0.33.0.
    ///   - without: Node types that it has not.
    ///   - arguments: More arguments of the program.
    /// - Throws: `TestKitError` when it cannot be started; `WaitTimedOut`.
    public init(isOld: Bool = false, without: [String] = [], arguments: [String] = []) async throws {
        folder = try TemporaryDirectory("comfyui")
        let port = try ProgramUnderTest.freePort()
        base = "http://127.0.0.1:\(port)"
        self.arguments =
            ["--base", folder.path, "--port", "\(port)", "--without", without.joined(separator: ",")]
            + (isOld ? ["--old"] : []) + arguments
        running = Watched(try await Self.start(self.arguments))
    }

    /// The running program.
    public var process: ChildProcess { running.value }

    /// Kills it with all that it has in its memory.
    ///
    /// - Throws: `WaitTimedOut`.
    public func kill() async throws {
        process.send(9, toGroup: true)
        try await process.exit()
    }

    /// Kills it and starts it anew at the same place.
    ///
    /// - Throws: `TestKitError`, `WaitTimedOut`.
    public func restart() async throws {
        try await kill()
        try await start()
    }

    /// Starts it at the same place, with nothing in its memory, where it does not run.
    ///
    /// - Throws: `TestKitError`, `WaitTimedOut`.
    public func start() async throws {
        guard process.ended != nil else { return }
        let process = try await Self.start(arguments)
        running.update { $0 = process }
    }

    /// What came and what was done since it was started.
    ///
    /// - Returns: The log.
    /// - Throws: What HTTP says.
    public func log() async throws -> Log {
        let value = try await get("/_test/log")
        return Log(
            requests: value["requests"]?.arrayValue ?? [],
            started: (value["started"]?.arrayValue ?? []).compactMap(\.stringValue),
            sockets: value["sockets"]?.intValue ?? 0)
    }

    /// Has the next answers of a path fail.
    ///
    /// - Parameters:
    ///   - path: The path, without `/api`.
    ///   - how: `500-before`, `500-enqueued`, `drop-before`, `drop-enqueued` of `/prompt`; `503` and `drop` of any.
    ///   - times: How many of them.
    /// - Throws: What HTTP says.
    public func fail(_ path: String, _ how: String, times: Int = 1) async throws {
        try await control("fault", ["route": .string(path), "how": .string(how), "times": .integer(Int64(times))])
    }

    /// Changes what it does; see the program.
    ///
    /// - Parameters:
    ///   - what: `sockets`, `hold`, `nodes`.
    ///   - body: How.
    /// - Throws: What HTTP says.
    public func control(_ what: String, _ body: JSONValue) async throws {
        _ = try await post("/_test/\(what)", body)
    }

    /// Asks for a JSON document.
    ///
    /// - Parameter path: The path.
    /// - Returns: The document.
    /// - Throws: What HTTP says.
    public func get(_ path: String) async throws -> JSONValue {
        let response = try await http.response(to: HTTPRequest(url: base + path), limit: 64 << 20)
        return try JSONText.decode(JSONValue.self, from: response.body)
    }

    /// Posts a JSON document.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - body: The document.
    /// - Returns: The status, and the answer where it is JSON.
    /// - Throws: What HTTP says.
    @discardableResult
    public func post(_ path: String, _ body: JSONValue) async throws -> (status: Int, body: JSONValue) {
        let response = try await http.response(
            to: HTTPRequest(method: "POST", url: base + path, body: .bytes(try JSONText.compact(body))))
        return (response.status, (try? JSONText.decode(JSONValue.self, from: response.body)) ?? .null)
    }

    /// The ids of the prompts that run, and of those that wait.
    ///
    /// - Returns: Both.
    /// - Throws: What HTTP says.
    public func queue() async throws -> (running: [String], pending: [String]) {
        let value = try await get("/queue")
        func ids(_ key: String) -> [String] {
            (value[key]?.arrayValue ?? []).compactMap { $0.arrayValue?.dropFirst().first?.stringValue }
        }
        return (ids("queue_running"), ids("queue_pending"))
    }

    private static func start(_ arguments: [String]) async throws -> ChildProcess {
        let process = try ChildProcess(
            PythonProgram.interpreter(), ["-u", Self.tests.appending(path: "comfyui_server.py").path] + arguments,
            environment: PythonProgram.environment)
        try await process.line(containing: "listening on ")
        return process
    }

    private static var tests: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Python")
    }

    /// A workflow that was run on real servers of both versions.
    ///
    /// - Parameter name: Its file's name without `.api.json`, such as `01_solid_color`.
    /// - Returns: The workflow.
    /// - Throws: What the file system says.
    public static func workflow(_ name: String) throws -> JSONValue {
        let file = tests.appending(path: "comfyui/workflows/\(name).api.json")
        return try JSONText.decode(JSONValue.self, from: try Data(contentsOf: file))
    }
}
