import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTransfer
import Synchronization

/// A client of a Docker engine's API, or of one that speaks it, over its Unix socket or over TCP with or without TLS.
///
/// Every call throws ``EngineError``. A call ends at once when its task is cancelled; what the engine was told to do by
/// then, it may still do.
final class ContainerEngine: Sendable {
    /// How long the engine has for what it does at once.
    static let patience = Duration.seconds(60)
    /// The version of the API that this client is written against; the oldest engine in use (Debian 12) speaks it.
    static let writtenAgainst = EngineVersion.Number(major: 1, minor: 41)

    private let client: HTTPClient
    private let base: String
    private let logins: RegistryLogins
    private struct Known {
        var version: EngineVersion?
        var capacity: EngineCapacity?
        var hasAnswered = false
    }
    private let known = Mutex(Known())

    /// A client; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - address: Where the engine is.
    ///   - logins: What registries of private images are told.
    init(_ address: EngineAddress, logins: RegistryLogins = RegistryLogins(folder: nil)) {
        self.logins = logins
        switch address {
        case .unixSocket(let path): (client, base) = (HTTPClient(.unixSocket(path)), "http://docker")
        case .tcp(let authority): (client, base) = (HTTPClient(), "http://\(authority)")
        case .tls(let authority, let certificates):
            let files = HTTPEndpoint.TLSFiles(
                authorities: "\(certificates)/ca.pem", certificate: "\(certificates)/cert.pem",
                key: "\(certificates)/key.pem")
            (client, base) = (HTTPClient(.tls(files)), "https://\(authority)")
        }
    }

    /// Whether it has ever answered this client.
    var hasAnswered: Bool { known.withLock { $0.hasAnswered } }

    /// What the engine is; asked once, and again after it was away.
    func version() async throws(EngineError) -> EngineVersion {
        if let version = known.withLock({ $0.version }) { return version }
        let answer = try await send(HTTPRequest(url: base + "/version", timeout: .seconds(10)))
        guard let version = EngineVersion(answer) else {
            throw EngineError(.strange, "what answers is no container engine")
        }
        known.withLock { ($0.version, $0.hasAnswered) = (version, true) }
        return version
    }

    /// What the engine's machine has; asked once, and again after it was away.
    func capacity() async throws(EngineError) -> EngineCapacity {
        if let capacity = known.withLock({ $0.capacity }) { return capacity }
        let info = try await call("GET", "/info")
        guard let cpus = info["NCPU"]?.intValue, let memory = info["MemTotal"]?.intValue else {
            throw EngineError(.strange, "the engine does not say what its machine has")
        }
        let capacity = EngineCapacity(cpus: max(1, cpus), memory: memory)
        known.withLock { $0.capacity = capacity }
        return capacity
    }

    /// Asks the engine for something and reads its answer.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path below the version, `/containers/json`.
    ///   - query: What is asked, by name.
    ///   - body: What is sent; nil sends nothing.
    ///   - timeout: How long it may take; nil is no limit.
    /// - Returns: The answer; null where it is empty.
    /// - Throws: ``EngineError``.
    func call(
        _ method: String, _ path: String, _ query: [String: String] = [:], body: JSONValue? = nil,
        timeout: Duration? = patience
    ) async throws(EngineError) -> JSONValue {
        try await send(try await request(method, path, query, body: body, timeout: timeout))
    }

    /// Asks the engine for something and hands its answer on as it comes.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path below the version.
    ///   - query: What is asked, by name.
    ///   - headers: Headers beside HTTP's own.
    ///   - stallTimeout: How long it may send nothing; nil is no limit.
    ///   - begun: Told when the answer begins.
    ///   - receive: Takes the answer in, in pieces.
    /// - Throws: ``EngineError``, or what the receiver threw.
    func follow(
        _ method: String, _ path: String, _ query: [String: String] = [:],
        headers: [(name: String, value: String)] = [], stallTimeout: Duration? = nil,
        begun: (@Sendable () -> Void)? = nil, receive: @Sendable (Data) async throws -> Void
    ) async throws {
        var request = try await request(method, path, query, timeout: nil)
        request.headers += headers
        request.stallTimeout = stallTimeout
        let response: HTTPResponse
        do {
            let heard: @Sendable (HTTPResponse) -> Void = { if $0.isSuccess { begun?() } }
            response = try await client.stream(request, begun: heard, receive: receive)
        } catch let error as TransferError {
            throw noted(EngineError(error))
        }
        guard response.isSuccess else { throw EngineError(response) }
    }

    /// What the registry of an image is told, where there is something to tell.
    func login(for image: ImageReference) async -> String? {
        let logins = logins
        return (try? await Blocking.run { logins.header(for: image.registry) }) ?? nil
    }

    private func request(
        _ method: String, _ path: String, _ query: [String: String], body: JSONValue? = nil, timeout: Duration?
    ) async throws(EngineError) -> HTTPRequest {
        let number = try await version().spoken
        let asked = query.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.escaped($0.value))" }
        var request = HTTPRequest(
            method: method,
            url: "\(base)/v\(number)\(path)" + (asked.isEmpty ? "" : "?" + asked.joined(separator: "&")),
            timeout: timeout)
        if let body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = .bytes(EngineJSON.bytes(body))
        }
        return request
    }

    private func send(_ request: HTTPRequest) async throws(EngineError) -> JSONValue {
        let response: HTTPResponse
        do throws(TransferError) {
            response = try await client.response(to: request)
        } catch {
            throw noted(EngineError(error))
        }
        guard response.isSuccess else { throw EngineError(response) }
        if response.body.isEmpty { return .null }
        guard let value = EngineJSON.value(response.body) else {
            throw EngineError(.strange, "the engine's answer is no JSON")
        }
        return value
    }

    /// An engine that was away may come back as another one.
    private func noted(_ error: EngineError) -> EngineError {
        if error.code == .unreachable { known.withLock { ($0.version, $0.capacity) = (nil, nil) } }
        return error
    }

    /// A value as it stands in a query, or a name in a path.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }
}
