import Glibc

/// A Redis as a studio has one that it shares: TLS only, on a port, and a user who may touch nothing that does not begin
/// with the studio's prefix, nor what Python workers have in hand.
public final class SecuredRedis: Sendable {
    /// What stands before every key and channel that the user `studio` may touch.
    public static let prefix = "pfx:"

    /// The studio's keys after that, the queues of the shipped functions with them. Among them is not `unacked`: what Python workers have in hand.
    private static let names = [
        "studio*", "comfyui*", PythonStudio.queue + "*", "_kombu.binding*", "celery-task*", "*.reply.celery.pidbox",
    ]

    private let certificates: Certificates
    private let folder: TemporaryDirectory
    private let server: ChildProcess
    private let port: Int

    /// Starts it and waits until it accepts connections.
    ///
    /// - Throws: `TestKitError` when Redis or OpenSSL is not installed or does not start; `WaitTimedOut`.
    public init() async throws {
        certificates = try await Certificates()
        folder = try TemporaryDirectory("redis")
        port = try ProgramUnderTest.freePort()
        server = try ChildProcess(
            "redis-server",
            [
                "--port", "0", "--dir", folder.path, "--save", "", "--appendonly", "no", "--daemonize", "no",
                "--user", "studio", "on", ">se:c/r@t", "&\(Self.prefix)*", "+@all",
            ] + Self.names.map { "~\(Self.prefix)\($0)" } + [
                "--user", "python", "on", ">py", "~*", "&*", "+@all", "--user", "default", "off",
            ] + certificates.options(port: port))
        try await server.line(containing: "accept connections")
    }

    /// The URL of database 3 for the studio, whose user may touch only what has the prefix.
    public var studioURL: String { url("studio:se%3Ac%2Fr%40t") }

    /// The URL of database 3 for Python, whose clients also keep keys that have no prefix.
    public var pythonURL: String { url("python:py") }

    private func url(_ user: String) -> String {
        "rediss://\(user)@localhost:\(port)/3?ssl_cert_reqs=required&ssl_ca_certs=\(certificates.authority)"
    }

    /// Stops it.
    ///
    /// - Throws: `WaitTimedOut` when it does not stop.
    public func stop() async throws {
        server.send(SIGTERM)
        try await server.exit()
    }
}
