import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// A worker that fails a function again and again is not given it again.
@Suite struct WorkerBlockTests {
    private let bad = WorkerID()
    private let good = WorkerID()

    private func register(_ studio: StudioFixture) async throws {
        for (id, name) in [(bad, "bad"), (good, "good")] {
            try await WorkerStore(studio.database).register(
                WorkerRegistration(
                    id: id, name: name, hostname: "h", pid: 1, version: "1", queues: ["studio.render"], slots: 2))
        }
    }

    private func claim(_ job: JobID, as worker: WorkerID, _ studio: StudioFixture) async throws -> HeldClaim? {
        try await studio.jobs.claim([job], worker: worker, name: "w", lease: .seconds(60)).first
            .map { HeldClaim(job: $0.id, attempt: $0.attempt) }
    }

    /// Fails new jobs of a function on a worker; returns what it was blocked for by the last.
    @discardableResult
    private func fail(
        _ times: Int, _ code: FailureCode = .runnerFailed, as worker: WorkerID, function: String = "noop",
        elsewhere: Bool = false, _ studio: StudioFixture
    ) async throws -> [String] {
        var blocked: [String] = []
        var failure = JobFailure(code, "exit 1")
        failure.isElsewhere = elsewhere
        for _ in 0..<times {
            let job = try studio.newJob(function: function, makesTake: false)
            try await studio.admit(job)
            let claim = try #require(try await claim(job.id, as: worker, studio))
            blocked = try await studio.jobs.end([
                AttemptEnding(claim, .failed(failure, retryDelay: .seconds(600)))
            ]).blockedFunctions
        }
        return blocked
    }

    private func succeed(as worker: WorkerID, _ studio: StudioFixture) async throws {
        let claim = try #require(try await claim(studio.submitTakeless(), as: worker, studio))
        _ = try await studio.jobs.end([AttemptEnding(claim, .succeeded)])
    }

    private func blocks(_ studio: StudioFixture) async throws -> [WorkerBlock] {
        try await WorkerBlockStore(studio.database).list()
    }

    @Test func whatFailsElsewhereSaysNothingOfTheWorker() async throws {
        try await StudioFixture.with { studio in
            try await register(studio)
            #expect(try await fail(4, as: bad, elsewhere: true, studio) == [])
            #expect(try await blocks(studio) == [])
            // What the worker fails by itself counts from the first.
            #expect(try await fail(2, as: bad, studio) == [])
            #expect(try await fail(1, as: bad, studio) == ["noop"])
        }
    }

