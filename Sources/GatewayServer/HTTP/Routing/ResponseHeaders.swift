import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Headers that every response carries, and what browsers of other origins may do.
struct ResponseHeaders: Sendable {
    /// Origins that browsers may call from; empty turns CORS off.
    let corsOrigins: Set<String>

    init(corsOrigins: [String] = []) {
        self.corsOrigins = Set(corsOrigins)
    }

    /// Completes a response. What a route set itself stays.
    func complete(_ response: inout Response, to request: Request, context: GatewayContext) {
        response.headers[.requestID] = context.requestID
        set(.xContentTypeOptions, "nosniff", &response)
        set(.contentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'", &response)
        set(.referrerPolicy, "no-referrer", &response)
        if request.uri.path.hasPrefix("/api/") { set(.cacheControl, "no-store", &response) }
        guard !corsOrigins.isEmpty else { return }
        // Caches must not give one origin's answer to another.
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        guard let origin = request.headers[.origin], corsOrigins.contains(origin) else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.exposed
    }

    /// The answer to a browser that asks first, where the origin may; nil for every other request.
    func preflight(_ request: Request, allowing allowed: @autoclosure () -> [String]) -> Response? {
        guard request.method == .options, let origin = request.headers[.origin], corsOrigins.contains(origin),
            request.headers[.accessControlRequestMethod] != nil
        else { return nil }
        let methods = allowed()
        guard !methods.isEmpty else { return nil }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: methods.joined(separator: ", "),
                .accessControlAllowHeaders: Self.accepted,
                .accessControlMaxAge: "600",
            ])
    }

    private static let accepted =
        "Authorization, Content-Type, Content-Range, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Range, "
        + "X-Request-Id, traceparent"
    private static let exposed =
        "Canvas-Merged, Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Location, RateLimit-Limit, "
        + "RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id"

    private func set(_ name: HTTPField.Name, _ value: String, _ response: inout Response) {
        if response.headers[name] == nil { response.headers[name] = value }
    }
}

extension HTTPField.Name {
    /// `Referrer-Policy`.
    static let referrerPolicy = Self(known: "referrer-policy")

    /// A name written in this source, known to be a token.
    init(known name: String) {
        // SAFETY: only names written in this source come here, and each is a token (RFC 9110, section 5.6.2).
        guard let parsed = Self(name) else { preconditionFailure("\(name) is not a header name") }
        self = parsed
    }
}
