import QueueProtocol
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite struct DeadlineKeeperTests {
    private let attempts = RunningAttempts()
    private var keeper: DeadlineKeeper {
        DeadlineKeeper(attempts: attempts, grace: .seconds(5), logger: Stage.logger)
    }
    private let key = AttemptKey(job: JobID(), attempt: 1)

    @Test func whatIsOverdueIsAskedToEndAndNothingElse() {
        let now = ContinuousClock.now
        let due = attempts.begin(key, deadline: now)
        let later = attempts.begin(AttemptKey(job: JobID(), attempt: 1), deadline: now.advanced(by: .seconds(1)))
        let never = attempts.begin(AttemptKey(job: JobID(), attempt: 1))
        keeper.look(at: now)
        #expect(due.reason == .timedOut && later.reason == nil && never.reason == nil)
    }

    @Test func workThatDoesNotEndLosesItsLease() async throws {
        let stop = attempts.begin(key)
        let other = attempts.begin(AttemptKey(job: JobID(), attempt: 1))
        let (working, mayEnd) = (Signal("it works"), Signal("it may end"))
        let work = Task {
            try await stop.whileWanted {
                working.fire()
                // Deaf to the cancellation of its task.
                await Task.detached { try? await mayEnd.wait() }.value
            }
        }
        try await working.wait()
        stop.stop(.cancelled)
        keeper.look(at: .now)
        #expect(attempts.claims.count == 2, "it has its grace")
        keeper.look(at: .now.advanced(by: .seconds(6)))
        #expect(attempts.claims.map(\.job) != [key.job] && attempts.claims.count == 1)
        #expect(attempts.held.count == 2, "its slot is not free")
        #expect(other.reason == nil)
        mayEnd.fire()
        _ = try? await work.value
    }

    @Test func whatWritesDownItsEndKeepsItsLeaseHoweverLongThatTakes() async throws {
        let stop = attempts.begin(key)
        _ = try await stop.whileWanted { 1 }
        stop.stop(.timedOut)
        keeper.look(at: .now.advanced(by: .seconds(3600)))
        #expect(attempts.claims.count == 1)
    }

    @Test func aCancelThatIsFasterThanTheClaimIsHeard() {
        #expect(!attempts.stop(key.job, attempt: 1, .cancelled))
        #expect(!attempts.stop(key.job, attempt: nil, .cancelled))
        #expect(attempts.begin(AttemptKey(job: key.job, attempt: 2)).reason == nil)
        #expect(attempts.begin(key).reason == .cancelled)
        // Remembered once, and not for ever.
        attempts.end(key)
        #expect(attempts.begin(key).reason == nil)
        let first = AttemptKey(job: JobID(), attempt: 1)
        attempts.stop(first.job, attempt: 1, .cancelled)
        for _ in 0..<64 { attempts.stop(JobID(), attempt: 1, .cancelled) }
        #expect(attempts.begin(first).reason == nil)
    }
}
