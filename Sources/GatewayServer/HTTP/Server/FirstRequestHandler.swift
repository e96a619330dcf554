import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// What a connection turned out to be.
enum NegotiatedConnection: Sendable {
    /// HTTP/1.1, the requests of which go to the router one by one.
    case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
    /// A WebSocket, which a channel handler of its own serves until the channel closes.
    case webSocket
}

/// Decides by the first request what a connection is: HTTP/1.1 for good, or a WebSocket.
///
/// NIO's own upgrade handler drops a request whose upgrade is refused. This one keeps it and hands it to the router, so
/// that refused and unknown upgrades are answered like any other request. While it is being decided nothing more is read.
final class FirstRequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waiting
        case deciding(HTTPRequestHead, kept: [HTTPServerRequestPart], heldRead: Bool)
        case decided
    }

    private let gate: any UpgradeGate
    private let limits: HTTPLimits
    private let logger: Logger
    private let negotiated: EventLoopPromise<NegotiatedConnection>
    /// The handlers that come out of the pipeline when it becomes a WebSocket, the decoder last.
    private let httpHandlers: [any RemovableChannelHandler]
    private var state = State.waiting
    private var timeout: Scheduled<Void>?

    init(
        gate: any UpgradeGate, limits: HTTPLimits, logger: Logger, negotiated: EventLoopPromise<NegotiatedConnection>,
        httpHandlers: [any RemovableChannelHandler]
    ) {
        self.gate = gate
        self.limits = limits
        self.logger = logger
        self.negotiated = negotiated
        self.httpHandlers = httpHandlers
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timeout = context.eventLoop.scheduleTask(in: TimeAmount(limits.firstRequestTimeout)) {
            channel.close(mode: .all, promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(ChannelError.eof))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.failure(ChannelError.eof))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .waiting:
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            timeout?.cancel()
            if gate.concerns(head), Self.offersWebSocket(head) {
                state = .deciding(head, kept: [.head(head)], heldRead: false)
                decide(head, context: context)
            } else {
                becomeHTTP(replaying: [.head(head)], context: context)
            }
        case .deciding(let head, var kept, let heldRead):
            kept.append(unwrapInboundIn(data))
            state = .deciding(head, kept: kept, heldRead: heldRead)
        case .decided: context.fireChannelRead(data)
        }
    }

    func read(context: ChannelHandlerContext) {
        if case .deciding(let head, let kept, _) = state {
            state = .deciding(head, kept: kept, heldRead: true)
        } else {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Nothing has been asked yet, so there is nothing to wait for.
        if event is ChannelShouldQuiesceEvent, case .waiting = state { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func decide(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let channel = context.channel
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let admitted = context.eventLoop.makeFutureWithTask { [gate] in await gate.admit(head, channel: channel) }
        let accepted = admitted.flatMap { admitted -> EventLoopFuture<(AdmittedUpgrade, HTTPHeaders)?> in
            guard let admitted else { return channel.eventLoop.makeSucceededFuture(nil) }
            return Self.response(to: head, admitted: admitted, channel: channel).map { (admitted, $0) }
        }
        accepted.whenComplete { result in
            let (handler, context) = loopBound.value
            guard context.channel.isActive else { return }
            if case .success(.some((let admitted, let headers))) = result {
                handler.becomeWebSocket(admitted, headers: headers, context: context)
            } else {
                handler.refuse(context: context)
            }
        }
    }

    private func refuse(context: ChannelHandlerContext) {
        guard case .deciding(_, let kept, let heldRead) = state else { return }
        becomeHTTP(replaying: kept, context: context)
        if heldRead { context.read() }
    }

    private func becomeHTTP(replaying parts: [HTTPServerRequestPart], context: ChannelHandlerContext) {
        state = .decided
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: limits.idleTimeout, logger: logger))
            let http = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: context.channel,
                configuration: .init(isOutboundHalfClosureEnabled: true))
            finish(.success(.http(http)))
            for part in parts { context.fireChannelRead(wrapInboundOut(part)) }
            context.fireChannelReadComplete()
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            finish(.failure(error))
            context.close(promise: nil)
        }
    }

    private func becomeWebSocket(_ admitted: AdmittedUpgrade, headers: HTTPHeaders, context: ChannelHandlerContext) {
        guard case .deciding = state else { return }
        state = .decided
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        do {
            let pipeline = context.pipeline.syncOperations
            let decoder = WebSocketFrameDecoder(maxFrameSize: limits.webSocketFrameBytes)
            try pipeline.addHandler(ByteToMessageHandler(decoder))
            try pipeline.addHandler(admitted.makeHandler(context.channel))
            finish(.success(.webSocket))
            // The decoder last: what the client sent after its request goes on to the frames' decoder as it leaves.
            pipeline.removeHandler(self, promise: nil)
            for handler in httpHandlers { pipeline.removeHandler(handler, promise: nil) }
            context.channel.read()
        } catch {
            finish(.failure(error))
            context.close(promise: nil)
        }
    }

    private func finish(_ result: Result<NegotiatedConnection, any Error>) {
        timeout?.cancel()
        timeout = nil
        // A promise may be completed once; whoever comes later has nothing to add.
        if !isFinished {
            isFinished = true
            negotiated.completeWith(result)
        }
    }

    private var isFinished = false

    /// The headers of the 101; fails where key or version are not what RFC 6455 asks.
    private static func response(
        to head: HTTPRequestHead, admitted: AdmittedUpgrade, channel: any Channel
    ) -> EventLoopFuture<HTTPHeaders> {
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(admitted.headers) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        return upgrader.buildUpgradeResponse(
            channel: channel, upgradeRequest: head, initialResponseHeaders: HTTPHeaders())
    }

    private static func offersWebSocket(_ head: HTTPRequestHead) -> Bool {
        head.method == .GET && head.version == .http1_1
            && head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
    }
}
