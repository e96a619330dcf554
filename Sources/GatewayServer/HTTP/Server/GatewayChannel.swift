import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// The server's side of a connection: HTTP/1.1 and WebSockets on one port.
struct GatewayChannel: HTTPChannelHandler {
    /// A connection whose kind is not known before its first request.
    struct Connection: ServerChildChannelValue {
        let channel: any Channel
        let negotiated: EventLoopFuture<NegotiatedConnection>
    }

    let responder: HTTPChannelHandler.Responder
    let gate: any UpgradeGate
    let limits: HTTPLimits

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            let negotiated = channel.eventLoop.makePromise(of: NegotiatedConnection.self)
            do {
                let encoder = HTTPResponseEncoder()
                let decoder = ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits.decoder))
                let connectionGuard = ConnectionGuard(limits: limits)
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(encoder)
                try pipeline.addHandler(decoder)
                try pipeline.addHandler(connectionGuard)
                try pipeline.addHandler(
                    FirstRequestHandler(
                        gate: gate, limits: limits, logger: logger, negotiated: negotiated,
                        httpHandlers: [connectionGuard, encoder, decoder]))
                return Connection(channel: channel, negotiated: negotiated.futureResult)
            } catch {
                negotiated.fail(error)
                throw error
            }
        }
    }

    func handle(value: Connection, logger: Logger) async {
        switch try? await value.negotiated.get() {
        case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
        case .webSocket:
            await withTaskCancellationHandler {
                try? await value.channel.closeFuture.get()
            } onCancel: {
                value.channel.close(promise: nil)
            }
        case nil: break
        }
    }
}
