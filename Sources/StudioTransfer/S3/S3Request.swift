import FoundationEssentials
import StudioSystem

/// One request to a bucket, before it is signed.
struct S3Request: Sendable {
    /// Where the body of the answer goes.
    enum Sink: Sendable {
        case memory
        case file(path: String, limit: Int64)
    }

    var method: String
    /// Below the bucket, not encoded; empty for the bucket itself.
    var key: String
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body = HTTPRequest.Body.none
    /// SHA-256 of the body in hexadecimal.
    var payload = SignatureV4.empty
    var sink = Sink.memory
    /// Whether there is much to carry: then time is counted only while nothing moves.
    var isLarge = false
}

/// How patient a client of S3 is.
public struct S3Patience: Sendable, Hashable {
    /// How often something is tried in all; default 5.
    public var tries: Int
    /// The longest pause after the first try, twice that after the second and so on; default 200 ms.
    public var firstPause: Duration
    /// The longest pause at all; default 5 s.
    public var longestPause: Duration
    /// How long a small request may take; default 20 s.
    public var answer: Duration
    /// How long nothing may move while a file is carried; default 60 s.
    public var stall: Duration

    /// Patience.
    ///
    /// - Parameters:
    ///   - tries: How often something is tried in all; default 5.
    ///   - firstPause: The longest pause after the first try; default 200 ms.
    ///   - longestPause: The longest pause at all; default 5 s.
    ///   - answer: How long a small request may take; default 20 s.
    ///   - stall: How long nothing may move while a file is carried; default 60 s.
    public init(
        tries: Int = 5, firstPause: Duration = .milliseconds(200), longestPause: Duration = .seconds(5),
        answer: Duration = .seconds(20), stall: Duration = .seconds(60)
    ) {
        self.tries = max(1, tries)
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.answer = answer
        self.stall = stall
    }

    /// The pause after a try that failed, between half and all of what it may be, so that many do not come back at once.
    func pause(afterTry number: Int, chance: Double) -> Duration {
        var pause = firstPause
        for _ in 1..<max(2, min(number, 20)) where number > 1 && pause < longestPause { pause *= 2 }
        return min(pause, longestPause) * (0.5 + 0.5 * chance)
    }
}

extension StorageError {
    /// What an answer without success means.
    init(_ response: HTTPResponse, _ request: S3Request) {
        let document = S3Document(response.text)
        let code = document["Code"] ?? ""
        let said = document["Message"] ?? ""
        let detail = "\(request.method) \(request.key): \(response.status) \(code) \(said)"
        switch (response.status, code) {
        case (_, "NoSuchBucket"):
            self.init(.noBucket, "the bucket of STORAGE is not there", detail: detail)
        case (_, "RequestTimeTooSkewed"):
            self.init(.clockSkewed, "the clocks of this machine and of the storage differ too much", detail: detail)
        case (507, _): self.init(.storageFull, "no room is left in the storage", detail: detail)
        case (_, "SlowDown"), (_, "RequestTimeout"), (_, "InternalError"), (429, _), (500..., _):
            self.init(.unavailable, "the storage cannot answer at this moment", detail: detail)
        case (_, "BadDigest"), (_, "XAmzContentSHA256Mismatch"):
            self.init(.corrupt, "what arrived at the storage is not what was sent", detail: detail)
        case (401, _), (403, _):
            self.init(.accessDenied, "the storage does not let the studio do that", detail: detail)
        case (404, _): self.init(.notFound, "the storage has no such object", detail: detail)
        default: self.init(.refused, "the storage refused what was asked", detail: detail)
        }
    }

    /// What an exchange that did not come about means.
    init(_ error: TransferError) {
        switch error.code {
        case .unreachable, .timedOut, .protocolViolation:
            self.init(.unavailable, "the storage does not answer", detail: error.description)
        case .tls: self.init(.refused, "the storage's certificate is not trusted", detail: error.description)
        case .tooLarge: self.init(.corrupt, "the kept bytes are more than the file's", detail: error.description)
        case .invalidRequest: self.init(.refused, "the storage cannot be asked that", detail: error.description)
        case .fileFailed: self.init(.fileFailed, "a local file could not be used", detail: error.description)
        case .storageFull: self.init(.storageFull, "no room is left for the file", detail: error.description)
        case .cancelled: self.init(.cancelled, "the caller was cancelled")
        }
    }
}
