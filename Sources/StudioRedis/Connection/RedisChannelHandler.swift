import NIOCore
import NIOSSL

/// The event-loop side of a connection: writes what the outbox holds, matches replies to requests in order, and closes
/// the connection when a reply is late or is none.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private struct InFlight {
        let request: RedisRequest
        let deadline: NIODeadline
    }

    private let outbox: CommandOutbox
    private let timeout: TimeAmount
    private var reader: ReplyReader
    private var inFlight = CircularBuffer<InFlight>()
    private var collected: [RedisReply] = []
    private var context: ChannelHandlerContext?
    private var closing: RedisError?
    private var timer: Scheduled<Void>?
    private var onPush: (@Sendable (RedisReply) -> Void)?
    private var heardSincePing = true

    init(outbox: CommandOutbox, timeout: TimeAmount, maximumReplyBytes: Int) throws(RedisError) {
        self.outbox = outbox
        self.timeout = timeout
        reader = try ReplyReader(maximumReplyBytes: maximumReplyBytes)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// Writes what waits in the outbox, all in one buffer.
    func drain() {
        let requests = outbox.collect()
        guard let context, closing == nil else {
            for request in requests { fail(request, closing ?? Self.lost) }
            return
        }
        var buffer = context.channel.allocator.buffer(capacity: requests.reduce(0) { $0 + $1.payload.count })
        let deadline = context.eventLoop.now + timeout
        for request in requests {
            if request.isSettled {
                outbox.release(request)
                continue
            }
            buffer.writeBytes(request.payload)
            if request.replies > 0 {
                inFlight.append(InFlight(request: request, deadline: deadline))
            } else {
                outbox.release(request)
            }
        }
        guard buffer.readableBytes > 0 else { return }
        context.writeAndFlush(NIOAny(buffer), promise: nil)
        if timer == nil, onPush == nil { watchHead(context) }
    }

    /// From now on every reply goes to that function, and the server must be heard from in every interval.
    func listen(_ onPush: @escaping @Sendable (RedisReply) -> Void) {
        guard let context else { return }
        timer?.cancel()
        self.onPush = onPush
        watchSilence(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        heardSincePing = true
        do throws(RedisError) {
            try feed(buffer)
            while closing == nil, let reply = try reader.next() { try deliver(reply) }
        } catch {
            close(context, error)
        }
    }

    private func feed(_ buffer: ByteBuffer) throws(RedisError) {
        var failure: RedisError?
        buffer.withUnsafeReadableBytes { bytes in
            do throws(RedisError) { try reader.feed(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isProtection = error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError
        close(
            context,
            RedisError(.unavailable, "\(isProtection ? "TLS with" : "the connection to") Redis broke: \(error)"))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish()
        self.context = nil
    }

    private func deliver(_ reply: RedisReply) throws(RedisError) {
        if let onPush {
            onPush(reply)
            return
        }
        guard let head = inFlight.first else {
            if case .error(let error) = reply { throw error }
            throw RedisError(.protocolViolation, "Redis sent a reply that nobody asked for")
        }
        collected.append(reply)
        guard collected.count == head.request.replies else { return }
        inFlight.removeFirst()
        outbox.release(head.request)
        head.request.settle(.success(collected))
        collected.removeAll(keepingCapacity: true)
    }

    // All requests have the same time, so the first in flight is the first to be late; one timer follows the head.
    private func watchHead(_ context: ChannelHandlerContext) {
        guard let head = inFlight.first else {
            timer = nil
            return
        }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: head.deadline) { [weak self] in
            guard let self, self.onPush == nil else { return }
            if let head = self.inFlight.first, head.deadline <= context.eventLoop.now {
                self.close(context, RedisError(.timeout, "Redis did not answer in time; the connection was closed"))
            } else {
                self.watchHead(context)
            }
        }
    }

    private func watchSilence(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            guard let self, self.closing == nil else { return }
            guard self.heardSincePing else {
                self.close(context, RedisError(.timeout, "Redis was silent for too long; the connection was closed"))
                return
            }
            self.heardSincePing = false
            context.writeAndFlush(NIOAny(ByteBuffer(string: "*1\r\n$4\r\nPING\r\n")), promise: nil)
            self.watchSilence(context)
        }
    }

    private func close(_ context: ChannelHandlerContext, _ error: RedisError) {
        if closing == nil { closing = error }
        context.close(promise: nil)
    }

    private static let lost = RedisError(.unavailable, "the connection to Redis was closed")

    private func finish() {
        timer?.cancel()
        timer = nil
        let error = closing ?? Self.lost
        closing = error
        for request in outbox.end(error) { request.settle(.failure(error)) }
        while let next = inFlight.popFirst() { next.request.settle(.failure(error)) }
        onPush = nil
    }

    private func fail(_ request: RedisRequest, _ error: RedisError) {
        outbox.release(request)
        request.settle(.failure(error))
    }
}
