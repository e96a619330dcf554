import NIOCore
import NIOSSL

/// How a connection to Redis is protected by TLS: what `rediss://` and its `ssl_…` members say, with the meanings that
/// they have for redis-py, and so for Celery.
public struct RedisTLS: Sendable, Hashable {
    /// How the server has to prove who it is.
    public enum Verification: Sendable, Hashable {
        /// By a certificate of an authority we trust, made out to the host's name or address.
        case full
        /// By a certificate of an authority we trust, whoever it is made out to.
        case authority
        /// Not at all: nobody can listen, and anybody can pretend to be the server.
        case none
    }

    /// How the server proves who it is; in full by default.
    public var verification = Verification.full
    /// The paths of PEM files, or folders of them, with the authorities that are trusted; the system's own where empty.
    public var authorities: [String] = []
    /// The path of the PEM file with the certificate that we show, and those between it and its authority; nil shows none.
    public var certificate: String?
    /// The path of the PEM file with the certificate's key; nil where it is in the certificate's file.
    public var key: String?

    /// The default: full verification against the system's authorities, no certificate of our own.
    public init() {}

    /// Reads the `ssl_…` members of a URL.
    ///
    /// `ssl_cert_reqs` is `required`, `optional` (for a client the same) or `none`, or these as Python's constants are
    /// named, `CERT_REQUIRED`; `ssl_check_hostname=false` leaves the host's name out of the proof; `ssl_ca_certs` and
    /// `ssl_ca_path` name authorities, `ssl_certfile` and `ssl_keyfile` what we show.
    init(members: [RedisURLText.Member]) throws(RedisError) {
        var (requirement, namesHost) = (Verification.full, true)
        for (name, value) in members {
            switch name {
            case "ssl_cert_reqs":
                switch value.lowercased() {
                case "required", "cert_required", "optional", "cert_optional": requirement = .full
                case "none", "cert_none": requirement = .none
                default:
                    throw RedisError(
                        .invalidConfiguration,
                        "the Redis URL's ssl_cert_reqs is none of required, optional and none")
                }
            case "ssl_check_hostname": namesHost = value.lowercased() != "false"
            case "ssl_ca_certs", "ssl_ca_path": authorities.append(value)
            case "ssl_certfile": certificate = value
            case "ssl_keyfile": key = value
            default:
                throw RedisError(.invalidConfiguration, "the Redis URL's \(name) is not understood")
            }
            if value.isEmpty {
                throw RedisError(.invalidConfiguration, "the Redis URL's \(name) is empty")
            }
        }
        if key != nil, certificate == nil {
            throw RedisError(.invalidConfiguration, "the Redis URL has ssl_keyfile and no ssl_certfile")
        }
        verification = requirement == .full && !namesHost ? .authority : requirement
    }

    /// Looks whether all files are there and hold what they should, so that a wrong path is found at the start. Blocks.
    ///
    /// - Throws: `RedisError` of code `invalidConfiguration` that names the member whose file cannot be used.
    public func check() throws(RedisError) { _ = try context() }

    /// What connections are made with; read from the files anew, for certificates are renewed. Blocks.
    func context() throws(RedisError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification =
            switch verification {
            case .full: .fullVerification
            case .authority: .noHostnameVerification
            case .none: .none
            }
        // A server that hangs must not keep a connection that was given up.
        configuration.shutdownTimeout = .seconds(1)
        if let first = authorities.first {
            configuration.trustRoots = .file(first)
            configuration.additionalTrustRoots = authorities.dropFirst().map { .file($0) }
        }
        if let certificate {
            configuration.certificateChain = try Self.read("ssl_certfile") {
                try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
            }
            configuration.privateKey = try Self.read(key == nil ? "ssl_certfile" : "ssl_keyfile") {
                .privateKey(try NIOSSLPrivateKey(file: key ?? certificate, format: .pem))
            }
        }
        return try Self.read(authorities.isEmpty ? "certificate" : "ssl_ca_certs") {
            try NIOSSLContext(configuration: configuration)
        }
    }

    private static func read<Value>(_ member: String, _ body: () throws -> Value) throws(RedisError) -> Value {
        do {
            return try body()
        } catch {
            throw RedisError(
                .invalidConfiguration, "the file that the Redis URL's \(member) names cannot be used: \(error)")
        }
    }
}
