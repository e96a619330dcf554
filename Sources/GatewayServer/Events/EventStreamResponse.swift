import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import ServiceLifecycle
import StudioPostgres

/// The event stream of one project as server-sent events.
struct EventStreamResponse: Sendable {
    let hub: EventHub

    /// The response; it goes on until the client leaves, the token ends, or the gateway stops.
    ///
    /// - Parameters:
    ///   - request: The request; its body, which is empty, tells when the client has gone.
    ///   - found: The project.
    ///   - caller: Who listens.
    ///   - since: The last event the client has; nil begins now.
    ///   - channel: The client's connection.
    /// - Returns: The response.
    func response(
        to request: Request, following found: EventReplay.Found, caller: Caller, since: EventCursor?,
        channel: any Channel
    ) -> Response {
        let headers: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-store",
            // Proxies would otherwise keep events until they have a bufferful.
            .init(known: "x-accel-buffering"): "no",
        ]
        let body = ResponseBody { writer in
            let stream = try await EventStreamOutput.open(on: hub, caller: caller, channel: channel)
            defer { stream.close() }
            // A client that closes only its own side has gone too: nobody ends an event stream and reads on.
            try await request.body.consumeWithInboundCloseHandler { _ in
                try await withTaskCancellationHandler {
                    try await withGracefulShutdownHandler {
                        try await writer.write(try await start(stream, found, since))
                        while let text = try await stream.next() { try await writer.write(text) }
                    } onGracefulShutdown: {
                        stream.close()
                    }
                } onCancel: {
                    stream.close()
                }
            } onInboundClosed: {
                stream.close()
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// Begins the subscription; returns what the client gets first: how soon to come back, and where the stream stands.
    private func start(
        _ stream: EventStreamOutput.Handle, _ found: EventReplay.Found, _ since: EventCursor?
    ) async throws -> ByteBuffer {
        guard let since else {
            try await hub.untilFollowed()
            let live = try await stream.session.run { session in
                session.hasPosition ? session.beginLive(found.scope, project: found.project) : nil
            }
            // An id without data is not an event: it is what the client sends when it comes back.
            if let live { return ByteBuffer(string: "retry: 2000\nid: \(live)\n\n") }
            // The hub does not know yet where the stream stands; the database does.
            let newest = try await hub.newest()
            hub.follow(found, since: newest, for: stream.session)
            return ByteBuffer(string: "retry: 2000\nid: \(newest)\n\n")
        }
        hub.follow(found, since: since, for: stream.session)
        return ByteBuffer(string: "retry: 2000\n\n")
    }
}

/// The way from a session to a client of server-sent events, on the connection's event loop.
final class EventStreamOutput: EventSessionOutput {
    /// An open stream as the task that writes it holds it.
    struct Handle: Sendable {
        let session: EventSessionHandle
        fileprivate let output: NIOLoopBound<EventStreamOutput>
        fileprivate let eventLoop: any EventLoop

        /// What to write next, some events at a time; nil when the stream is over.
        func next() async throws -> ByteBuffer? {
            try await eventLoop.flatSubmit { output.value.take() }.get()
        }

        /// Ends the stream; harmless at any time.
        func close() {
            eventLoop.execute { output.value.finish() }
        }
    }

    /// Bytes taken at a time.
    private static let chunkLength = 64 * 1024

    private let hub: EventHub
    private let eventLoop: any EventLoop
    private var session: EventSession?
    private var waiting: EventLoopPromise<ByteBuffer?>?
    private var owesPing = false

    private init(hub: EventHub, eventLoop: any EventLoop) {
        self.hub = hub
        self.eventLoop = eventLoop
    }

    /// Opens a session for a connection, which ends with it.
    static func open(on hub: EventHub, caller: Caller, channel: any Channel) async throws -> Handle {
        let eventLoop = channel.eventLoop
        return try await eventLoop.submit {
            let output = EventStreamOutput(hub: hub, eventLoop: eventLoop)
            let session = hub.open(caller: caller, output: output, on: eventLoop)
            output.session = session
            let handle = Handle(
                session: EventSessionHandle(session), output: NIOLoopBound(output, eventLoop: eventLoop),
                eventLoop: eventLoop)
            channel.closeFuture.whenComplete { _ in handle.close() }
            return handle
        }.get()
    }

    func sessionHasOutput() {
        // Whoever listens to a stream is heard by reading it.
        session?.heard()
        guard let waiting, let text = available() else { return }
        self.waiting = nil
        waiting.succeed(text)
    }

    func sessionShouldPing() {
        session?.heard()
        owesPing = true
        sessionHasOutput()
    }

    func sessionEnded(_ reason: EventSessionEnd) { finish() }

    private func take() -> EventLoopFuture<ByteBuffer?> {
        if let text = available() { return eventLoop.makeSucceededFuture(text) }
        guard session != nil else { return eventLoop.makeSucceededFuture(nil) }
        let promise = eventLoop.makePromise(of: ByteBuffer?.self)
        waiting = promise
        return promise.futureResult
    }

    private func finish() {
        guard let session else { return }
        self.session = nil
        hub.close(session)
        waiting?.succeed(nil)
        waiting = nil
    }

    private func available() -> ByteBuffer? {
        guard let session else { return nil }
        var text = ByteBuffer()
        if owesPing {
            owesPing = false
            text.writeString(": still here\n\n")
        }
        while text.readableBytes < Self.chunkLength, let event = session.next() {
            if let cursor = event.cursor { text.writeString("id: \(cursor)\n") }
            text.writeString("event: \(event.kind)\ndata: ")
            text.writeImmutableBuffer(event.json)
            text.writeString("\n\n")
        }
        return text.readableBytes > 0 ? text : nil
    }
}
