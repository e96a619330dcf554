package import QueueProtocol

/// A request that creates, as its sender marked it.
package struct IdempotencyRequest: Sendable, Hashable {
    package var user: UserID
    /// 1…128 visible ASCII characters.
    package var key: String
    /// SHA-256 of method, path and body in hexadecimal: what "the same request" means.
    package var fingerprint: String

    package init(user: UserID, key: String, fingerprint: String) {
        self.user = user
        self.key = key
        self.fingerprint = fingerprint
    }
}

/// The first answer to a request that creates.
package struct IdempotentAnswer: Sendable, Hashable {
    package var status: Int
    package var headers: [String: String]
    package var body: String

    package init(status: Int, headers: [String: String], body: String) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What a key is worth to the one who claims it.
package enum IdempotencyClaim: Sendable, Hashable {
    /// Nobody came with it in the last 24 hours; the caller goes on and calls `complete`.
    case fresh
    case replay(IdempotentAnswer)
    /// The key came with another request.
    case mismatch
    /// The first request is not answered yet.
    case inProgress
}
