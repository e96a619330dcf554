import HTTPTypes
import NIOCore
import NIOHTTP1

/// Lets `GET /api/v1/events` become a WebSocket where the token is good. Everything else is the router's to answer.
struct EventUpgrade: UpgradeGate {
    /// The path that upgrades.
    static let path = "/api/v1/events"
    /// The subprotocol browsers ask for, and get.
    static let subprotocol = "studio.v1"
    private static let tokenPrefix = "bearer."

    let hub: EventHub
    let authenticator: Authenticator
    let rateLimiter: RateLimiter
    let messageLimit: Int

    func concerns(_ head: HTTPRequestHead) -> Bool {
        head.uri.prefix { $0 != "?" } == Self.path
    }

    func admit(_ head: HTTPRequestHead, channel: any Channel) async -> AdmittedUpgrade? {
        let offered = Self.subprotocols(head.headers["sec-websocket-protocol"])
        guard
            let token = BearerToken.read(head.headers.first(name: "authorization")) ?? Self.token(in: offered),
            let caller = try? await authenticator.authenticate(token: token),
            rateLimiter.admit(caller.userID)?.isAllowed ?? true
        else { return nil }
        var headers = HTTPHeaders()
        if offered.contains(Self.subprotocol) { headers.add(name: "Sec-WebSocket-Protocol", value: Self.subprotocol) }
        return AdmittedUpgrade(headers: headers) { [hub, messageLimit] _ in
            EventSocket(hub: hub, caller: caller, messageLimit: messageLimit)
        }
    }

    /// The token among the subprotocols of a browser, which cannot send headers; nil where there is none.
    static func token(in subprotocols: [String]) -> String? {
        subprotocols.first { $0.hasPrefix(tokenPrefix) }.map { String($0.dropFirst(tokenPrefix.count)) }
    }

    /// The subprotocols in a header's values.
    static func subprotocols(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",") }.map { $0.trimming(while: { $0 == " " || $0 == "\t" }) }
    }
}
