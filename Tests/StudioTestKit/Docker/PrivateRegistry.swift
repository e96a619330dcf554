import FoundationEssentials

/// A registry of images of the tests' own, Debian's `docker-registry` on a free port, gone with the test process.
public final class PrivateRegistry: Sendable {
    private let directory: TemporaryDirectory
    private let server: ChildProcess
    /// What image names begin with.
    public let host: String

    /// Who may use a registry that is not for everybody.
    public static let login = (user: "ada", password: "secret")
    private let isPrivate: Bool

    /// Starts an empty registry.
    ///
    /// - Parameter isPrivate: Whether it is only for who knows ``login``.
    /// - Throws: `TestKitError` or `WaitTimedOut` where it does not start.
    public init(isPrivate: Bool = false) async throws {
        self.isPrivate = isPrivate
        directory = try TemporaryDirectory("registry")
        let port = try ProgramUnderTest.freePort()
        host = "127.0.0.1:\(port)"
        let file = try directory.write(
            "ada:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n".utf8, to: "users")
        let access = isPrivate ? "auth: {htpasswd: {realm: studio, path: \(file)}}" : ""
        let settings = try directory.write(
            """
            version: 0.1
            log: {level: warn}
            storage: {filesystem: {rootdirectory: \(directory.path("data"))}}
            http: {addr: "127.0.0.1:\(port)"}
            \(access)

            """.utf8, to: "settings.yml")
        let server = try ChildProcess("docker-registry", ["serve", settings])
        self.server = server
        let address = "http://\(host)/v2/"
        try await eventually("the registry answers") {
            guard server.ended == nil else { throw TestKitError("the registry ended: \(server.lines)") }
            return try await ChildProcess.run("curl", ["-s", address]).exit == .code(0)
        }
    }

    /// Gives an image of an engine's to the registry, and takes the name off it again.
    ///
    /// - Parameters:
    ///   - image: The image's name and tag in the engine.
    ///   - name: Its name and tag in the registry.
    ///   - docker: The engine.
    /// - Throws: `TestKitError` with the engine's words.
    public func push(_ image: String, as name: String, from docker: PrivateDocker) async throws {
        let parts = name.split(separator: ":")
        let repository = "\(host)/\(parts[0])"
        let tag = parts.count > 1 ? parts[1] : "latest"
        try await docker.request("POST", "/images/\(image)/tag?repo=\(repository)&tag=\(tag)")
        let told = isPrivate ? #"{"username": "ada", "password": "secret"}"# : "{}"
        let login = Data(told.utf8).base64EncodedString()
        let answer = try await docker.request(
            "POST", "/images/\(repository)/push?tag=\(tag)", ["-H", "X-Registry-Auth: \(login)"])
        guard !answer.contains("\"error\"") else { throw TestKitError("push of \(image): \(answer)") }
        try await docker.request("DELETE", "/images/\(repository):\(tag)?noprune=1")
    }

    /// The digest by which the registry knows an image.
    ///
    /// - Parameters:
    ///   - name: The image's name.
    ///   - tag: Its tag.
    /// - Returns: `sha256:…`.
    /// - Throws: `TestKitError` where it is not there.
    public func digest(of name: String, tag: String) async throws -> String {
        let done = try await ChildProcess.run(
            "curl",
            [
                "-sfI", "-H", "Accept: application/vnd.docker.distribution.manifest.v2+json",
                "http://\(host)/v2/\(name)/manifests/\(tag)",
            ])
        let lines = done.output.split(whereSeparator: \.isNewline)
        guard let line = lines.first(where: { $0.lowercased().hasPrefix("docker-content-digest:") }) else {
            throw TestKitError("the registry does not have \(name):\(tag): \(done.output)")
        }
        return line.drop { $0 != " " }.filter { !$0.isWhitespace }
    }

    /// Stops it.
    ///
    /// - Throws: `WaitTimedOut`.
    public func stop() async throws {
        try await server.stop()
    }
}
