import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis

/// A job's log: as text, or followed as server-sent events.
struct JobLogRoutes: RouteGroup {
    let jobs: JobStore
    let bus: EventBus
    var clock: any Clock<Duration> = ContinuousClock()
    var now: @Sendable () -> Date = { Date() }

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/jobs/{job}/log", use: log)
    }

    @Sendable private func log(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        guard let job = try await jobs.get(try context.identifier("job"), tenant: caller.tenantID) else {
            throw StudioError(.notFound, "there is no such job")
        }
        let attempt = try Self.attempt(of: request)
        if request.headers[.accept]?.lowercased().contains("text/event-stream") ?? false {
            let stream = JobLogStream(
                jobs: jobs, bus: bus, clock: clock, now: now, job: job.id, attempt: attempt,
                tokenEnd: caller.tokenExpiresAt)
            return stream.response(to: request, from: try Self.position(of: request))
        }
        return whole(job.id, attempt: attempt)
    }

    private func whole(_ job: JobID, attempt: Int?) -> Response {
        let body = ResponseBody { writer in
            var position: LogPosition?
            while true {
                let chunks = try await jobs.readLog(job, attempt: attempt, after: position, limit: JobLogStream.batch)
                for chunk in chunks { try await writer.write(ByteBuffer(string: chunk.lines)) }
                guard chunks.count == JobLogStream.batch, let last = chunks.last else { break }
                position = LogPosition(attempt: last.attempt, sequence: last.sequence)
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store",
                .xContentTypeOptions: "nosniff",
            ], body: body)
    }

    private static func attempt(of request: Request) throws(StudioError) -> Int? {
        guard let text = request.uri.queryParameters["attempt"] else { return nil }
        guard let attempt = Int(text), attempt > 0 else {
            throw .invalid([Finding(pointer: "/attempt", code: "range", detail: "attempts count from 1")])
        }
        return attempt
    }

    private static func position(of request: Request) throws(StudioError) -> LogPosition? {
        guard let text = request.headers[.init(known: "last-event-id")] else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard parts.count == 2 else {
            throw .invalid([Finding(pointer: "/Last-Event-ID", code: "format", detail: "this is no id of this log")])
        }
        return LogPosition(attempt: parts[0], sequence: parts[1])
    }
}
