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
    /// Chunks read at a time.
    private static let batch = 200

    let jobs: JobStore
    let bus: EventBus
    let clock: any Clock<Duration>

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
            return follow(job.id, attempt: attempt, from: try Self.position(of: request))
        }
        return whole(job.id, attempt: attempt)
    }

    // MARK: As text

    private func whole(_ job: JobID, attempt: Int?) -> Response {
        let body = ResponseBody { writer in
            var position: LogPosition?
            while true {
                let chunks = try await jobs.readLog(job, attempt: attempt, after: position, limit: Self.batch)
                for chunk in chunks { try await writer.write(ByteBuffer(string: chunk.lines)) }
                guard chunks.count == Self.batch, let last = chunks.last else { break }
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

    // MARK: Followed

    private struct Chunk: Encodable {
        let attempt: Int
        let at: Date
        let lines: String
    }

    /// Each chunk is an event `log` whose id resumes after it (`Last-Event-ID`); `end` comes when the job has finished.
    private func follow(_ job: JobID, attempt: Int?, from start: LogPosition?) -> Response {
        let body = ResponseBody { writer in
            // Subscribed before the first look, so that what is written in between is heard of.
            let wakeups = try await bus.logWakeups(of: job)
            let bell = Bell()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in wakeups { bell.ring() } }
                defer { group.cancelAll() }
                try await tail(job, attempt: attempt, from: start, bell: bell, to: &writer)
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"], body: body)
    }

    private func tail(
        _ job: JobID, attempt: Int?, from start: LogPosition?, bell: Bell, to writer: inout any ResponseBodyWriter
    ) async throws {
        var position = start
        while !Task.isCancelled {
            // The state first: what is logged before it is finished is then surely read after.
            let state = try await jobs.get(job)?.state
            let chunks = try await jobs.readLog(job, attempt: attempt, after: position, limit: Self.batch)
            for chunk in chunks {
                let data = try JSONText.string(Chunk(attempt: chunk.attempt, at: chunk.at, lines: chunk.lines))
                let id = "\(chunk.attempt).\(chunk.sequence)"
                try await writer.write(ByteBuffer(string: "id: \(id)\nevent: log\ndata: \(data)\n\n"))
                position = LogPosition(attempt: chunk.attempt, sequence: chunk.sequence)
            }
            if chunks.count == Self.batch { continue }
            guard let state, !state.isFinished else {
                let data = try JSONText.string(["state": state?.rawValue])
                try await writer.write(ByteBuffer(string: "event: end\ndata: \(data)\n\n"))
                return
            }
            // Without Redis nobody rings: the log is looked at every few seconds all the same, and the comment finds out
            // whether the client is still there.
            await bell.wait(atMost: .seconds(5), clock: clock)
            try await writer.write(ByteBuffer(string: ":\n\n"))
        }
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
