public import FoundationEssentials
public import StudioCore
import StudioTransfer

/// A real server that speaks S3, of `Tests/Python/s3_server.py`, on a free port of 127.0.0.1: holds every signature against
/// botocore's, every body against its digest, and fails as it is told.
public final class S3Server: Sendable {
    /// The one bucket.
    public static let bucket = "films"
    /// A key that may do everything.
    public static let writer = "AKIATESTWRITER"
    /// A key that may only read.
    public static let reader = "AKIATESTREADER"

    /// A request that came.
    public struct Asked: Sendable, Hashable, Decodable {
        /// Its method.
        public var method: String
        /// Its path and query, as they came.
        public var address: String
        /// How many bytes its body had.
        public var length: Int
    }

    private struct Fault: Encodable {
        var fail: Int
        var status: Int
        var code: String
        var methods: [String]
        var containing: String
        var done: Bool
    }

    /// The running server.
    public let process: ChildProcess
    /// Where it answers, such as `http://127.0.0.1:5000`.
    public let base: String
    private let folder: TemporaryDirectory
    private let client = HTTPClient()

    /// Starts a server with an empty bucket.
    ///
    /// - Throws: `TestKitError` when it cannot be started or ended with an error; `WaitTimedOut`.
    public init() async throws {
        folder = try TemporaryDirectory("s3")
        let port = try ProgramUnderTest.freePort()
        base = "http://127.0.0.1:\(port)"
        let program = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Python/s3_server.py")
        process = try ChildProcess(
            PythonProgram.interpreter(of: "storage"), ["-u", program.path, String(port), Self.bucket],
            environment: PythonProgram.environment, directory: folder.path)
        try await process.line(containing: "ready")
    }

    /// How it is reached.
    ///
    /// - Parameters:
    ///   - key: Who signs; default who may do everything.
    ///   - prefix: What stands before every key; default `productions`.
    ///   - linkLifetime: How long an address is good; default an hour.
    /// - Returns: The settings of a client.
    public func settings(
        _ key: String = writer, prefix: String = "productions", linkLifetime: Duration = .seconds(3600)
    ) -> S3Settings {
        S3Settings(
            bucket: Self.bucket, prefix: prefix, endpoint: URL(string: base), accessKeyID: key,
            secretAccessKey: "secret of \(key)", linkLifetime: linkLifetime)
    }

    /// The same for a program.
    ///
    /// - Returns: Environment variables.
    public func environment() -> [String: String] {
        [
            "STORAGE": "s3://\(Self.bucket)/productions", "S3_ENDPOINT": base, "AWS_ACCESS_KEY_ID": Self.writer,
            "AWS_SECRET_ACCESS_KEY": "secret of \(Self.writer)",
        ]
    }

    /// Has requests fail that are going to come.
    ///
    /// - Parameters:
    ///   - count: How many; -1 is all of them, 0 ends it.
    ///   - status: The status they get; default 503.
    ///   - code: The code that the answer names; default `SlowDown`.
    ///   - methods: Those that fail; default all.
    ///   - part: What is in the addresses of those that fail; default anything.
    ///   - isDone: Whether they are carried out all the same, as where an answer is lost; default no.
    /// - Throws: `TransferError`.
    public func fail(
        _ count: Int, status: Int = 503, code: String = "SlowDown", methods: [String] = [],
        containing part: String = "",
        isDone: Bool = false
    ) async throws {
        let fault = Fault(
            fail: count, status: status, code: code, methods: methods, containing: part, done: isDone)
        _ = try await client.response(
            to: HTTPRequest(method: "POST", url: "\(base)/_control", body: .bytes(JSONEncoder().encode(fault))))
    }

    /// Puts other bytes under a key, as no program of the studio would.
    ///
    /// - Parameters:
    ///   - key: The whole key.
    ///   - bytes: The bytes.
    /// - Throws: `TransferError`.
    public func replace(_ key: String, with bytes: Data) async throws {
        _ = try await client.response(
            to: HTTPRequest(
                method: "POST", url: "\(base)/_control", headers: [("x-replace", key)], body: .bytes(bytes)))
    }

    /// Follows an address, as whoever has it would.
    ///
    /// - Parameters:
    ///   - address: The whole address.
    ///   - method: The method; default `GET`.
    /// - Returns: The status, the media type and the bytes.
    /// - Throws: `TransferError`.
    public func follow(
        _ address: String, _ method: String = "GET"
    ) async throws -> (status: Int, mediaType: String?, bytes: Data) {
        let answer = try await client.response(to: HTTPRequest(method: method, url: address))
        return (answer.status, answer.headers["content-type"], answer.body)
    }

    /// What was asked of it so far, in order.
    ///
    /// - Returns: The requests, those of the server's own start first.
    /// - Throws: `TransferError`; what decoding throws.
    public func asked() async throws -> [Asked] {
        let answer = try await client.response(to: HTTPRequest(url: "\(base)/_control"))
        return try JSONDecoder().decode([Asked].self, from: answer.body)
    }
}
