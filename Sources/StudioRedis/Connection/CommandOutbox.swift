import Synchronization

/// Where callers on any thread leave requests for a connection's event loop, and where the bounds are kept.
///
/// Callers who come while the loop is busy share one wake-up and one write.
final class CommandOutbox: Sendable {
    private struct State {
        var waiting: [RedisRequest] = []
        var commands = 0
        var bytes = 0
        var ended: RedisError?
    }

    private let state = Mutex(State())
    private let maximumCommands: Int
    private let maximumBytes: Int

    init(maximumCommands: Int, maximumBytes: Int) {
        self.maximumCommands = maximumCommands
        self.maximumBytes = maximumBytes
    }

    /// Why the connection ended, once it has.
    var ended: RedisError? { state.withLock { $0.ended } }

    /// Leaves a request; true where the event loop must be woken to collect it.
    func put(_ request: RedisRequest) throws(RedisError) -> Bool {
        let result: Result<Bool, RedisError> = state.withLock {
            if let ended = $0.ended { return .failure(ended) }
            let commands = $0.commands + max(1, request.replies)
            let bytes = $0.bytes + request.payload.count
            guard commands <= maximumCommands, bytes <= maximumBytes else {
                return .failure(RedisError(.overloaded, "too many commands are under way to Redis"))
            }
            $0.commands = commands
            $0.bytes = bytes
            $0.waiting.append(request)
            return .success($0.waiting.count == 1)
        }
        return try result.get()
    }

    /// Everything that waits to be written, in order.
    func collect() -> [RedisRequest] {
        state.withLock {
            let waiting = $0.waiting
            $0.waiting = []
            return waiting
        }
    }

    /// Gives back the room of a request that is done.
    func release(_ request: RedisRequest) {
        state.withLock {
            $0.commands -= max(1, request.replies)
            $0.bytes -= request.payload.count
        }
    }

    /// Refuses everything from now on; what still waited is returned to be failed.
    func end(_ error: RedisError) -> [RedisRequest] {
        state.withLock {
            if $0.ended == nil { $0.ended = error }
            let waiting = $0.waiting
            $0.waiting = []
            return waiting
        }
    }
}
