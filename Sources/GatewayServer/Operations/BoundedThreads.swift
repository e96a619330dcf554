import NIOPosix
import StudioCore
import Synchronization

/// A few threads for work that blocks for long, with a bounded queue before them: what comes beyond that is refused at
/// once, so that overload is told instead of gathered.
final class BoundedThreads: Sendable {
    private let threads: NIOThreadPool
    private let limit: Int
    private let refusal: StudioError
    private let underWay = Atomic<Int>(0)

    /// Starts the threads; they end with this object.
    ///
    /// - Parameters:
    ///   - threads: How much is done at a time.
    ///   - queueLimit: How much may wait for a thread.
    ///   - refusal: What the next one gets.
    init(threads: Int, queueLimit: Int, refusal: StudioError) {
        self.threads = NIOThreadPool(numberOfThreads: threads)
        limit = threads + queueLimit
        self.refusal = refusal
        self.threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    /// How much is done or waits.
    var load: Int { underWay.load(ordering: .relaxed) }

    /// Does work on one of the threads.
    ///
    /// - Parameter work: What to do; it is not begun where the task is cancelled before.
    /// - Returns: What it returned.
    /// - Throws: The refusal; what the work threw; `CancellationError`.
    func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        defer { underWay.subtract(1, ordering: .relaxed) }
        guard underWay.add(1, ordering: .relaxed).newValue <= limit else { throw refusal }
        return try await threads.runIfActive(work)
    }
}

extension BoundedThreads {
    /// Where large files are read and copied, a gigabyte in a second or more, apart from everybody's short work on files.
    static let largeFiles = BoundedThreads(
        threads: 2, queueLimit: 64,
        refusal: StudioError(
            .unavailable, "many large files are being taken in at this moment; please try again", retryAfterSeconds: 10)
    )
}
