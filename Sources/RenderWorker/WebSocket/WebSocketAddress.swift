import FoundationEssentials

/// Where a WebSocket server is, and what is asked of it.
struct WebSocketAddress: Sendable, Hashable {
    /// The server's name or number, an IPv6 one without brackets.
    var host: String
    var port: Int
    /// Whether it is spoken to by TLS.
    var isSecure = false
    /// Path and query, percent-encoded.
    var target = "/"
    /// What `Authorization` says; nil leaves it out.
    var authorization: String?

    /// Host and port as `Host` says them.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Why there is no WebSocket, or why it ended.
enum WebSocketFailure: Error, CustomStringConvertible {
    /// Nobody listens there, or the connection was lost before it was one.
    case unreachable(String)
    /// The server answered, and not with an upgrade.
    case refused
    /// It took longer than it may.
    case late

    var description: String {
        switch self {
        case .unreachable(let reason): "not reachable: \(reason)"
        case .refused: "the server does not speak WebSocket there"
        case .late: "no WebSocket in the time that it may take"
        }
    }
}
