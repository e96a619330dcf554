import Logging
import QueueProtocol
import StudioPostgres
import StudioSystem

/// Renews all leases of this worker with one statement a heartbeat, and hears by its answer which attempts are to end, and
/// whether the worker is to drain.
///
/// It has a database connection with a thread of its own, and neither media work nor hashing nor Git runs in the
/// cooperative pool, so that load does not look like death.
struct LeaseKeeper<C: Clock>: Sendable where C.Duration == Duration {
    let worker: WorkerID
    let attempts: RunningAttempts
    let slots: Slots
    let jobs: JobStore
    let workers: WorkerStore
    let lease: Duration
    let interval: Duration
    let clock: C
    /// Asks the worker for a graceful stop.
    let drain: @Sendable () -> Void
    /// Told after every heartbeat whether it reached PostgreSQL; returns at once.
    var onBeat: @Sendable (_ hasArrived: Bool) -> Void = { _ in }
    let logger: Logger

    /// Beats until the task is cancelled, which must not be before the last attempt is over.
    func run() async {
        var isAway = false
        while !Task.isCancelled {
            do {
                try await beat()
                if isAway { logger.info("heartbeat reaches PostgreSQL again") }
                isAway = false
            } catch {
                if !isAway {
                    logger.warning("heartbeat does not reach PostgreSQL", metadata: [LogKey.error: "\(error)"])
                }
                isAway = true
            }
            onBeat(!isAway)
            // After a failure sooner again: the lease is only three beats long.
            let pause = isAway ? interval / 3 : interval
            try? await clock.sleep(for: pause)
        }
    }

    /// One heartbeat.
    ///
    /// - Throws: `PostgresError`.
    func beat() async throws {
        for status in try await jobs.heartbeat(worker: worker, claims: attempts.claims, lease: lease) {
            let claim = status.claim
            if !status.isHeld {
                if attempts.stop(claim.job, attempt: claim.attempt, .leaseLost) {
                    logger.warning(
                        "lease lost, the attempt is stopped",
                        metadata: [LogKey.job: "\(claim.job)", LogKey.attempt: "\(claim.attempt)"])
                }
            } else if status.cancelRequested {
                attempts.stop(claim.job, attempt: claim.attempt, .cancelled)
            }
        }
        let isServing = slots.table.phase == .serving
        let state = try await workers.touch(worker, state: isServing ? .serving : .draining)
        if isServing, state == .draining { drain() }
    }
}
