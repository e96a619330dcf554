import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct ClaimTests {
    @Test func manyWorkersClaimEachJobOnce() async throws {
        try await StudioFixture.with(credits: 10_000) { studio in
            var jobs: [JobID] = []
            for _ in 0..<60 { jobs.append(try await studio.submit()) }
            let wanted = jobs
            let claimed = try await withThrowingTaskGroup(of: [ClaimedJob].self) { group in
                for number in 0..<8 {
                    group.addTask {
                        // Each asks for all, in an order of its own.
                        let order = number.isMultiple(of: 2) ? wanted : wanted.reversed()
                        var mine: [ClaimedJob] = []
                        for start in stride(from: 0, to: order.count, by: 7) {
                            mine += try await studio.jobs.claim(
                                Array(order[start..<min(start + 7, order.count)]), worker: WorkerID(),
                                name: "w\(number)", lease: .seconds(60))
                        }
                        return mine
                    }
                }
                return try await group.reduce(into: [ClaimedJob]()) { $0 += $1 }
            }
            #expect(claimed.map(\.id.description).sorted() == wanted.map(\.description).sorted())
            #expect(claimed.allSatisfy { $0.attempt == 1 })
        }
    }

    /// The connection was cut between the claim's commit and its answer: the worker asks again and must learn what it holds.
    @Test func aClaimWhoseAnswerWasLostIsGivenAgain() async throws {
        try await StudioFixture.with { studio in
            let (job, worker) = (try await studio.submit(), WorkerID())
            func claim(as worker: WorkerID, held: [JobID] = []) async throws -> [ClaimedJob] {
                try await studio.jobs.claim([job], worker: worker, name: "w", lease: .seconds(60), held: held)
            }
            #expect(try await claim(as: worker).map(\.attempt) == [1])
            #expect(try await claim(as: worker).map(\.attempt) == [1])
            // A second message for a job it knows it holds starts nothing; nor does another worker get it.
            #expect(try await claim(as: worker, held: [job]).isEmpty)
            #expect(try await claim(as: WorkerID()).isEmpty)
            #expect(try await studio.jobs.attempts(of: job).count == 1)
        }
    }

    @Test func aClaimBringsAllThatAWorkerNeeds() async throws {
        try await StudioFixture.with { studio in
            let plate = try await studio.submit()
            let publication = try await studio.publish(studio.claim(plate))
            let job = try await studio.submit(inputs: [
                "plate": "job:\(plate)", "again": "take:\(publication.take.id)", "file": "01_Assets/a.png",
                "odd": "take:------------------------------------",
            ])
            let first = try await studio.claim(job)
            let take = try await studio.takes.allocate(first, fileExtension: "mp4", mediaType: "video/mp4")
            _ = try await studio.jobs.fail(first, failure: JobFailure(.runnerFailed, "exit 1"), retryDelay: .zero)
            let claimed = try #require(
                try await studio.jobs.claim([job], worker: studio.worker, name: "w", lease: .seconds(60)).first)
            #expect(claimed.attempt == 2 && claimed.countedAttempts == 1 && claimed.maxAttempts == 3)
            #expect(claimed.tenantName == "studio" && claimed.projectName == "film")
            #expect(claimed.userEmail == "ada@example.com" && claimed.userDisplayName == "Ada")
            #expect(claimed.manifest == ["name": "mock-video"])
            #expect(claimed.parameters["seed"]?.uint64Value == .max)
            #expect(
                claimed.resolvedInputs.mapValues(\.path) == [
                    "plate": publication.take.path, "again": publication.take.path,
                ])
            #expect(claimed.take == take)
            #expect(claimed.requestID == "r-1")
        }
    }

    @Test func onlyQueuedAndDueJobsAreClaimed() async throws {
        try await StudioFixture.with { studio in
            let later = try studio.newJob(notBefore: Date(timeIntervalSinceNow: 3600))
            try await studio.admit(later)
            let upstream = try await studio.submit()
            let waiting = try await studio.submit(dependsOn: [upstream])
            let cancelled = try await studio.submit()
            _ = try await studio.jobs.cancel(cancelled)
            let claimed = try await studio.jobs.claim(
                [later.id, waiting, cancelled, JobID(), upstream], worker: studio.worker, name: "w", lease: .seconds(60)
            )
            #expect(claimed.map(\.id) == [upstream])
        }
    }

    @Test func aHeartbeatRenewsTellsOfCancelAndOfWhatWasLost() async throws {
        try await StudioFixture.with { studio in
            try await WorkerStore(studio.database).register(
                WorkerRegistration(
                    id: studio.worker, name: "w", hostname: "h", pid: 1, version: "1", queues: ["studio.render"],
                    slots: 2))
            let (kept, cancelled, lost) = (
                try await studio.claim(studio.submit()), try await studio.claim(studio.submit()),
                try await studio.claim(studio.submit())
            )
            _ = try await studio.jobs.cancel(cancelled.job)
            try await studio.expireLease(of: kept.job)
            try await studio.expireLease(of: lost.job)
            // A renewal that comes late and before the recovery keeps the lease.
            let first = try await studio.jobs.heartbeat(
                worker: studio.worker, claims: [kept, cancelled], lease: .seconds(60))
            #expect(
                Set(first) == [
                    ClaimStatus(claim: kept, isHeld: true, cancelRequested: false),
                    ClaimStatus(claim: cancelled, isHeld: true, cancelRequested: true),
                ])
            let recovered = try await studio.jobs.returnExpiredLeases(limit: 10)
            #expect(recovered.map(\.claim) == [lost])
            let second = try await studio.jobs.heartbeat(
                worker: studio.worker, claims: [kept, lost, HeldClaim(job: JobID(), attempt: 1)], lease: .seconds(60))
            #expect(second.filter(\.isHeld).map(\.claim) == [kept])
            #expect(second.count == 3)
            let workers = try await WorkerStore(studio.database).list()
            #expect(workers.first?.running.count == 2)
            try await WorkerStore(studio.database).stop(studio.worker)
            #expect(try await WorkerStore(studio.database).list().isEmpty)
        }
    }

    @Test func aHeartbeatDoesNotWaitForARowThatIsBeingPublished() async throws {
        try await StudioFixture.with { studio in
            let (publishing, running) = (
                try await studio.claim(studio.submit()), try await studio.claim(studio.submit())
            )
            let latch = ThreadLatch()
            let publisher = Task {
                try await studio.takes.withProjectWriter(publishing, project: studio.project) { _ in latch.hold() }
            }
            try await latch.waitForHolders(1)
            let found = try await within(.seconds(10), "the heartbeat") {
                try await studio.jobs.heartbeat(
                    worker: studio.worker, claims: [publishing, running], lease: .seconds(60))
            }
            #expect(found.allSatisfy(\.isHeld) && found.count == 2)
            // Nor can the recovery take what is being published.
            #expect(try await studio.jobs.returnExpiredLeases(limit: 10).isEmpty)
            latch.open()
            try await publisher.value
        }
    }

    @Test func aLateAttemptChangesNothing() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit()
            let late = try await studio.claim(job)
            _ = try await studio.takes.allocate(late, fileExtension: "mp4", mediaType: "video/mp4")
            try await studio.expireLease(of: job)
            _ = try await studio.jobs.returnExpiredLeases(limit: 10)
            let current = try await studio.claim(job)
            #expect(try await !studio.jobs.isHeld(late))
            #expect(try await studio.jobs.isHeld(current))
            let before = try await studio.jobs.get(job)
            await #expect(throws: LeaseLost(claim: late)) { try await studio.publish(late) }
            await #expect(throws: LeaseLost(claim: late)) {
                _ = try await studio.takes.recordFile(late, sha256: String(repeating: "c", count: 64), sizeBytes: 1)
            }
            await #expect(throws: LeaseLost(claim: late)) {
                _ = try await studio.jobs.fail(late, failure: JobFailure(.runnerFailed, "x"), retryDelay: .zero)
            }
            await #expect(throws: LeaseLost(claim: late)) { _ = try await studio.jobs.release(late) }
            await #expect(throws: LeaseLost(claim: late)) { _ = try await studio.jobs.finishCancelled(late) }
            await #expect(throws: LeaseLost(claim: late)) {
                try await studio.takes.withProjectWriter(late, project: studio.project) { _ in }
            }
            #expect(try await studio.jobs.get(job) == before)
            try await studio.publish(current)
            await #expect(throws: LeaseLost(claim: current)) { try await studio.publish(current) }
            #expect(try await studio.state(job) == .succeeded)
        }
    }

    @Test func anAttemptEndsAsTheRulesSay() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit(maxAttempts: 2)
            // Given back: not counted, due at once.
            #expect(try await studio.jobs.release(studio.claim(job)) == .queued(notBefore: nil))
            // Failed with a delay: counted, not due.
            let failure = JobFailure(.runnerFailed, "exit 1", logTail: "boom")
            guard
                case .queued(let due?) = try await studio.jobs.fail(
                    studio.claim(job), failure: failure, retryDelay: .seconds(3600))
            else {
                Issue.record("not queued")
                return
            }
            #expect(due.timeIntervalSinceNow > 3000)
            #expect(try await studio.runway.fill(["studio.render": 10]) == RunwayFilling(emptied: ["studio.render"]))
            #expect(try await studio.runway.nextDue().map { (.seconds(3000) ... .seconds(3600)).contains($0) } == true)
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE jobs SET not_before = now() WHERE id = $1", [.id(job)])
            }
            // Used up: failed for good, credits back.
            #expect(
                try await studio.jobs.fail(studio.claim(job), failure: failure, retryDelay: .zero)
                    == .failed(failedDependents: []))
            let record = try await studio.jobs.get(job)
            #expect(record?.state == .failed && record?.failure == failure && record?.attempt == 3)
            #expect(try await studio.account() == CreditAccount(available: 1000, held: 0, settled: 0))
            #expect(try await studio.jobs.attempts(of: job).map(\.outcome) == [.released, .failed, .failed])
        }
    }

    @Test func aLostLeaseIsCountedAndTheLastOneFailsTheJob() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit(maxAttempts: 2)
            let asked = try await studio.submit()
            _ = try await studio.jobs.fail(
                studio.claim(job), failure: JobFailure(.runnerFailed, "exit 1"), retryDelay: .zero)
            try await studio.claim(job)
            try await studio.expireLease(of: job)
            _ = try await studio.jobs.returnExpiredLeases(limit: 10)
            #expect(try await studio.jobs.get(job)?.failure?.code == .workerLost)
            try await studio.claim(asked)
            _ = try await studio.jobs.cancel(asked)
            try await studio.expireLease(of: asked)
            let recovered = try await studio.jobs.returnExpiredLeases(limit: 10)
            #expect(recovered.map(\.end) == [.cancelled(failedDependents: [])])
            #expect(try await studio.account() == CreditAccount(available: 1000, held: 0, settled: 0))
        }
    }

    @Test func aLogIsReadInOrderFromAnyPlace() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit()
            let first = try await studio.claim(job)
            try await studio.jobs.appendLog(first, sequence: 0, lines: "one\n")
            try await studio.jobs.appendLog(first, sequence: 1, lines: "two\n")
            try await studio.jobs.appendLog(first, sequence: 1, lines: "twice\n")
            _ = try await studio.jobs.release(first)
            let second = try await studio.claim(job)
            try await studio.jobs.appendLog(second, sequence: 0, lines: "three\n")
            let all = try await studio.jobs.readLog(job)
            #expect(all.map(\.lines) == ["one\n", "two\n", "three\n"])
            let after = LogPosition(attempt: 1, sequence: 0)
            #expect(try await studio.jobs.readLog(job, after: after).map(\.lines) == ["two\n", "three\n"])
            #expect(try await studio.jobs.readLog(job, attempt: 1, after: after).map(\.lines) == ["two\n"])
        }
    }
}
