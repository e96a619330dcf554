import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Tasks of Celery's clients beside their jobs.
@Suite struct CeleryTaskTests {
    private static func task(_ id: String, name: String = TaskName.submit) throws -> CeleryTask {
        let text = #"{"id": "\#(id)", "name": "\#(name)", "headers": {"argsrepr": "(1,)"}, "queue": "studio"}"#
        return try CeleryTask(stored: text)
    }

    /// Admits a job for a task of the job's own id.
    private static func submit(
        _ studio: StudioFixture, notBefore: Date? = nil, expires: Date? = nil
    ) async throws -> (job: JobID, task: CeleryTask) {
        let job = JobID()
        var asked = try studio.newJob(id: job, notBefore: notBefore, function: "noop", makesTake: false)
        asked.celery = try task(job.description)
        asked.expiresAt = expires
        try await studio.admit(asked)
        return (job, try task(job.description))
    }

    private static func store(_ studio: StudioFixture) -> CeleryTaskStore { CeleryTaskStore(studio.database) }

    @Test func aTaskIsWrittenWithItsJobAndComesWithTheClaimUntilItIsAnswered() async throws {
        try await StudioFixture.with { studio async throws in
            let store = Self.store(studio)
            let (job, task) = try await Self.submit(studio)
            #expect(try await store.known([task.id, "other"]) == [task.id: job])
            let plain = try await studio.submit()
            let claimed = try await studio.jobs.claim(
                [job, plain], worker: studio.worker, name: "w", lease: .seconds(60))
            #expect(claimed.map(\.celery) == [task, nil])
            #expect(try await store.takeDue(limit: 9, hold: .seconds(60)).isEmpty, "it runs")
            #expect(try await store.hasOpen())
            let claim = HeldClaim(job: job, attempt: 1)
            let failure = JobFailure(.runnerFailed, "It broke.")
            _ = try await studio.jobs.fail(claim, failure: failure, retryDelay: .zero)
            let retry = try #require(try await store.takeDue(limit: 9, hold: .seconds(60)).first)
            #expect(retry.task == task && retry.retryCause == failure && retry.job.state == .queued && !retry.follows)
            try await store.noteTold(retry)
            #expect(try await store.takeDue(limit: 9, hold: .zero).isEmpty, "told once")
            _ = try await studio.jobs.claim([job], worker: studio.worker, name: "w", lease: .seconds(60))
            _ = try await studio.jobs.end([AttemptEnding(HeldClaim(job: job, attempt: 2), .succeeded)])
            let end = try #require(try await store.takeDue(limit: 9, hold: .seconds(60)).first)
            #expect(end.job.state == .succeeded && end.retryCause == nil)
            #expect(try await store.takeDue(limit: 9, hold: .zero).isEmpty, "another holds it")
            try await store.tryAgain(end, after: .zero)
            let again = try #require(try await store.takeDue(limit: 9, hold: .seconds(60)).first)
            try await store.noteAnswered([again])
            #expect(try await store.takeDue(limit: 9, hold: .zero).isEmpty)
            #expect(try await !store.hasOpen())
        }
    }

    @Test func whatHappensWhileItIsToldIsDueAllTheSame() async throws {
        try await StudioFixture.with { studio async throws in
            let store = Self.store(studio)
            let (job, _) = try await Self.submit(studio)
            let claim = try await studio.claim(job)
            _ = try await studio.jobs.release(claim)
            let due = try #require(try await store.takeDue(limit: 1, hold: .seconds(60)).first)
            _ = try await studio.jobs.cancel(job)
            try await store.noteTold(due)
            #expect(try await store.takeDue(limit: 1, hold: .seconds(60)).first?.job.state == .cancelled)
        }
    }

    @Test func aRefusedJobHasNoTaskAndAnIDIsAdmittedOnce() async throws {
        try await StudioFixture.with(credits: 10) { studio async throws in
            let id = JobID()
            var dear = try studio.newJob(id: id, credits: 11)
            dear.celery = try Self.task(id.description)
            let refused = dear
            await expectRefusal(.insufficientCredits) { _ = try await studio.jobs.admit(refused) }
            #expect(try await Self.store(studio).known([id.description]).isEmpty)
            var good = try studio.newJob(id: id)
            good.celery = try Self.task(id.description)
            try await studio.admit(good)
            guard case .known = try await studio.jobs.admit(good) else { throw Unexpected(what: "twice") }
            #expect(try await studio.count("celery_tasks") == 1)
        }
    }

    @Test func followersOfOneJobAreAllToldAndOfOneThatEndedAtOnce() async throws {
        try await StudioFixture.with { studio async throws in
            let store = Self.store(studio)
            let job = JobID()
            try await studio.admit(studio.newJob(id: job, function: "noop", makesTake: false))
            for id in ["a", "b", "a"] {
                #expect(try await store.follow(Self.task(id), job: job) == .follows(studio.project))
            }
            #expect(try await store.follow(Self.task("c"), job: JobID()) == .noJob)
            #expect(try await store.takeDue(limit: 9, hold: .seconds(60)).isEmpty)
            let claim = try await studio.claim(job)
            _ = try await studio.jobs.end([AttemptEnding(claim, .succeeded)])
            let due = try await store.takeDue(limit: 9, hold: .seconds(60))
            #expect(Set(due.map(\.task.id)) == ["a", "b"] && due.allSatisfy(\.follows))
            _ = try await store.follow(Self.task("late"), job: job)
            #expect(try await store.takeDue(limit: 9, hold: .seconds(60)).map(\.task.id) == ["late"])
        }
    }

