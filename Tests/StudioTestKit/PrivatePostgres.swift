import FoundationEssentials
import Glibc

/// A PostgreSQL cluster of the tests' own, on a Unix socket only, gone with the test process.
///
/// ``shared()`` is started once per test process and hands out fresh databases; outage tests start one of their own
/// with ``init(durable:)`` and may stop, kill and start it. PostgreSQL refuses to run as root: then it runs as user
/// `postgres` (or `nobody`).
public actor PrivatePostgres {
    private static let sharedStart = Task { try await PrivatePostgres() }

    /// The cluster all tests of this process share; must not be stopped.
    ///
    /// - Returns: The running cluster.
    /// - Throws: `TestKitError` when PostgreSQL is not installed or does not start.
    public static func shared() async throws -> PrivatePostgres { try await sharedStart.value }

    /// An empty cluster that all others are copies of: to copy one takes a fifth of the time that making one does.
    private static let emptyCluster = Task {
        let directory = try TemporaryDirectory("pg")
        let user = try unprivilegedUser(owning: directory.path)
        let initdb = try await ChildProcess.run(
            "\(newestBinaries())/initdb",
            [
                "--pgdata", directory.path("data"), "--username", "studio", "--auth", "trust", "--encoding", "UTF8",
                "--locale", "C", "--no-sync", "--no-instructions",
            ], directory: directory.path, user: user)
        guard initdb.exit == .code(0) else { throw TestKitError("initdb failed: \(initdb.errors)") }
        return directory
    }

    private let directory: TemporaryDirectory
    private let binaries: String
    private let user: String?
    private let durable: Bool
    private var server: ChildProcess?
    private var templates: [String: Task<String, any Error>] = [:]
    private var nextDatabase = 0

    /// The path of the server's socket.
    public nonisolated var socket: String { directory.path(".s.PGSQL.5432") }

    /// Makes a cluster and starts it.
    ///
    /// - Parameter durable: True keeps fsync on, for tests that kill the server and count rows afterwards.
    /// - Throws: `TestKitError` when PostgreSQL is not installed or does not start.
    public init(durable: Bool = false) async throws {
        self.durable = durable
        directory = try TemporaryDirectory("pg")
        binaries = try Self.newestBinaries()
        user = try Self.unprivilegedUser(owning: directory.path)
        let copied = try await ChildProcess.run(
            "cp", ["-a", Self.emptyCluster.value.path("data"), directory.path("data")], user: user)
        guard copied.exit == .code(0) else { throw TestKitError("copying an empty cluster failed: \(copied.errors)") }
        try await start()
    }

    /// Starts the stopped cluster and waits until it accepts connections.
    ///
    /// - Throws: `TestKitError` or `WaitTimedOut` with the server's log.
    public func start() async throws {
        guard server?.ended != nil || server == nil else { return }
        var settings = [
            "listen_addresses=", "unix_socket_directories=\(directory.path)", "max_connections=200",
            "shared_buffers=64MB", "log_min_messages=warning", "logging_collector=off", "autovacuum_naptime=10s",
        ]
        if !durable { settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"] }
        let server = try ChildProcess(
            "\(binaries)/postgres", ["-D", directory.path("data")] + settings.flatMap { ["-c", $0] },
            environment: ["LC_ALL": "C"], directory: directory.path, user: user)
        self.server = server
        try await server.line(containing: "database system is ready to accept connections")
    }

    /// Stops the cluster: clients are cut off, data is kept.
    ///
    /// - Throws: `WaitTimedOut` when it does not stop.
    public func stop() async throws {
        guard let server else { return }
        server.send(SIGINT)
        try await server.exit()
        self.server = nil
    }

    /// Kills the cluster as a power cut would.
    ///
    /// - Throws: `WaitTimedOut`.
    public func kill() async throws {
        guard let server else { return }
        // SIGQUIT makes the postmaster take its processes with it and leave without a checkpoint; SIGKILL would
        // leave orphans that hold the shared memory for a moment and make the next start fail now and then.
        server.send(SIGQUIT)
        try await server.exit()
        self.server = nil
    }

    /// Stops and starts.
    ///
    /// - Throws: As ``stop()`` and ``start()``.
    public func restart() async throws {
        try await stop()
        try await start()
    }

    /// Makes a fresh, empty database.
    ///
    /// - Returns: Its libpq URI; the only user is `studio`, without a password.
    /// - Throws: `TestKitError` with PostgreSQL's words.
    public func database() async throws -> String {
        try await clone(of: "template0")
    }

    /// Makes a fresh database from a template that is prepared once per cluster (migrations, say).
    ///
    /// - Parameters:
    ///   - key: Names the preparation; letters and digits.
    ///   - prepare: Gets the template's URI the first time; must have closed its connections when it returns.
    /// - Returns: The new database's libpq URI.
    /// - Throws: `TestKitError` with PostgreSQL's words, or what the preparation threw.
    public func database(
        preparedAs key: String, by prepare: @escaping @Sendable (String) async throws -> Void
    ) async throws -> String {
        let preparation: Task<String, any Error>
        if let known = templates[key] {
            preparation = known
        } else {
            let name = "template_\(key)"
            preparation = Task {
                try await sql("CREATE DATABASE \"\(name)\" TEMPLATE template0")
                try await prepare(uri(of: name))
                return name
            }
            templates[key] = preparation
        }
        return try await clone(of: preparation.value)
    }

    /// Runs SQL as the superuser, outside the code under test.
    ///
    /// - Parameters:
    ///   - statements: One or more statements.
    ///   - database: The database's libpq URI; the maintenance database when `nil`.
    /// - Returns: The rows, unaligned, `|` between columns.
    /// - Throws: `TestKitError` with PostgreSQL's words.
    @discardableResult
    public func sql(_ statements: String, in database: String? = nil) async throws -> [String] {
        let done = try await ChildProcess.run(
            "\(binaries)/psql",
            [
                "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--command",
                statements, database ?? uri(of: "postgres"),
            ])
        guard done.exit == .code(0) else { throw TestKitError("psql: \(done.errors)") }
        return done.output.split(separator: "\n").map(String.init)
    }

    private func clone(of template: String) async throws -> String {
        nextDatabase += 1
        let name = "test_\(nextDatabase)"
        try await sql("CREATE DATABASE \"\(name)\" TEMPLATE \"\(template)\"")
        return uri(of: name)
    }

    private func uri(of database: String) -> String { "postgresql://studio@/\(database)?host=\(directory.path)" }

    private static func newestBinaries() throws -> String {
        let base = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        guard let newest = versions.compactMap({ Int($0) }).max() else {
            throw TestKitError("PostgreSQL is not installed below \(base); run scripts/install-system-packages.sh")
        }
        return "\(base)/\(newest)/bin"
    }

    /// As root: the user the server runs as, who then owns the folder. Otherwise `nil`.
    private static func unprivilegedUser(owning path: String) throws -> String? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name) else { continue }
            guard chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
                throw TestKitError.system("chown \(path)")
            }
            return name
        }
        throw TestKitError("neither user postgres nor nobody exists, and PostgreSQL does not run as root")
    }
}
