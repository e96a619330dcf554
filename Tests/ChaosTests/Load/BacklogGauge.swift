import Synchronization

/// How many jobs are not finished: clients hold back where there are many, so that the end of a run is near.
final class BacklogGauge: Sendable {
    static let unfinished = "SELECT count(*) FROM jobs WHERE state IN ('waiting', 'queued', 'running')"

    private let jobs = Mutex(0)
    private let most: Int

    init(most: Int) { self.most = most }

    var isFull: Bool { jobs.withLock { $0 > most } }

    /// Reads the gauge until the task is cancelled; while PostgreSQL is away it stays as it was.
    func watch(_ studio: ChaosStudio) async {
        while !Task.isCancelled {
            if let count = try? await studio.number(Self.unfinished) { jobs.withLock { $0 = count } }
            try? await ContinuousClock().sleep(for: .seconds(1))
        }
    }
}
