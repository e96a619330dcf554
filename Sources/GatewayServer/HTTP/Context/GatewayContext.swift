import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import QueueProtocol
import StudioCore
import StudioSystem

/// What a route knows of the request besides the request itself; lives as long as the request.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The request's id: the client's `X-Request-Id` where it is sane, else one of ours. Answered on every response.
    let requestID: String
    /// The trace the request belongs to.
    let traceparent: TraceParent
    /// The client's IP address, without the port: the peer's, or the one that trusted proxies say they were called from;
    /// `unix` for a Unix socket.
    let remoteAddress: String
    /// The client's connection, for what lasts as long as it: its event loop, and the moment it closes.
    let channel: any Channel
    /// Who asks; nil where the request carried no token. Routes ask with ``require(_:)``.
    var caller: Caller?

    /// The context of a request on a connection.
    init(head: HTTPRequest, channel: any Channel, proxies: TrustedProxies, logger: Logger) {
        self.channel = channel
        requestID = Self.requestID(from: head.headerFields[.requestID])
        traceparent = TraceParent(continuing: head.headerFields[.traceparent])
        remoteAddress = Self.client(of: channel, head.headerFields[.forwardedFor], proxies)
        coreContext = .init(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        self.logger[metadataKey: LogKey.requestID] = .string(requestID)
        self.logger[metadataKey: LogKey.traceID] = .string(traceparent.traceID)
    }

    init(source: ApplicationRequestContextSource) {
        let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: nil)
        self.init(head: head, channel: source.channel, proxies: TrustedProxies(), logger: source.logger)
    }

    private static func client(of channel: any Channel, _ forwardedFor: String?, _ proxies: TrustedProxies) -> String {
        guard let text = channel.remoteAddress?.ipAddress else { return "unix" }
        return IPAddress(text).map { proxies.client(of: $0, forwardedFor: forwardedFor).description } ?? text
    }

    /// A client may name its request with 1…128 letters, digits and `-_.:`; anything else could forge log lines.
    private static func requestID(from header: String?) -> String {
        guard let header, (1...128).contains(header.utf8.count), header.utf8.allSatisfy(isPlain) else {
            return JobID().description
        }
        return header
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"): true
        default: false
        }
    }
}

extension HTTPField.Name {
    /// `X-Request-Id`.
    static let requestID = Self(known: "x-request-id")
    /// `traceparent` (W3C).
    static let traceparent = Self(known: "traceparent")
    /// `X-Forwarded-For`.
    static let forwardedFor = Self(known: "x-forwarded-for")
    /// `Idempotency-Key`.
    static let idempotencyKey = Self(known: "idempotency-key")
    /// `Idempotency-Replayed`.
    static let idempotencyReplayed = Self(known: "idempotency-replayed")
}
