/// Why Redis could not do what it was asked.
public struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened, for programs.
    public enum Code: Sendable, Hashable {
        /// There is no connection, or it was lost before the reply; a command under way may or may not have been done.
        case unavailable
        /// The reply did not come in time and the connection was closed; the command may or may not have been done.
        case timeout
        /// The server answered with an error; the prefix is its first word, such as `WRONGTYPE`, `OOM`, `LOADING`,
        /// `NOSCRIPT` or `READONLY`.
        case server(prefix: String)
        /// What came was no RESP2, or not the kind of reply that the command has.
        case protocolViolation
        /// More is under way than the configuration allows; nothing was sent.
        case overloaded
        /// The calling task was cancelled; a command under way may or may not have been done.
        case cancelled
        /// The server refused who we say we are, or asks who we are.
        case authentication
        /// The configuration cannot be used.
        case invalidConfiguration
    }

    /// What happened.
    public let code: Code
    /// What happened, for people; free of passwords and of commands' arguments.
    public let message: String

    /// An error.
    ///
    /// - Parameters:
    ///   - code: What happened.
    ///   - message: What happened, for people.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The error that a server's error reply stands for.
    ///
    /// - Parameter text: The reply, such as `WRONGTYPE Operation against a key …`.
    init(serverReply text: String) {
        // Servers repeat the arguments of commands they do not know, and those may be secret.
        let cut = text.firstRange(of: " with args beginning").map { text[..<$0.lowerBound] } ?? text[...]
        let message = String(cut.prefix(300))
        let prefix = String(cut.prefix { $0 != " " })
        switch prefix {
        case "NOAUTH", "WRONGPASS": self.init(.authentication, message)
        default: self.init(.server(prefix: prefix), message)
        }
    }

    /// Whether the same call may go well later: the server was away, busy loading, or full.
    public var isTransient: Bool {
        switch code {
        case .unavailable, .timeout, .overloaded: true
        case .server(let prefix): ["LOADING", "OOM", "READONLY", "MASTERDOWN", "TRYAGAIN", "BUSY"].contains(prefix)
        case .protocolViolation, .cancelled, .authentication, .invalidConfiguration: false
        }
    }

    /// Whether an access rule of the server (`ACL`) denies the user a key, a channel or a command.
    public var isDenial: Bool { code == .server(prefix: "NOPERM") }

    /// Whether the server was there and said no.
    var isRefusal: Bool {
        switch code {
        case .server, .authentication, .protocolViolation: true
        case .unavailable, .timeout, .overloaded, .cancelled, .invalidConfiguration: false
        }
    }

    /// The message.
    public var description: String { message }
}
