import Synchronization

/// Commands that were formatted together, and the caller who waits for all their replies. Settled exactly once: by the
/// replies, by the connection's end, or by the caller's cancellation, whichever is first.
final class RedisRequest: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<[RedisReply], any Error>)
        case settledBeforeWaiting(Result<[RedisReply], RedisError>)
        case settled
    }

    let payload: [UInt8]
    /// How many replies belong to it; 0 where replies come as pushes and nobody waits.
    let replies: Int
    private let state = Mutex(State.idle)

    init(_ commands: [RedisCommand], expectsReplies: Bool = true) throws(RedisError) {
        var payload: [UInt8] = []
        for command in commands { try command.encode(into: &payload) }
        self.payload = payload
        replies = expectsReplies ? commands.count : 0
    }

    /// Whether nobody waits any more.
    var isSettled: Bool {
        state.withLock {
            switch $0 {
            case .idle, .waiting: false
            case .settledBeforeWaiting, .settled: true
            }
        }
    }

    /// Takes the caller's continuation; false where the request was settled before, then it is resumed here.
    func wait(_ continuation: CheckedContinuation<[RedisReply], any Error>) -> Bool {
        let early: Result<[RedisReply], RedisError>? = state.withLock {
            guard case .settledBeforeWaiting(let result) = $0 else {
                $0 = .waiting(continuation)
                return nil
            }
            $0 = .settled
            return result
        }
        guard let early else { return true }
        continuation.resume(with: early.mapError { $0 as any Error })
        return false
    }

    func settle(_ result: Result<[RedisReply], RedisError>) {
        let continuation: CheckedContinuation<[RedisReply], any Error>? = state.withLock {
            switch $0 {
            case .idle:
                $0 = .settledBeforeWaiting(result)
                return nil
            case .waiting(let continuation):
                $0 = .settled
                return continuation
            case .settledBeforeWaiting, .settled: return nil
            }
        }
        continuation?.resume(with: result.mapError { $0 as any Error })
    }
}