    @Test func threeFailuresInARowBlockThisWorkerForThisFunction() async throws {
        try await StudioFixture.with { studio in
            try await register(studio)
            #expect(try await fail(2, as: bad, studio) == [])
            #expect(try await fail(1, as: bad, studio) == ["noop"])
            let block = try #require(try await blocks(studio).first)
            #expect(block.worker == bad && block.workerName == "bad" && block.function == "noop")
            #expect(block.failures == 3 && block.lastCode == .runnerFailed)
            #expect(try await WorkerStore(studio.database).list().map(\.blockedFunctions) == [["noop"], []])

            let job = try await studio.submitTakeless()
            #expect(try await studio.runway.fill(["studio.render": 10]).jobs.map(\.id) == [job])
            #expect(try await claim(job, as: bad, studio) == nil)
            // It is owed a message again, in a moment; and no event tells of a change that was none.
            let record = try #require(try await studio.jobs.get(job))
            #expect(record.state == .queued && record.attempt == 0 && record.pushedAt == nil)
            #expect(record.notBefore.map { (0...3).contains($0.timeIntervalSinceNow) } ?? false)
            let other = try studio.newJob(function: "other", makesTake: false)
            try await studio.admit(other)
            let otherClaim = try #require(try await claim(other.id, as: bad, studio))
            _ = try await studio.jobs.end([AttemptEnding(otherClaim, .succeeded)])
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE jobs SET not_before = NULL, delayed = false WHERE id = $1", [.id(job)])
            }
            #expect(try await claim(job, as: good, studio) != nil)
        }
    }

    @Test func aSuccessInBetweenBeginsTheCountAnew() async throws {
        try await StudioFixture.with { studio in
            try await register(studio)
            try await fail(2, as: bad, studio)
            try await succeed(as: bad, studio)
            #expect(try await fail(2, as: bad, studio) == [])
            #expect(try await fail(1, as: bad, studio) == ["noop"])
        }
    }

    @Test(arguments: [FailureCode.inputInvalid, .storageFull, .publishFailed, .parametersInvalid])
    func whatIsNotTheWorkersFaultDoesNotCount(_ code: FailureCode) async throws {
        try await StudioFixture.with { studio in
            try await register(studio)
            #expect(try await fail(4, code, as: bad, studio) == [])
            #expect(try await blocks(studio) == [])
        }
    }

    @Test func anOperatorClearsIt() async throws {
        try await StudioFixture.with { studio in
            try await register(studio)
            try await fail(3, as: bad, studio)
            let store = WorkerBlockStore(studio.database)
            #expect(try await !store.clear(good, function: "noop"))
            #expect(try await !store.clear(bad, function: "other"))
            #expect(try await store.clear(bad, function: "noop"))
            #expect(try await !store.clear(bad, function: "noop"))
            try await succeed(as: bad, studio)
        }
    }

    @Test func aSuccessElsewhereClearsItAfterAWaitThatDoubles() async throws {
        try await StudioFixture.with { studio in
            try await register(studio)
            func age(_ minutes: Double) async throws {
                _ = try await studio.database.withConnection {
                    try $0.execute(
                        "UPDATE worker_blocks SET blocked_at = now() - $1 * interval '1 second'",
                        [.double(minutes * 60)])
                }
            }
            try await fail(3, as: bad, studio)
            try await succeed(as: good, studio)
            #expect(try await blocks(studio).count == 1, "not at once")
            try await age(1.1)
            try await succeed(as: good, studio)
            #expect(try await blocks(studio) == [])
            try await fail(3, as: bad, studio)
            try await age(1.1)
            try await succeed(as: good, studio)
            #expect(try await blocks(studio).count == 1, "the second time it waits longer")
            try await age(2.1)
            try await succeed(as: good, studio)
            #expect(try await blocks(studio) == [])
        }
    }

    @Test func aPublishedTakeIsASuccessToo() async throws {
        try await StudioFixture.with { studio in
            try await register(studio)
            let job = try await studio.submit()
            try await fail(2, as: studio.worker, function: "mock-video", studio)
            let claim = try await studio.claim(job)
            #expect(try await fail(1, as: studio.worker, function: "mock-video", studio) == ["mock-video"])
            // What it still runs may end well.
            try await studio.publish(claim)
            #expect(try await self.claim(studio.submit(), as: studio.worker, studio) != nil)
        }
    }

    @Test func whatIsKnownOfWorkersThatAreGoneIsForgotten() async throws {
        try await StudioFixture.with { studio in
            try await register(studio)
            try await fail(3, as: bad, studio)
            let store = WorkerBlockStore(studio.database)
            try await WorkerStore(studio.database).stop(bad)
            #expect(try await blocks(studio) == [])
            #expect(try await store.purge() == 0)
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE worker_blocks SET failed_at = now() - interval '2 hours'")
            }
            #expect(try await store.purge() == 1)
        }
    }
}

/// Jobs that take workers down, and what failed for good.
@Suite struct DeadJobTests {
    private func lose(_ job: JobID, _ studio: StudioFixture) async throws {
        try await studio.claim(job)
        try await studio.expireLease(of: job)
        #expect(try await studio.jobs.returnExpiredLeases(limit: 10).count == 1)
    }

