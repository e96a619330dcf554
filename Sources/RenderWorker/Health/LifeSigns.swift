import FoundationEssentials
import Logging
import QueueProtocol
import StudioSystem

/// Leaves signs of life of this worker, where an operator named a file for them.
///
/// A sign is dated when it is given, and written by a task of its own: a disk that hangs holds up no heartbeat, and makes
/// the worker look as it is.
struct LifeSigns: Sendable {
    /// The file; nil leaves none.
    let path: String?
    /// How long the worker's leases last.
    let lease: Duration
    let logger: Logger
    /// The machine's monotonic clock, in milliseconds.
    let now: @Sendable () -> Int64
    private let newest: AsyncStream<LifeSign>
    private let continuation: AsyncStream<LifeSign>.Continuation

    /// - Parameters:
    ///   - path: The file; nil leaves none.
    ///   - lease: How long the worker's leases last.
    ///   - logger: Where it is told that the file cannot be written.
    ///   - now: The machine's monotonic clock, in milliseconds.
    init(path: String?, lease: Duration, logger: Logger, now: @escaping @Sendable () -> Int64 = { LifeSign.now }) {
        self.path = path
        self.lease = lease
        self.logger = logger
        self.now = now
        (newest, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Gives a sign, from any thread; returns at once.
    func give(_ state: LifeSign.State) {
        guard path != nil else { return }
        continuation.yield(LifeSign(state: state, beat: now(), lease: Int64(lease / .milliseconds(1))))
    }

    /// Gives signs of waiting while work is done.
    ///
    /// - Parameters:
    ///   - interval: The time between two signs.
    ///   - work: The work.
    /// - Returns: What it returned.
    /// - Throws: What it threw.
    func whileWaiting<Result: Sendable>(
        every interval: Duration, _ work: @Sendable () async throws -> Result
    ) async throws -> Result {
        let signs = Task {
            while !Task.isCancelled {
                give(.waiting)
                try? await ContinuousClock().sleep(for: interval)
            }
        }
        defer { signs.cancel() }
        return try await work()
    }

    /// Writes the signs until the task is cancelled; then there is no file any more. To be run once.
    func run() async {
        guard let path else { return }
        var isBroken = false
        for await sign in newest {
            do {
                let text = try JSONText.compact(sign, sortedKeys: true)
                // In one step: whoever reads finds the old sign or the new one.
                try await Blocking.run { try text.write(to: URL(filePath: path), options: .atomic) }
                isBroken = false
            } catch {
                if !isBroken {
                    logger.warning(
                        "no sign of life can be left in WORKER_HEALTH_FILE", metadata: [LogKey.error: "\(error)"])
                }
                isBroken = true
            }
        }
        try? await Blocking.run { try FileManager.default.removeItem(atPath: path) }
    }
}
