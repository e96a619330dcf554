import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import QueueProtocol
import StudioCore
import StudioSystem

/// Everything that happens around the router, for every request alike: who asks, how often they may, problem documents,
/// the headers every response has, the access log and the metrics.
struct GatewayResponder: Sendable {
    let router: GatewayRouter
    let authenticator: Authenticator
    let rateLimiter: RateLimiter
    let headers: ResponseHeaders
    /// Whose word on the client's address is believed.
    let proxies: TrustedProxies
    let metrics: HTTPMetrics
    let logger: Logger

    /// Answers a request and writes the answer; returns when the connection has taken it.
    ///
    /// Throws only where the connection cannot go on: the body that was promised could not be read to its end, or the
    /// peer is gone.
    func serve(_ request: Request, _ writer: consuming ResponseWriter, channel: any Channel) async throws {
        let started = ContinuousClock.now
        let context = GatewayContext(head: request.head, channel: channel, proxies: proxies, logger: logger)
        metrics.requestBegan()
        var response = try await respond(to: request, context: context)
        response.headers[.date] = HTTPDate.now()
        do {
            if request.method == .head || response.status == .notModified || response.status == .noContent {
                // A HEAD answer keeps the length of the body it leaves out; the others say nothing of one.
                if request.method != .head { response.headers[.contentLength] = nil }
                try await writer.writeResponse(response.head)
            } else {
                try await writer.write(response: response.head, body: response.body)
            }
        } catch {
            record(request, response.status, context, started, interruptedBy: error)
            throw error
        }
        record(request, response.status, context, started, interruptedBy: nil)
    }

    /// The answer to a request, whole but for its date.
    ///
    /// Throws only the parser's errors, which the connection answers itself.
    func respond(to request: Request, context: GatewayContext) async throws -> Response {
        var context = context
        var limit: RateLimiter.Verdict?
        var response: Response
        do {
            if let preflight = headers.preflight(request, allowing: router.table.methods(for: request.uri.path)) {
                response = preflight
            } else {
                if Self.isForCallers(request) { context.caller = try await authenticator.authenticate(request) }
                if let caller = context.caller {
                    context.logger[metadataKey: LogKey.userID] = .string(caller.userID.description)
                    limit = rateLimiter.admit(caller.userID)
                    try limit?.throwIfRefused()
                }
                response = try await route(request, context)
            }
        } catch let error as HTTPParserError {
            throw error
        } catch {
            var problem = Problem.translating(error, logger: context.logger)
            // What is left of a body that nobody wants is not read to its end.
            if problem.status == .contentTooLarge { problem.headers[.connection] = "close" }
            response = problem.response(to: request, context: context)
        }
        limit?.addHeaders(to: &response)
        headers.complete(&response, to: request, context: context)
        return response
    }

    /// Whether a token in the request matters: probes work without PostgreSQL, and who logs in may carry an old one.
    private static func isForCallers(_ request: Request) -> Bool {
        request.uri.path.hasPrefix("/api/") && request.uri.path != LoginRoutes.path
    }

    private func route(_ request: Request, _ context: GatewayContext) async throws -> Response {
        do {
            return try await router.responder.respond(to: request, context: context)
        } catch let problem as Problem where problem.status == .notFound && context.isUnrouted {
            let methods = router.table.methods(for: request.uri.path)
            guard !methods.isEmpty else { throw problem }
            let allow: HTTPFields = [.allow: methods.joined(separator: ", ")]
            if request.method == .options { return Response(status: .noContent, headers: allow) }
            throw Problem(
                Problem.methodNotAllowed, "this path takes \(methods.joined(separator: ", "))", headers: allow)
        }
    }

    private func record(
        _ request: Request, _ status: HTTPResponse.Status, _ context: GatewayContext,
        _ started: ContinuousClock.Instant,
        interruptedBy error: (any Error)?
    ) {
        let elapsed = ContinuousClock.now - started
        let route = context.isUnrouted ? "(none)" : context.endpointPath ?? "(none)"
        metrics.requestEnded(route: route, method: request.method.rawValue, status: status.code, after: elapsed)
        // Probes come every few seconds from every side; a person looks for what people do.
        let isProbe = route == "/healthz" || route == "/readyz" || route == "/metrics"
        let level: Logger.Level = isProbe && status.code < 500 ? .debug : .info
        guard level >= context.logger.logLevel else { return }
        var metadata: Logger.Metadata = [
            "method": .string(request.method.rawValue), "route": .string(route),
            "status": .stringConvertible(status.code),
            "ms": .string(Self.milliseconds(elapsed)), "remote": .string(context.remoteAddress),
        ]
        if let error { metadata["interrupted"] = .string(String(describing: type(of: error))) }
        context.logger.log(level: level, "request", metadata: metadata)
    }

    private static func milliseconds(_ duration: Duration) -> String {
        let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        let tenths = (microseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension GatewayContext {
    /// Whether no route matched the request.
    var isUnrouted: Bool { endpointPath == nil || endpointPath == "NotFound" }
}
