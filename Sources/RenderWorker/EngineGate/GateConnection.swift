import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import QueueProtocol
import StudioCore

/// One connection of a client: one request, checked, and one answer, handed on as fast as the client takes it.
struct GateConnection: Sendable {
    typealias Client = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// The most bytes of a body: what a runner sends has a few thousand.
    static let mostBytes = 1 << 20
    /// How long a request may take to come.
    static let patience = TimeAmount.seconds(30)

    let keeper: GateKeeper
    let upstream: GateUpstream
    let logger: Logger

    /// Serves the connection to its end. Does not throw: there is nobody to tell.
    func serve(_ client: Client) async {
        try? await client.executeThenClose { inbound, outbound in
            let late = client.channel.eventLoop.scheduleTask(in: Self.patience) { client.channel.close(promise: nil) }
            let request = await Self.read(inbound)
            late.cancel()
            // A client that goes takes its request with it: the engine must not work for nobody, nor wait for hours.
            let work = Task { await answer(request, outbound) }
            client.channel.closeFuture.whenComplete { _ in work.cancel() }
            let isWhole = await withTaskCancellationHandler {
                await work.value
            } onCancel: {
                work.cancel()
            }
            if isWhole {
                try await client.channel.writeAndFlush(HTTPServerResponsePart.end(nil)).get()
            } else {
                // Not an end like any other: the client is to see that something is missing.
                try await client.channel.close()
            }
        }
    }

    private static func read(
        _ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>
    ) async -> Result<GateRequest, GateRefusal> {
        var head: HTTPRequestHead?
        var body: [UInt8] = []
        do {
            for try await part in inbound {
                switch part {
                case .head(let one): head = one
                case .body(let bytes):
                    body += bytes.readableBytesView
                    guard body.count <= mostBytes else { return .failure(GateRefusal("too long a body", status: 413)) }
                case .end:
                    guard let head else { break }
                    return Result { () throws(GateRefusal) in
                        try GateRequest(
                            method: head.method.rawValue, target: head.uri,
                            registryAuthorization: head.headers.first(name: "X-Registry-Auth"), body: body)
                    }
                }
            }
        } catch {
            return .failure(GateRefusal("the request cannot be read", status: 400))
        }
        return .failure(GateRefusal("the request ended too early", status: 400))
    }

    /// Answers, but for the answer's end.
    ///
    /// - Returns: Whether the answer is whole.
    private func answer(
        _ request: Result<GateRequest, GateRefusal>, _ client: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async -> Bool {
        let hasBegun = Mutexed(false)
        do {
            switch try await keeper.verdict(on: request.get()) {
            case .answer(let document): try await Self.send(document, status: 200, to: client)
            case .pass(let call):
                let complaint = Mutexed<EngineComplaint?>(nil)
                defer { complaint.with { $0 }?.log(call, to: logger) }
                try await upstream.ask(call) { part in
                    switch part {
                    case .head(let status, let type):
                        hasBegun.with { $0 = true }
                        complaint.with { $0 = EngineComplaint(status: status) }
                        var headers: HTTPHeaders = ["Connection": "close"]
                        if let type { headers.add(name: "Content-Type", value: type) }
                        // Without a length the answer goes in chunks, so that its end is told from a loss.
                        try await client.write(
                            .head(
                                HTTPResponseHead(
                                    version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
                            ))
                    case .bytes(let bytes):
                        complaint.with { one -> Void in one?.add(bytes) }
                        try await client.write(.body(.byteBuffer(bytes)))
                    }
                }
            }
            return true
        } catch let refusal as GateRefusal {
            logger.warning(
                "refused",
                metadata: [
                    "request":
                        "\((try? request.get()).map { "\($0.method) /\($0.path.joined(separator: "/"))" } ?? "?")",
                    "reason": "\(refusal.message)",
                ])
            return await Self.tell(refusal.message, status: refusal.status, to: client)
        } catch let error as EngineError where !hasBegun.with({ $0 }) {
            if error.code == .unreachable { logger.warning("the engine does not answer: \(error.message)") }
            return await Self.tell(error.message, status: Self.status(of: error), to: client)
        } catch {
            return false
        }
    }

    private static func status(of error: EngineError) -> Int {
        switch error.code {
        case .unreachable, .strange: 502
        case .notFound: 404
        case .conflict: 409
        case .refused: 400
        }
    }

    private static func tell(
        _ message: String, status: Int, to client: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async -> Bool {
        (try? await send(["message": .string(message)], status: status, to: client)) != nil
    }

    private static func send(
        _ document: JSONValue, status: Int, to client: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        let body = EngineJSON.bytes(document)
        let headers: HTTPHeaders = [
            "Connection": "close", "Content-Type": "application/json", "Content-Length": "\(body.count)",
        ]
        try await client.write(
            .head(HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers))
        )
        try await client.write(.body(.byteBuffer(ByteBuffer(bytes: body))))
    }
}

/// Ends a connection on which a second request comes: each has one of its own here.
final class OneRequest: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) {
            guard !isOver else { return context.close(promise: nil) }
            isOver = true
        }
        context.fireChannelRead(data)
    }
}
