import QueueProtocol
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// Whatever is asked of the running attempts in whatever order: by people, by the clock, by a stop, by a lost lease.
@Suite(.timeLimit(.minutes(10))) struct AttemptPropertyTests {
    /// What an attempt must have been told.
    private struct Expected {
        var stop: RunStop
        var deadline: ContinuousClock.Instant
        var reason: StopReason?

        mutating func tell(_ reason: StopReason) {
            if self.reason == nil || reason == .leaseLost { self.reason = reason }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func eachAttemptIsToldItsFirstReasonOnlyALostLeaseOutdoesItAndNobodyElsesReachesIt(seed: UInt64) {
        var dice = Dice(state: seed)
        let attempts = RunningAttempts()
        var now = ContinuousClock.now
        var running: [AttemptKey: Expected] = [:]
        var early: [AttemptKey] = []
        let jobs = (0..<6).map { _ in JobID() }
        for _ in 0..<400 {
            let key = AttemptKey(job: jobs[dice.roll(jobs.count)], attempt: 1 + dice.roll(3))
            switch dice.roll(9) {
            case 0...2:
                guard running[key] == nil else { continue }
                let deadline = now.advanced(by: .seconds(1 + dice.roll(60)))
                var expected = Expected(stop: attempts.begin(key, deadline: deadline), deadline: deadline)
                if let index = early.firstIndex(of: key) {
                    early.remove(at: index)
                    expected.tell(.cancelled)
                }
                running[key] = expected
            case 3:
                attempts.end(key)
                running[key] = nil
            case 4:
                let isHere = attempts.stop(key.job, attempt: key.attempt, .cancelled)
                #expect(isHere == (running[key] != nil), "seed \(seed)")
                if isHere { running[key]?.tell(.cancelled) } else { early = early.suffix(63) + [key] }
            case 5:
                attempts.stop(key.job, attempt: key.attempt, .leaseLost)
                running[key]?.tell(.leaseLost)
            case 6:
                // Any attempt at the job; where there is none, nothing is remembered.
                attempts.stop(key.job, .cancelled)
                for other in running.keys where other.job == key.job { running[other]?.tell(.cancelled) }
            case 7:
                now = now.advanced(by: .seconds(dice.roll(30)))
                attempts.stopOverdue(at: now)
                for (other, expected) in running where expected.deadline <= now { running[other]?.tell(.timedOut) }
            default:
                guard dice.roll(30) == 0 else { continue }
                attempts.stopAll(.released)
                for other in running.keys { running[other]?.tell(.released) }
            }
            for (other, expected) in running {
                #expect(expected.stop.reason == expected.reason, "seed \(seed): \(other)")
            }
            let claims = Set(attempts.claims.map { AttemptKey(job: $0.job, attempt: $0.attempt) })
            #expect(claims == Set(running.keys), "seed \(seed): every lease is renewed until its attempt ends")
            #expect(attempts.count == running.count && Set(attempts.held) == Set(running.keys.map(\.job)))
            // None of them works, so none ignores what it was told.
            #expect(attempts.giveUpIgnoring(at: now.advanced(by: .seconds(3600)), after: .zero).isEmpty)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aHeartbeatRenewsWhatIsHeldAndTellsEachAttemptWhatBecameOfIt(seed: UInt64) async throws {
        try await Stage.with { stage in
            var dice = Dice(state: seed)
            let attempts = RunningAttempts()
            let slots = Slots(capacity: 8)
            let workers = WorkerStore(stage.database)
            try await workers.register(
                WorkerRegistration(
                    id: stage.worker, name: "w", hostname: "h", pid: 1, version: "1", queues: ["studio"], slots: 8))
            let drains = Watched(0)
            let keeper = LeaseKeeper(
                worker: stage.worker, attempts: attempts, slots: slots, jobs: stage.jobs, workers: workers,
                lease: .seconds(60), interval: .seconds(3), clock: ManualClock(), drain: { drains.update { $0 += 1 } },
                logger: Stage.logger)
            var running: [AttemptKey: (stop: RunStop, reason: StopReason?)] = [:]
            for _ in 0..<30 {
                for _ in 0..<(1 + dice.roll(3)) {
                    let key = running.keys.sorted { "\($0)" < "\($1)" }.randomElement(using: &dice)
                    switch (dice.roll(5), key) {
                    case (2, let key?):
                        _ = try await stage.jobs.cancel(key.job)
                        if running[key]?.reason == nil { running[key]?.reason = .cancelled }
                    case (3, let key?):
                        try await Self.setLeases(to: -1, of: key.job, stage)
                        _ = try await stage.jobs.returnExpiredLeases(limit: 8)
                        running[key]?.reason = .leaseLost
                    case (4, let key?):
                        attempts.end(key)
                        running[key] = nil
                    default:
                        let job = try await stage.claim(stage.submit("noop", parameters: [:]))
                        let key = AttemptKey(job: job.id, attempt: job.attempt)
                        running[key] = (attempts.begin(key), nil)
                        try await Self.setLeases(to: 10, of: job.id, stage)
                    }
                }
                try await keeper.beat()
                let renewed = try await Self.renewed(stage)
                for (key, expected) in running {
                    #expect(expected.stop.reason == expected.reason, "seed \(seed): \(key)")
                    #expect(renewed.contains(key) == (expected.reason != .leaseLost), "seed \(seed): \(key)")
                }
                #expect(drains.value == 0)
            }
            _ = try await workers.drain(stage.worker)
            try await keeper.beat()
            #expect(drains.value == 1)
            slots.drain()
            try await keeper.beat()
            #expect(drains.value == 1, "one that drains needs not be asked")
            for key in try await Self.renewed(stage) { try await Self.setLeases(to: -1, of: key.job, stage) }
            _ = try await stage.jobs.returnExpiredLeases(limit: 100)
        }
    }

    private static func setLeases(to seconds: Int, of job: JobID, _ stage: Stage) async throws {
        _ = try await stage.database.withConnection { connection in
            try connection.execute(
                "UPDATE jobs SET lease_expires_at = now() + $1 * interval '1 second' WHERE id = $2 AND state = 'running'",
                [.int(seconds), .id(job)])
        }
    }

    /// The attempts whose lease was renewed just now.
    private static func renewed(_ stage: Stage) async throws -> Set<AttemptKey> {
        let rows = try await stage.database.withConnection { connection in
            try connection.query(
                "SELECT id, attempt FROM jobs WHERE state = 'running' AND lease_expires_at > now() + interval '30 s'"
            ).map { AttemptKey(job: try $0.decode("id"), attempt: try $0.decode("attempt")) }
        }
        return Set(rows)
    }
}