    @Test func aRevokeCancelsWhatHasNotStartedAndWhatRunsOnlyWhereItIsToBeTerminated() async throws {
        try await StudioFixture.with { studio async throws in
            let store = Self.store(studio)
            let (queued, _) = try await Self.submit(studio)
            let (running, _) = try await Self.submit(studio)
            let plain = try await studio.submit()
            _ = try await studio.claim(running)
            let ids = [queued, running, plain].map(\.description)
            for _ in 0..<2 { _ = try await store.revoke(ids + ["nobody", ""], terminate: false) }
            #expect(try await studio.jobs.get(queued)?.state == .cancelled)
            #expect(try await studio.jobs.get(plain)?.state == .cancelled, "a job's own id is a task's too")
            #expect(try await studio.jobs.get(running)?.cancelRequestedAt == nil)
            #expect(try await store.revoked(among: ids + ["nobody"]) == ["nobody"])
            let done = try await store.revoke([running.description], terminate: true)
            #expect(done.cancellations.map(\.effect) == [.requested])
            #expect(try await studio.jobs.get(running)?.cancelRequestedAt != nil)
            let account = try await studio.users.account(of: studio.user)
            #expect(account?.held == 10, "what was cancelled is paid back")
        }
    }

    @Test func aTaskThatNobodyWouldAnswerIsNamedByTheAudit() async throws {
        try await StudioFixture.with(audited: false) { studio async throws in
            let (job, _) = try await Self.submit(studio)
            _ = try await studio.jobs.cancel(job)
            #expect(try await studio.audit.run() == [])
            _ = try await studio.database.withConnection { try $0.script("UPDATE celery_tasks SET due_at = NULL") }
            #expect(try await studio.audit.run().map(\.rule) == ["task-forgotten"])
        }
    }

    @Test func aRevokedFollowerStopsFollowingAndTheJobGoesOn() async throws {
        try await StudioFixture.with { studio async throws in
            let store = Self.store(studio)
            let job = try await studio.submit()
            _ = try await store.follow(Self.task("follower"), job: job)
            #expect(try await store.revoke(["follower"], terminate: true).unfollowed == ["follower"])
            #expect(try await studio.jobs.get(job)?.state == .queued)
            let due = try #require(try await store.takeDue(limit: 9, hold: .seconds(60)).first)
            #expect(due.endReason == "revoked" && due.follows)
        }
    }

    @Test func aJobThatIsTooLateIsNeitherClaimedNorLeft() async throws {
        try await StudioFixture.with { studio async throws in
            let store = Self.store(studio)
            let (late, _) = try await Self.submit(studio, expires: Date(timeIntervalSinceNow: -1))
            let (early, _) = try await Self.submit(studio, expires: Date(timeIntervalSinceNow: 3600))
            let (running, _) = try await Self.submit(studio, expires: Date(timeIntervalSinceNow: 3600))
            let claimed = try await studio.jobs.claim(
                [late, running], worker: studio.worker, name: "w", lease: .seconds(60))
            #expect(claimed.map(\.id) == [running])
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE jobs SET expires_at = now() WHERE id = $1", [.id(running)])
            }
            #expect(try await store.cancelExpired(limit: 9) == [late])
            #expect(try await store.cancelExpired(limit: 9).isEmpty)
            #expect(try await studio.jobs.get(early)?.state == .queued)
            #expect(try await studio.jobs.get(running)?.state == .running)
            let due = try #require(try await store.takeDue(limit: 9, hold: .seconds(60)).first)
            #expect(due.job.id == late && due.endReason == "expired")
            #expect(try await studio.users.account(of: studio.user)?.held == 20)
        }
    }

    @Test func ofARevokeAndAnAdmissionAtOnceOneSeesTheOther() async throws {
        try await StudioFixture.with { studio async throws in
            let store = Self.store(studio)
            for _ in 0..<20 {
                let id = JobID()
                var asked = try studio.newJob(id: id)
                asked.celery = try Self.task(id.description)
                let job = asked
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await studio.admit(job)
                        let late = try await store.revoked(among: [id.description])
                        if !late.isEmpty { _ = try await store.revoke(Array(late), terminate: false) }
                    }
                    group.addTask { _ = try await store.revoke([id.description], terminate: false) }
                    try await group.waitForAll()
                }
                #expect(try await studio.jobs.get(id)?.state == .cancelled)
            }
        }
    }

    @Test func gatewaysAreKnownByTheirSignsOfLife() async throws {
        try await StudioFixture.with { studio async throws in
            let gateways = GatewayStore(studio.database)
            let (alive, gone) = (WorkerID(), WorkerID())
            for id in [alive, gone, alive] { try await gateways.touch(id) }
            try await gateways.leave(gone)
            #expect(try await gateways.alive(within: .seconds(60)) == [alive])
            #expect(try await gateways.alive(within: .zero).isEmpty)
            #expect(try await gateways.purge() == 0)
        }
    }
}

extension StudioFixture {
    fileprivate func count(_ table: String) async throws -> Int {
        try await database.withConnection { try $0.query("SELECT count(*) AS n FROM \(table)")[0].decode("n") }
    }
}
