/// A thread's one connection: made when it is needed, made anew when it is lost, with growing pauses while the server
/// is away.
struct ConnectionSlot {
    private static let firstPause: Duration = .milliseconds(50)
    /// The least time an attempt gets, also for a call whose wait is nearly over.
    private static let leastAttempt: Duration = .milliseconds(250)

    private let configuration: PostgresConfiguration
    private let queue: WorkQueue
    private var connection: PostgresConnection?
    private let longestPause: Duration
    private var pause = Self.firstPause
    private var notBefore = ContinuousClock.now
    private var lastFailure = PostgresError(.unavailable)
    private var lastInterruption: ContinuousClock.Instant?

    init(_ configuration: PostgresConfiguration, queue: WorkQueue) {
        self.configuration = configuration
        self.queue = queue
        // A server that is back is found within the wait of every call.
        longestPause = max(Self.firstPause, min(.seconds(1), configuration.unavailableAfter / 2))
    }

    /// A connection that works as far as can be told; blocks until the deadline at most, and a little for an attempt.
    mutating func ready(until deadline: ContinuousClock.Instant) throws(PostgresError) -> PostgresConnection {
        if let connection {
            if connection.isStillConnected() { return connection }
            lose()
        }
        while true {
            let now = ContinuousClock.now
            if notBefore > now {
                // The server did not answer a moment ago, and this call may not wait for the next attempt.
                guard notBefore < deadline, !queue.isClosed else { throw lastFailure }
                queue.sleep(until: notBefore)
                continue
            }
            do {
                let opened = try PostgresConnection.open(
                    configuration, until: max(deadline, now + Self.leastAttempt), lastInterruption: lastInterruption)
                pause = Self.firstPause
                connection = opened
                return opened
            } catch {
                lastFailure = error
                lastInterruption = .now
                // Threads that lost their connections together come back apart.
                notBefore = .now + pause / 2 + pause / 2 * Double.random(in: 0..<1)
                pause = min(pause * 2, longestPause)
            }
        }
    }

    /// Lets go of a connection that is broken, or that a closure left inside a transaction.
    mutating func settle() {
        guard let connection, connection.isBroken || !connection.isIdle else { return }
        lose()
    }

    private mutating func lose() {
        connection = nil
        lastInterruption = .now
    }
}