    @Test func aJobWhoseFileIsFinishedGetsItPublishedWhateverItsWorkersDied() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit(maxAttempts: 1)
            let claim = try await studio.claim(job)
            _ = try await studio.takes.allocate(claim, fileExtension: "mp4", mediaType: "video/mp4")
            _ = try await studio.takes.recordFile(claim, sha256: String(repeating: "b", count: 64), sizeBytes: 5)
            try await studio.expireLease(of: job)
            _ = try await studio.jobs.returnExpiredLeases(limit: 10)
            try await lose(job, studio)
            #expect(try await studio.state(job) == .queued)
            _ = try await studio.publish(studio.claim(job))
            #expect(try await studio.state(job) == .succeeded)
            // Not for ever.
            let other = try await studio.submit(maxAttempts: 1)
            let first = try await studio.claim(other)
            _ = try await studio.takes.allocate(first, fileExtension: "mp4", mediaType: "video/mp4")
            _ = try await studio.takes.recordFile(first, sha256: String(repeating: "b", count: 64), sizeBytes: 5)
            try await studio.expireLease(of: other)
            _ = try await studio.jobs.returnExpiredLeases(limit: 10)
            for _ in 0..<4 { try await lose(other, studio) }
            #expect(try await studio.state(other) == .failed)
        }
    }

    @Test func aJobThatTookTwoWorkersDownIsPoison() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit(maxAttempts: 100)
            try await lose(job, studio)
            _ = try await studio.jobs.fail(
                studio.claim(job), failure: JobFailure(.runnerFailed, "exit 1"), retryDelay: .zero)
            #expect(try await studio.state(job) == .queued)
            try await lose(job, studio)
            let record = try #require(try await studio.jobs.get(job))
            #expect(record.state == .failed && record.failure?.code == .poison && record.failure?.retryable == false)
            let attempts = try await studio.jobs.attempts(of: job)
            #expect(attempts.map(\.outcome) == [.lost, .failed, .lost])
            #expect(attempts.map(\.failure?.code) == [.workerLost, .runnerFailed, .workerLost])
            // A person may try again, and the history stays.
            _ = try await studio.jobs.retry(job)
            try await lose(job, studio)
            #expect(try await studio.state(job) == .queued)
            #expect(try await studio.jobs.attempts(of: job).count == 4)
        }
    }

    @Test func deadJobsAreListedWithEveryCause() async throws {
        try await StudioFixture.with { studio in
            let failure = JobFailure(.runnerFailed, "exit 1", logTail: "boom")
            let twice = try await studio.submit(maxAttempts: 2)
            for _ in 0..<2 { _ = try await studio.jobs.fail(studio.claim(twice), failure: failure, retryDelay: .zero) }
            let once = try await studio.submit(maxAttempts: 1)
            _ = try await studio.jobs.fail(
                studio.claim(once), failure: JobFailure(.inputInvalid, "no media"), retryDelay: .zero)
            _ = try await studio.submit()
            let dead = try await studio.jobs.dead(tenant: studio.tenant)
            #expect(dead.map(\.job.id) == [once, twice])
            #expect(dead[1].attempts.map(\.failure) == [failure, failure])
            #expect(try await studio.jobs.dead(tenant: studio.tenant, limit: 1).map(\.job.id) == [once])
            #expect(try await studio.jobs.dead(tenant: studio.tenant, before: once).map(\.job.id) == [twice])
            #expect(try await studio.jobs.dead(tenant: studio.tenant, code: .inputInvalid).map(\.job.id) == [once])
            #expect(try await studio.jobs.dead(tenant: studio.tenant, function: "other").isEmpty)
            #expect(try await studio.jobs.dead(tenant: TenantID()).isEmpty)
            _ = try await studio.jobs.retry(once)
            #expect(try await studio.jobs.dead(tenant: studio.tenant).map(\.job.id) == [twice])
        }
    }
}
