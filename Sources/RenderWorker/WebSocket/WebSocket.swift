import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

/// A client's connection by WebSocket (RFC 6455), plain or by TLS, without compression.
///
/// What comes is handed over on the connection's own thread and is read whatever becomes of it: a server that delivers one
/// message after the other to all its clients must never wait for this one. A peer that gives no sign of life for two
/// pings is given up.
final class WebSocket: Sendable {
    /// One whole message.
    enum Message: Sendable {
        case text(ByteBuffer)
        case binary(ByteBuffer)

        /// Its bytes.
        var bytes: ByteBuffer {
            switch self {
            case .text(let bytes), .binary(let bytes): bytes
            }
        }
    }

    /// What a connection may take.
    struct Limits: Sendable {
        /// The largest message, in bytes; with a larger one the connection ends.
        var message = 32 << 20
        /// How long connecting may take, the upgrade included.
        var connecting = Duration.seconds(10)
        /// How often a ping is sent.
        var ping = Duration.seconds(20)
    }

    private let channel: any Channel

    private init(_ channel: any Channel) { self.channel = channel }

    /// Connects.
    ///
    /// - Parameters:
    ///   - address: Where to.
    ///   - limits: What the connection may take.
    ///   - group: The threads that connections live on.
    ///   - hear: Takes each message in, on the connection's thread; must not wait.
    /// - Returns: The connection.
    /// - Throws: ``WebSocketFailure``; `CancellationError` after a cancel.
    static func connect(
        to address: WebSocketAddress, limits: Limits = Limits(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        hear: @escaping @Sendable (Message) -> Void
    ) async throws -> WebSocket {
        let protection = address.isSecure ? try await Self.protection() : nil
        let opening = Opening()
        return try await withTaskCancellationHandler {
            do {
                let upgrade = try await ClientBootstrap(group: group)
                    .connectTimeout(TimeAmount(limits.connecting))
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: address.host, port: address.port) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            opening.hold(channel)
                            return try Self.prepare(channel, address, protection, limits, opening, hear)
                        }
                    }
                guard let channel = try await upgrade.get() else { throw WebSocketFailure.refused }
                try Task.checkCancellation()
                return WebSocket(channel)
            } catch let failure as WebSocketFailure {
                opening.close()
                throw failure
            } catch {
                opening.close()
                if Task.isCancelled { throw CancellationError() }
                throw opening.isLate ? WebSocketFailure.late : .unreachable("\(error)")
            }
        } onCancel: {
            opening.close()
        }
    }

    /// Sends a text.
    ///
    /// - Parameter text: The text.
    /// - Throws: What the connection says where it is no more.
    func send(_ text: String) async throws {
        try await channel.writeAndFlush(
            WebSocketFrame(
                fin: true, opcode: .text, maskKey: .random(), data: channel.allocator.buffer(string: text)))
    }

    /// Waits until the connection is no more, whoever ended it, or the task is cancelled.
    func untilClosed() async {
        let closed = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let wake: @Sendable () -> Void = { closed.withLock { $0.take() }?.resume() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                closed.withLock { $0 = continuation }
                channel.closeFuture.whenComplete { _ in wake() }
                if Task.isCancelled { wake() }
            }
        } onCancel: {
            wake()
        }
    }

    /// Says goodbye and ends the connection.
    func close() async {
        let goodbye = WebSocketFrame(
            fin: true, opcode: .connectionClose, maskKey: .random(),
            data: ByteBuffer(bytes: [0x03, 0xE8]))
        // Not waited for: a peer that does not read must not keep anybody.
        channel.writeAndFlush(goodbye, promise: nil)
        try? await channel.close()
    }

    private static func protection() async throws -> NIOSSLContext {
        do {
            return try await Blocking.run { try NIOSSLContext(configuration: .makeClientConfiguration()) }
        } catch {
            throw WebSocketFailure.unreachable("TLS: \(error)")
        }
    }

    private static func prepare(
        _ channel: any Channel, _ address: WebSocketAddress, _ protection: NIOSSLContext?, _ limits: Limits,
        _ opening: Opening, _ hear: @escaping @Sendable (Message) -> Void
    ) throws -> EventLoopFuture<(any Channel)?> {
        let pipeline = channel.pipeline.syncOperations
        if let protection {
            let isNumber = (try? SocketAddress(ipAddress: address.host, port: 0)) != nil
            try pipeline.addHandler(
                NIOSSLClientHandler(context: protection, serverHostname: isNumber ? nil : address.host))
        }
        let late = channel.eventLoop.scheduleTask(in: TimeAmount(limits.connecting)) { opening.giveUp() }
        let upgrader = NIOTypedWebSocketClientUpgrader<(any Channel)?>(maxFrameSize: limits.message) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                late.cancel()
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 65_536,
                        maxAccumulatedFrameSize: limits.message))
                try pipeline.addHandler(WebSocketPeer(pingInterval: TimeAmount(limits.ping), hear: hear))
                return channel
            }
        }
        var headers: HTTPHeaders = ["Host": address.authority]
        if let authorization = address.authorization { headers.add(name: "Authorization", value: authorization) }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: HTTPRequestHead(
                    version: .http1_1, method: .GET, uri: address.target, headers: headers),
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture {
                        late.cancel()
                        return nil
                    }
                }))
        // A server's first message may come in one piece with its answer.
        configuration.leftOverBytesStrategy = .forwardBytes
        return try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
    }
}

/// A connection that is not one yet: closed where it comes too late or nobody wants it any more.
private final class Opening: Sendable {
    private struct State {
        var channel: (any Channel)?
        var isOver = false
        var isLate = false
    }

    private let state = Mutex(State())

    var isLate: Bool { state.withLock { $0.isLate } }

    func hold(_ channel: any Channel) {
        let isOver = state.withLock { state in
            state.channel = channel
            return state.isOver
        }
        if isOver { channel.close(promise: nil) }
    }

    func giveUp() {
        state.withLock { $0.isLate = true }
        close()
    }

    func close() {
        let channel = state.withLock { state in
            state.isOver = true
            return state.channel
        }
        channel?.close(promise: nil)
    }
}
