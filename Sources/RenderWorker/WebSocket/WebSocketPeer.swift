import NIOCore
import NIOWebSocket

/// The end of a WebSocket's pipeline: hands messages over, answers pings, sends its own, and gives up a silent peer.
final class WebSocketPeer: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let pingInterval: TimeAmount
    private let hear: @Sendable (WebSocket.Message) -> Void
    private var pinging: Scheduled<Void>?
    /// How many pings went out since something came.
    private var unanswered = 0

    init(pingInterval: TimeAmount, hear: @escaping @Sendable (WebSocket.Message) -> Void) {
        self.pingInterval = pingInterval
        self.hear = hear
    }

    func handlerAdded(context: ChannelHandlerContext) { pingLater(context) }

    func handlerRemoved(context: ChannelHandlerContext) { pinging?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        pinging?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unanswered = 0
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text: hear(.text(frame.unmaskedData))
        case .binary: hear(.binary(frame.unmaskedData))
        case .ping: write(.pong, frame.unmaskedData, context)
        case .connectionClose:
            write(.connectionClose, ByteBuffer(bytes: [0x03, 0xE8]), context)
            context.close(promise: nil)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)), promise: nil)
    }

    private func pingLater(_ context: ChannelHandlerContext) {
        pinging = context.eventLoop.assumeIsolated().scheduleTask(in: pingInterval) {
            guard self.unanswered < 2 else { return context.close(promise: nil) }
            self.unanswered += 1
            self.write(.ping, ByteBuffer(), context)
            self.pingLater(context)
        }
    }
}
