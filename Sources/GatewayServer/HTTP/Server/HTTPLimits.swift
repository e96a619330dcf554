import NIOCore
import NIOHTTP1

/// What the server takes from a connection before it says no.
struct HTTPLimits: Sendable {
    /// The longest request target in bytes; longer gets 414. Default 8 KiB.
    var uriBytes = 8 * 1024
    /// The longest single header field in bytes; longer gets 431. Default 16 KiB.
    var headerFieldBytes = 16 * 1024
    /// All header fields together in bytes; more gets 431. Default 32 KiB.
    var headerBytes = 32 * 1024
    /// How many header fields; more gets 431. Default 100.
    var headerFields = 100
    /// How long a connection may stand idle between requests, or a request without a further byte. Default 75 s.
    var idleTimeout: Duration = .seconds(75)
    /// How long the first request's header may take to arrive. Default 15 s.
    var firstRequestTimeout: Duration = .seconds(15)
    /// The largest WebSocket frame, and message, in bytes; larger closes with 1009. Default 64 KiB.
    var webSocketFrameBytes = 64 * 1024
    /// How many connections may be open at a time; the next wait in the kernel's backlog. Default 20,000.
    var connections = 20_000

    var decoder: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        // The parser counts the target as a field of its own; it must let pass what is answered with 414 by name.
        limits.maxHeaderFieldSize = max(headerFieldBytes, uriBytes + 1024)
        limits.maxHeaderListSize = headerBytes + uriBytes
        limits.maxHeaderFieldCount = headerFields
        return limits
    }
}
