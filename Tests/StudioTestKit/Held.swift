import Dispatch

/// Work that ends by cancellation alone.
///
/// - Throws: `CancellationError`, when the task is cancelled.
public func untilCancelled() async throws {
    while true { try await Task.sleep(for: .seconds(3600)) }
}

/// Holds whole threads, as blocking code under test occupies them, until the test lets them go.
public final class ThreadLatch: Sendable {
    private let entered = Watched(0)
    private let opened = DispatchSemaphore(value: 0)

    /// A closed latch.
    public init() {}

    /// Blocks the calling thread until the latch is open, 30 s at most.
    public func hold() {
        entered.update { $0 += 1 }
        _ = opened.wait(timeout: .now() + .seconds(60))
        // One signal lets everybody through, one after the other.
        opened.signal()
    }

    /// Waits until so many threads are or were held.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - bound: The longest wait.
    /// - Throws: `WaitTimedOut`.
    public func waitForHolders(_ count: Int, within bound: Duration = .seconds(300)) async throws {
        _ = try await entered.wait("\(count) held threads", within: bound) { $0 >= count ? $0 : nil }
    }

    /// Lets all go, for good.
    public func open() { opened.signal() }
}
