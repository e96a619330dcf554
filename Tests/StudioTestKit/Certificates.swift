/// An authority of a test's own, and certificates that it has signed, good for two days.
public final class Certificates: Sendable {
    private let folder: TemporaryDirectory

    /// The path of the authority's certificate.
    public var authority: String { folder.path("ca.pem") }
    /// What the server shows: made out to the name `localhost` and to no address.
    public var server: (certificate: String, key: String) { (folder.path("server.pem"), folder.path("server.key")) }
    /// What a client shows.
    public var client: (certificate: String, key: String) { (folder.path("client.pem"), folder.path("client.key")) }

    /// Makes them all.
    ///
    /// - Throws: `TestKitError` with what `openssl` says.
    public init() async throws {
        folder = try TemporaryDirectory("certificates")
        try await openssl(
            ["req", "-x509"] + Self.fresh(folder.path("ca.key")) + [
                "-subj", "/CN=Test Authority", "-days", "2", "-out", authority,
            ])
        try folder.write("subjectAltName=DNS:localhost\n".utf8, to: "server.cnf")
        for (name, more) in [("server", ["-extfile", folder.path("server.cnf")]), ("client", [])] {
            let request = folder.path(name + ".csr")
            try await openssl(
                ["req", "-new"] + Self.fresh(folder.path(name + ".key")) + ["-subj", "/CN=\(name)", "-out", request])
            try await openssl(
                [
                    "x509", "-req", "-in", request, "-CA", authority, "-CAkey", folder.path("ca.key"),
                    "-CAcreateserial", "-days", "2", "-out", folder.path(name + ".pem"),
                ] + more)
        }
    }

    /// The options of a redis-server that speaks TLS on a port.
    ///
    /// - Parameters:
    ///   - port: The port.
    ///   - clients: Whether clients have to show a certificate: `yes`, `no` or `optional`; default no.
    /// - Returns: The options.
    public func options(port: Int, clients: String = "no") -> [String] {
        [
            "--tls-port", String(port), "--tls-cert-file", server.certificate, "--tls-key-file", server.key,
            "--tls-ca-cert-file", authority, "--tls-auth-clients", clients,
        ]
    }

    private static func fresh(_ key: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
    }

    private func openssl(_ arguments: [String]) async throws {
        let done = try await ChildProcess.run("openssl", arguments)
        guard done.exit == .code(0) else { throw TestKitError("openssl \(arguments[0]): \(done.errors)") }
    }
}
