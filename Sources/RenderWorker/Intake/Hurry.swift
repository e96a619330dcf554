import Synchronization

/// Said once when a stop must not wait any longer, as by a second SIGTERM.
final class Hurry: Sendable {
    private let said: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (said, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    /// Says it; saying it again does nothing.
    func ask() {
        continuation.yield()
        continuation.finish()
    }

    /// Returns when it was said, or the task is cancelled. For one waiter.
    func asked() async {
        for await _ in said { return }
    }
}
