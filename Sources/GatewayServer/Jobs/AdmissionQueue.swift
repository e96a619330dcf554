import StudioCore
import StudioPostgres
import Synchronization

/// Group commit: requests that come while a transaction is under way are admitted together by the next one.
///
/// What waits is bounded in jobs and in bytes; beyond that a request is refused with `unavailable` and a time to come
/// back, and nothing of it is kept. A request that was taken is answered, also where its sender has gone away: its job may
/// be committed already.
final class AdmissionQueue: Sendable {
    /// How much waits and how much is committed at once.
    struct Limits: Sendable {
        /// Jobs that wait; default 8,192.
        var waitingJobs = 8192
        /// Bytes of the bodies that wait; default 64 MiB.
        var waitingBytes = 64 << 20
        /// Jobs of one transaction, unless one request has more; default 512.
        var batch = 512
        /// How long a commit waits for more where more than what waits came together a moment ago; default half a
        /// millisecond, a fraction of what a commit takes.
        var gathering = Duration.microseconds(500)
    }

    private struct Waiting {
        let unit: AdmissionUnit
        let bytes: Int
        let answer: CheckedContinuation<UnitAdmission, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var jobs = 0
        var bytes = 0
        var isCommitting = false
        /// How many requests the last commit had, with those that waited at its end: as many senders there are, as far as can
        /// be told.
        var together = 0
    }

    private let admission: JobAdmission
    private let limits: Limits
    private let clock: any Clock<Duration>
    private let onAdmitted: @Sendable ([AdmittedJob]) -> Void
    private let state = Mutex(State())

    /// A queue.
    ///
    /// - Parameters:
    ///   - admission: The way into the store.
    ///   - limits: How much waits and how much is committed at once.
    ///   - clock: What the wait for more is measured with.
    ///   - onAdmitted: Called with the jobs of each commit before their senders are answered; must not block.
    init(
        _ admission: JobAdmission, limits: Limits = Limits(), clock: any Clock<Duration> = ContinuousClock(),
        onAdmitted: @escaping @Sendable ([AdmittedJob]) -> Void
    ) {
        self.admission = admission
        self.limits = limits
        self.clock = clock
        self.onAdmitted = onAdmitted
    }

    /// How many jobs wait for the next commit.
    var waitingJobs: Int { state.withLock { $0.jobs } }

    /// Whether a commit is under way.
    var isCommitting: Bool { state.withLock { $0.isCommitting } }

    /// Admits a unit with whatever else waits.
    ///
    /// - Parameters:
    ///   - unit: What to admit.
    ///   - bytes: The size of its body.
    /// - Returns: What became of it.
    /// - Throws: `StudioError` with code `unavailable` where too much waits; what `JobAdmission.admit` throws.
    func admit(_ unit: AdmissionUnit, bytes: Int) async throws -> UnitAdmission {
        try await withCheckedThrowingContinuation { continuation in
            let begins: Bool? = state.withLock { state in
                // One request alone is always taken: its own limit is the body's.
                let hasRoom =
                    state.waiting.isEmpty
                    || (state.jobs + unit.size <= limits.waitingJobs
                        && state.bytes + bytes <= limits.waitingBytes)
                guard hasRoom else { return nil }
                state.waiting.append(Waiting(unit: unit, bytes: bytes, answer: continuation))
                state.jobs += unit.size
                state.bytes += bytes
                defer { state.isCommitting = true }
                return !state.isCommitting
            }
            switch begins {
            case nil:
                continuation.resume(
                    throwing: StudioError(
                        .unavailable, "more jobs are being submitted than can be kept at once; please try again",
                        retryAfterSeconds: 1))
            case true?: Task { await self.commitUntilEmpty() }
            case false?: break
            }
        }
    }

    private func commitUntilEmpty() async {
        while true {
            await gather()
            guard let batch = nextBatch() else { return }
            let results = await admission.admit(batch.map(\.unit))
            let admitted = results.flatMap(Self.admitted)
            if !admitted.isEmpty { onAdmitted(admitted) }
            state.withLock { $0.together = batch.count + $0.waiting.count }
            for (waiting, result) in zip(batch, results) { waiting.answer.resume(with: result) }
        }
    }

    /// Waits a moment where some of those who came together before are not here yet: who was just answered comes back, and a
    /// commit costs nearly the same for half of them as for all. One sender alone never waits.
    private func gather() async {
        let isWorthIt = state.withLock { $0.together > 1 && $0.waiting.count < min($0.together, limits.batch) }
        guard isWorthIt, limits.gathering > .zero else { return }
        try? await clock.sleep(for: limits.gathering)
    }

    /// What is committed next; nil where nothing waits, and then this chain of commits ends.
    private func nextBatch() -> [Waiting]? {
        state.withLock { state in
            var count = 0
            var jobs = 0
            var bytes = 0
            for waiting in state.waiting {
                guard count == 0 || jobs + waiting.unit.size <= limits.batch else { break }
                count += 1
                jobs += waiting.unit.size
                bytes += waiting.bytes
            }
            guard count > 0 else {
                state.isCommitting = false
                return nil
            }
            let batch = Array(state.waiting[..<count])
            state.waiting.removeFirst(count)
            state.jobs -= jobs
            state.bytes -= bytes
            return batch
        }
    }

    private static func admitted(_ result: Result<UnitAdmission, any Error>) -> [AdmittedJob] {
        if case .success(.run(let run)) = result { return run.jobs }
        guard case .success(.decided(let verdicts)) = result else { return [] }
        return verdicts.compactMap {
            switch $0 {
            case .admitted(let job), .known(let job): job
            case .refused: nil
            }
        }
    }
}
