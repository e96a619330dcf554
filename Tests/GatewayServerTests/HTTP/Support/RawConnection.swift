import NIOCore
import NIOPosix
import StudioTestKit

/// A TCP connection of a test: bytes out as they are, bytes in kept until somebody takes them.
final class RawConnection: Sendable {
    /// What has come and was not taken.
    struct Received: Sendable {
        var bytes: [UInt8] = []
        var isClosed = false
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let received: Watched<Received>

        init(_ received: Watched<Received>) {
            self.received = received
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            received.update { $0.bytes += bytes }
        }

        func channelInactive(context: ChannelHandlerContext) { received.update { $0.isClosed = true } }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(.inputClosed) = event as? ChannelEvent { received.update { $0.isClosed = true } }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let received: Watched<Received>
    private let channel: any Channel

    private init(_ channel: any Channel, _ received: Watched<Received>) {
        self.channel = channel
        self.received = received
    }

    /// Connects to a port of this machine.
    static func connect(to port: Int) async throws -> RawConnection {
        let received = Watched(Received())
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in channel.pipeline.addHandler(Collector(received)) }
            .connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel, received)
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Ends what is sent, and goes on reading.
    func closeOutput() async throws { try await channel.close(mode: .output).get() }

    /// No longer takes in what comes, until ``resumeReading()``: a slow client.
    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    func resumeReading() async throws {
        try await channel.setOption(.autoRead, value: true).get()
        channel.read()
    }

    /// Waits until a value can be taken from the front of what has come, and takes it.
    ///
    /// - Parameters:
    ///   - what: What is waited for.
    ///   - read: Reads a value and says how many bytes it took; nil asks for more. Gets whether the peer has closed.
    /// - Returns: The value.
    /// - Throws: `WaitTimedOut`.
    func take<Value: Sendable>(
        _ what: String, _ read: @escaping @Sendable (ArraySlice<UInt8>, Bool) -> (Value, Int)?
    ) async throws -> Value {
        let (value, count) = try await received.wait(what) { read($0.bytes[...], $0.isClosed) }
        received.update { $0.bytes.removeFirst(count) }
        return value
    }

    /// Waits until the peer has closed; returns what had come and was not taken.
    func closed() async throws -> [UInt8] {
        try await received.wait("the connection's end") { $0.isClosed ? $0.bytes : nil }
    }

    func close() async { try? await channel.close().get() }
}
