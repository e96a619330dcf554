import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import Synchronization

/// A job's log as server-sent events: each chunk is an event `log` whose id resumes after it (`Last-Event-ID`), and `end`
/// comes when the job has finished. Without an `end` the client comes back: the gateway stops, or the token has ended.
struct JobLogStream: Sendable {
    /// Chunks read at a time.
    static let batch = 200
    /// How long nothing is written at most: what Redis did not ring for is found then, and whether the client is there.
    private static let silence = Duration.seconds(5)

    let jobs: JobStore
    let bus: EventBus
    let clock: any Clock<Duration>
    let now: @Sendable () -> Date
    let job: JobID
    /// Of which attempt; nil is all.
    let attempt: Int?
    /// When the token of the one who listens ends.
    let tokenEnd: Date

    private struct Chunk: Encodable {
        let attempt: Int
        let at: Date
        let lines: String
    }

    /// Wakes whoever follows, and says when nobody listens any more or the gateway stops.
    private final class Listener: Sendable {
        let bell = Bell()
        private let left = Mutex(false)

        var hasLeft: Bool { left.withLock { $0 } }

        func leave() {
            left.withLock { $0 = true }
            bell.ring()
        }
    }

    /// The response; it goes on until the job has finished, the client leaves, the token ends, or the gateway stops.
    ///
    /// - Parameters:
    ///   - request: The request; its body, which is empty, tells when the client has gone.
    ///   - start: What the client has read; nil begins with the first line.
    /// - Returns: The response.
    func response(to request: Request, from start: LogPosition?) -> Response {
        let body = ResponseBody { writer in
            // Subscribed before the first look, so that what is written in between is heard of.
            let wakeups = try await bus.logWakeups(of: job)
            let listener = Listener()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in wakeups { listener.bell.ring() } }
                defer { group.cancelAll() }
                // A client that closes only its own side has gone too: nobody ends an event stream and reads on.
                try await request.body.consumeWithInboundCloseHandler { _ in
                    try await withGracefulShutdownHandler {
                        try await tail(from: start, for: listener, to: &writer)
                    } onGracefulShutdown: {
                        listener.leave()
                    }
                } onInboundClosed: {
                    listener.leave()
                }
            }
            try await writer.finish(nil)
        }
        let headers: HTTPFields = [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store",
            // Proxies would otherwise keep lines until they have a bufferful.
            .init(known: "x-accel-buffering"): "no",
        ]
        return Response(status: .ok, headers: headers, body: body)
    }

    private func tail(
        from start: LogPosition?, for listener: Listener, to writer: inout any ResponseBodyWriter
    ) async throws {
        var position = start
        while !Task.isCancelled, !listener.hasLeft, now() < tokenEnd {
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
            try await writer.write(ByteBuffer(string: ":\n\n"))
            await listener.bell.wait(atMost: Self.silence, clock: clock)
        }
    }
}
