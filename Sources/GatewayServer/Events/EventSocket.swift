import FoundationEssentials
import NIOCore
import NIOWebSocket
import StudioCore

/// A WebSocket of the event stream, as a channel handler: frames come in, bytes of whole frames go out.
///
/// It takes text frames up to the decoder's limit, whole or in fragments with control frames between them, answers pings,
/// echoes close codes, and sends what its session has for as long as the connection takes it.
final class EventSocket: ChannelInboundHandler, EventSessionOutput {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    /// Close codes of RFC 6455, section 7.4.1, and our own.
    enum CloseCode: UInt16 {
        case normal = 1000
        case goingAway = 1001
        case protocolError = 1002
        case unsupportedData = 1003
        case invalidText = 1007
        case policyViolation = 1008
        case messageTooBig = 1009
        case serviceRestart = 1012
        case tryAgainLater = 1013
        case tokenExpired = 4401
    }

    private let hub: EventHub
    private let caller: Caller
    private let messageLimit: Int
    private var session: EventSession?
    private var context: ChannelHandlerContext?
    private var fragments: ByteBuffer?
    private var isClosing = false

    /// A socket.
    ///
    /// - Parameters:
    ///   - hub: Where its events come from.
    ///   - caller: Who listens; the token was checked before the 101.
    ///   - messageLimit: The largest message in bytes, over all its fragments.
    init(hub: EventHub, caller: Caller, messageLimit: Int) {
        self.hub = hub
        self.caller = caller
        self.messageLimit = messageLimit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        session = hub.open(caller: caller, output: self, on: context.eventLoop)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if let session { hub.close(session) }
        session = nil
        self.context = nil
    }

    // MARK: Coming in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        session?.heard()
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return close(.protocolError, "frames of clients are masked and carry no extension")
        }
        switch frame.opcode {
        case .text, .binary, .continuation:
            if !isClosing { message(frame, context: context) }
        case .ping:
            if !isClosing {
                context.writeAndFlush(wrapOutboundOut(WebSocketFrames.pong(frame.unmaskedData)), promise: nil)
            }
        case .pong: break
        case .connectionClose: peerCloses(frame.unmaskedData, context: context)
        default: close(.protocolError, "there is no such opcode")
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case NIOWebSocketError.invalidFrameLength = error {
            close(.messageTooBig, "a frame has at most \(messageLimit) bytes")
        } else if error is NIOWebSocketError {
            close(.protocolError, "this is no WebSocket frame")
        } else {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        session?.end(nil)
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { sessionHasOutput() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { session?.end(.shutdown) }
        // Half-closed by the client: there is nobody to listen.
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func message(_ frame: WebSocketFrame, context: ChannelHandlerContext) {
        guard frame.opcode != .binary else { return close(.unsupportedData, "only text is understood") }
        guard (frame.opcode == .continuation) == (fragments != nil) else {
            return close(.protocolError, "fragments of two messages may not mix")
        }
        var text = fragments ?? ByteBuffer()
        var data = frame.unmaskedData
        guard text.readableBytes + data.readableBytes <= messageLimit else {
            return close(.messageTooBig, "a message has at most \(messageLimit) bytes")
        }
        fragments = nil
        text.writeBuffer(&data)
        guard frame.fin else {
            fragments = text
            return
        }
        guard let string = String(validating: text.readableBytesView, as: UTF8.self) else {
            return close(.invalidText, "the text is not UTF-8")
        }
        do throws(StudioError) {
            session?.submit(try ClientCommand(Data(string.utf8)))
        } catch {
            session?.refuse(code: error.code.rawValue, detail: error.detail)
        }
    }

    // MARK: Going out

    func sessionHasOutput() {
        guard let context, let session, !isClosing else { return }
        var wrote = false
        while context.channel.isWritable, let frames = session.nextFrames() {
            context.write(wrapOutboundOut(frames), promise: nil)
            wrote = true
        }
        if wrote { context.flush() }
    }

    func sessionShouldPing() {
        guard let context, !isClosing else { return }
        context.writeAndFlush(wrapOutboundOut(WebSocketFrames.ping), promise: nil)
    }

    func sessionEnded(_ reason: EventSessionEnd) {
        switch reason {
        case .tooSlow: close(.tryAgainLater, "too slow for the events; come back with since")
        case .tooManyCommands: close(.policyViolation, "too many commands at a time")
        case .silent: close(.goingAway, "nothing was heard for a minute")
        case .tokenExpired: close(.tokenExpired, "the token has expired")
        case .shutdown: close(.serviceRestart, "the gateway stops; come back with since")
        }
    }

    // MARK: Closing

    private func peerCloses(_ payload: ByteBuffer, context: ChannelHandlerContext) {
        guard !isClosing else {
            // The answer to our own close frame: the handshake is through.
            context.close(promise: nil)
            return
        }
        var payload = payload
        let code = payload.readInteger(as: UInt16.self) ?? CloseCode.normal.rawValue
        let mayBeSent =
            (1000...1014).contains(code) && ![1004, 1005, 1006].contains(code) || (3000...4999).contains(code)
        finish(mayBeSent ? code : CloseCode.protocolError.rawValue, "", context: context)
    }

    private func close(_ code: CloseCode, _ reason: String) {
        guard let context, !isClosing else { return }
        finish(code.rawValue, reason, context: context)
    }

    /// Sends a close frame. The connection ends when the peer has answered it, five seconds after it has left at the latest;
    /// a peer that takes nothing in is cut off after thirty.
    private func finish(_ code: UInt16, _ reason: String, context: ChannelHandlerContext) {
        isClosing = true
        session?.end(nil)
        let (channel, eventLoop) = (context.channel, context.eventLoop)
        let left = eventLoop.makePromise(of: Void.self)
        left.futureResult.whenSuccess {
            eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(WebSocketFrames.close(code, reason)), promise: left)
        eventLoop.scheduleTask(in: .seconds(30)) { channel.close(promise: nil) }
    }
}
