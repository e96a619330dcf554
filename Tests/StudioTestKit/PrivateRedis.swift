import FoundationEssentials
import Glibc
import Synchronization

/// A Redis of the tests' own, on a Unix socket only, gone with the test process. It starts in some 20 ms, so a test that
/// uses pub/sub or stops Redis has its own; others may take a database of ``shared()``.
public actor PrivateRedis {
    private static let sharedStart = Task { try await PrivateRedis() }
    private static let databases = 1_024

    /// The Redis all tests of this process share; must not be stopped.
    ///
    /// - Returns: The running Redis.
    /// - Throws: `TestKitError` when Redis is not installed or does not start.
    public static func shared() async throws -> PrivateRedis { try await sharedStart.value }

    private let directory: TemporaryDirectory
    private var server: ChildProcess?
    private var nextDatabase = 0

    /// The socket's path, for `redis-cli -s`.
    public nonisolated let socket: String

    /// The URL of database 0.
    public nonisolated var url: String { "unix://\(socket)?db=0" }

    /// Starts a Redis with an append-only file that is flushed on every write.
    ///
    /// - Throws: `TestKitError` or `WaitTimedOut` with the server's log.
    public init() async throws {
        directory = try TemporaryDirectory("redis")
        socket = directory.path("s")
        try await start()
    }

    /// Starts the stopped Redis and waits until it accepts connections.
    ///
    /// - Parameter empty: True throws its data away first, as after the loss of the machine.
    /// - Throws: `TestKitError` or `WaitTimedOut` with the server's log.
    public func start(empty: Bool = false) async throws {
        guard server == nil else { return }
        if empty { try? FileManager.default.removeItem(atPath: directory.path("appendonlydir")) }
        let server = try ChildProcess(
            "redis-server",
            [
                "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", directory.path,
                "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
                "--databases", String(Self.databases), "--daemonize", "no",
            ], directory: directory.path)
        self.server = server
        try await server.line(containing: "ready to accept connections")
    }

    /// Stops Redis; its data is kept for the next start.
    ///
    /// - Throws: `WaitTimedOut` when it does not stop.
    public func stop() async throws {
        guard let server else { return }
        server.send(SIGTERM)
        try await server.exit()
        self.server = nil
    }

    /// Kills Redis with SIGKILL.
    ///
    /// - Throws: `WaitTimedOut`.
    public func kill() async throws {
        guard let server else { return }
        server.send(SIGKILL)
        try await server.exit()
        self.server = nil
    }

    /// Stops and starts.
    ///
    /// - Parameter empty: True throws its data away in between.
    /// - Throws: As ``stop()`` and ``start(empty:)``.
    public func restart(empty: Bool = false) async throws {
        try await stop()
        try await start(empty: empty)
    }

    /// Keeps a copy of the data as it is now, for ``restartAsKept()``.
    ///
    /// - Throws: What the file system said.
    public func keep() throws {
        try? FileManager.default.removeItem(atPath: directory.path("kept"))
        try FileManager.default.copyItem(atPath: directory.path("appendonlydir"), toPath: directory.path("kept"))
    }

    /// Stops, and starts with the data of the last ``keep()``, as from a backup.
    ///
    /// - Throws: As ``stop()`` and ``start(empty:)``; what the file system said.
    public func restartAsKept() async throws {
        try await stop()
        try FileManager.default.removeItem(atPath: directory.path("appendonlydir"))
        try FileManager.default.copyItem(atPath: directory.path("kept"), toPath: directory.path("appendonlydir"))
        try await start()
    }

    /// The URL of a database nobody else of this process has. Keys are separate, pub/sub channels are not.
    ///
    /// - Returns: A `unix://` URL.
    /// - Throws: `TestKitError` when all databases are given out.
    public func database() throws -> String {
        nextDatabase += 1
        guard nextDatabase < Self.databases else { throw TestKitError("all \(Self.databases) databases are in use") }
        return "unix://\(socket)?db=\(nextDatabase)"
    }

    /// Runs one command outside the code under test.
    ///
    /// - Parameters:
    ///   - command: The command and its arguments.
    ///   - database: The number of the database.
    /// - Returns: The reply as `redis-cli` prints it, raw.
    /// - Throws: `TestKitError` with Redis's words.
    @discardableResult
    public func command(_ command: String..., database: Int = 0) async throws -> String {
        let done = try await ChildProcess.run("redis-cli", ["-e", "-s", socket, "-n", String(database)] + command)
        guard done.exit == .code(0) else { throw TestKitError("redis-cli: \(done.output)\(done.errors)") }
        return done.output
    }
}
