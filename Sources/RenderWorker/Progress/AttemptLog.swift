import Synchronization

/// Carries one attempt's log to PostgreSQL in batches, so that thousands of lines cost a few statements.
///
/// A batch that cannot be stored is kept and tried again; what an attempt may leave behind is bounded, so waiting for a
/// database that is away costs bounded memory.
final class AttemptLog: Sendable {
    /// The least time between two batches.
    static let interval = Duration.milliseconds(250)

    /// Stores one batch under its number, which counts from 0. Storing a number again must do nothing.
    typealias Store = @Sendable (_ sequence: Int, _ lines: String) async throws -> Void

    private let buffer = Mutex(LogBuffer())
    private let lines: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let store: Store

    init(store: @escaping Store) {
        self.store = store
        (lines, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes one line in, from any thread.
    func write(_ line: String) {
        buffer.withLock { $0.append(line) }
        continuation.yield()
    }

    /// The last lines; nil where there are none.
    var tail: String? { buffer.withLock { $0.tail } }

    /// Stores batches until the task is cancelled. To be run once; ``flush()`` stores the rest.
    func run<C: Clock>(clock: C) async where C.Duration == Duration {
        for await _ in lines {
            do { try await flush() } catch { continuation.yield() }
            try? await clock.sleep(for: Self.interval)
        }
    }

    /// Stores what waits. Must not run beside itself or ``run(clock:)``.
    ///
    /// - Throws: What storing threw; the batch is kept.
    func flush() async throws {
        while let (sequence, lines) = buffer.withLock({ $0.nextPiece() }) {
            try await store(sequence, lines)
            buffer.withLock { $0.confirm() }
        }
    }
}
