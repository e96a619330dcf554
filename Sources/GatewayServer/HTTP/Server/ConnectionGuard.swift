import FoundationEssentials
import HTTPTypes
import NIOCore
import NIOHTTP1
import QueueProtocol

/// Answers what never becomes a request, and ends connections that cannot go on.
///
/// - A header that is broken, too large, too long in its target, or names no or several hosts gets its own problem
///   document (400, 431, 414) after the answers still under way, and the connection is closed.
/// - `Expect: 100-continue` is answered, so that uploads begin at once.
/// - After a request that offered an upgrade (which the parser stops at) or a response that says `Connection: close`, the
///   connection is closed when the response is out.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: HTTPLimits
    /// Requests passed on and not answered to their end.
    private var unanswered = 0
    private var isInsideRequest = false
    private var closesAfterAnswers = false
    private var refusal: Problem?
    private var isClosing = false

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard refusal == nil, !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if let problem = fault(in: head) {
                refuse(problem, context: context)
                return
            }
            unanswered += 1
            isInsideRequest = true
            if head.method == .CONNECT || head.headers[canonicalForm: "connection"].contains(where: isUpgrade) {
                closesAfterAnswers = true
            }
            if head.headers.first(name: "expect")?.lowercased() == "100-continue", head.version.minor >= 1 {
                let interim = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
            }
        case .end: isInsideRequest = false
        case .body: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status == .switchingProtocols:
            closesAfterAnswers = false
            context.write(data, promise: promise)
        case .head(var head) where head.status.code >= 200:
            if head.headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "close" }) {
                closesAfterAnswers = true
            } else if closesAfterAnswers {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            unanswered -= 1
            guard unanswered <= 0, closesAfterAnswers || refusal != nil else {
                context.write(data, promise: promise)
                return
            }
            if let refusal {
                context.write(data, promise: promise)
                end(with: refusal, context: context)
            } else {
                end(writing: unwrapOutboundIn(data), promise: promise, context: context)
            }
        default: context.write(data, promise: promise)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !isInsideRequest, refusal == nil else {
            // Within a body: the request's own reader must learn of it.
            context.fireErrorCaught(error)
            return
        }
        if case HTTPParserError.headerOverflow = error {
            refuse(Problem(Problem.headersTooLarge, "the header fields are too many or too large"), context: context)
        } else if case HTTPParserError.invalidEOFState = error {
            context.close(promise: nil)
        } else {
            refuse(Problem(Problem.badRequest, "the request is not valid HTTP/1.1"), context: context)
        }
    }

    private func fault(in head: HTTPRequestHead) -> Problem? {
        if head.uri.utf8.count > limits.uriBytes {
            return Problem(Problem.uriTooLong, "the address may have at most \(limits.uriBytes) bytes")
        }
        if head.version.minor >= 1, head.headers["host"].count != 1 {
            return Problem(Problem.badRequest, "a request has exactly one Host")
        }
        return nil
    }

    private func refuse(_ problem: Problem, context: ChannelHandlerContext) {
        refusal = problem
        if unanswered <= 0 { end(with: problem, context: context) }
    }

    private func end(with problem: Problem, context: ChannelHandlerContext) {
        let id = JobID().description
        let body = problem.document(instance: nil, requestID: id)
        let headers: HTTPHeaders = [
            "content-type": "application/problem+json", "content-length": String(body.count), "connection": "close",
            "x-request-id": id, "date": HTTPDate.text(Date()),
        ]
        let status = HTTPResponseStatus(statusCode: problem.status.code)
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        end(writing: .end(nil), promise: nil, context: context)
    }

    /// Writes the last part, then says that nothing more comes, and goes on reading (and dropping) for a moment: closing
    /// with unread input would reset the connection and could take the answer with it.
    private func end(
        writing last: HTTPServerResponsePart, promise: EventLoopPromise<Void>?, context: ChannelHandlerContext
    ) {
        isClosing = true
        let written = promise ?? context.eventLoop.makePromise()
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            let context = loopBound.value
            context.close(mode: .output, promise: nil)
            let channel = context.channel
            context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(mode: .all, promise: nil) }
            context.read()
        }
        context.writeAndFlush(wrapOutboundOut(last), promise: written)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isClosing { context.read() }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if isClosing, case .some(.inputClosed) = event as? ChannelEvent {
            context.close(mode: .all, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func isUpgrade(_ token: Substring) -> Bool { token.lowercased() == "upgrade" }
}
