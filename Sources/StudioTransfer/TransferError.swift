/// Why an HTTP exchange did not come about.
public struct TransferError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// There is no such host, nobody listens there, or the connection was lost.
        case unreachable
        /// It took longer than it may.
        case timedOut
        /// The peer's certificate is not trusted, or ours is not.
        case tls
        /// There is more than the caller takes.
        case tooLarge
        /// What came is not HTTP.
        case protocolViolation
        /// The request cannot be sent as it is: no HTTP address, or a header that would break the protocol.
        case invalidRequest
        /// A file could not be read or written.
        case fileFailed
        /// There is no room for a file that is received: the disk or the quota is used up.
        case storageFull
        /// The caller's task was cancelled.
        case cancelled
    }

    /// What kind of failure it is.
    public let code: Code
    /// More about it, for logs.
    public let message: String

    /// A failure.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is.
    ///   - message: More about it, for logs.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Code and message.
    public var description: String { "\(code.rawValue): \(message)" }
}
