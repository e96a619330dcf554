import NIOCore
import NIOHTTP1

/// Decides whether a connection's first request becomes a WebSocket, before anything is answered.
protocol UpgradeGate: Sendable {
    /// Whether the request is for a path that upgrades; asked on the event loop, must not wait.
    func concerns(_ head: HTTPRequestHead) -> Bool
    /// Who asks, and whether they may. Nil refuses: the request goes to the router, which says why (401, 404, 426).
    func admit(_ head: HTTPRequestHead, channel: any Channel) async -> AdmittedUpgrade?
}

/// An upgrade that may go on.
struct AdmittedUpgrade: Sendable {
    /// Headers of the 101 beyond those every WebSocket has, such as the subprotocol.
    var headers: HTTPHeaders
    /// Makes the handler that speaks on the connection from then on; it sees `WebSocketFrame`s come in and writes bytes.
    /// Called on the connection's event loop.
    var makeHandler: @Sendable (any Channel) -> any ChannelHandler
}
