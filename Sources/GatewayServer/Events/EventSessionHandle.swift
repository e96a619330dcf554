import NIOCore

/// A session as tasks of other threads hold it.
struct EventSessionHandle: Sendable {
    private let session: NIOLoopBound<EventSession>
    private let eventLoop: any EventLoop
    let caller: Caller

    /// Must be made on the session's event loop.
    init(_ session: EventSession) {
        self.session = NIOLoopBound(session, eventLoop: session.eventLoop)
        eventLoop = session.eventLoop
        caller = session.caller
    }

    /// Does something with the session on its event loop.
    func run<Value: Sendable>(_ body: @escaping @Sendable (EventSession) throws -> Value) async throws -> Value {
        try await eventLoop.submit { try body(session.value) }.get()
    }

    /// Does something that ends later with the session on its event loop.
    func runFuture(_ body: @escaping @Sendable (EventSession) -> EventLoopFuture<Void>) async throws {
        try await eventLoop.flatSubmit { body(session.value) }.get()
    }

    /// Does something with the session on its event loop, without waiting.
    func post(_ body: @escaping @Sendable (EventSession) -> Void) {
        eventLoop.execute { body(session.value) }
    }
}
