/// Why a session is over.
enum EventSessionEnd: Sendable, Hashable {
    /// More durable events wait than fit; the client may come back and read on.
    case tooSlow
    /// It sent more commands than are taken at a time.
    case tooManyCommands
    /// Nothing was heard of it for too long.
    case silent
    /// Its token ended.
    case tokenExpired
    /// The gateway stops.
    case shutdown
}

/// The way from a session to its client, on the session's event loop.
protocol EventSessionOutput: AnyObject {
    /// There is something to take with `EventSession.next()`.
    func sessionHasOutput()
    /// The time has come to show the client that the connection is alive, and to learn whether it is.
    func sessionShouldPing()
    /// The session is over: tell the client why, and close.
    func sessionEnded(_ reason: EventSessionEnd)
}
