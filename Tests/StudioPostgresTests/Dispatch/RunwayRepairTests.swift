import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// What keeps marks and messages together.
@Suite struct RunwayRepairTests {
    @Test func aJobCommittedAsPushedIsNotTakenAgain() async throws {
        try await StudioFixture.with { studio in
            let admission = JobAdmission(studio.database) { $0.priority == 9 }
            let urgent = try studio.newJob(priority: 9)
            let waiting = try studio.newJob(priority: 9, dependsOn: [urgent.id])
            let later = try studio.newJob(priority: 9, notBefore: Date(timeIntervalSinceNow: 3600))
            let common = try studio.newJob(priority: 5)
            var pushed: [Bool] = []
            for job in [urgent, waiting, later, common] {
                guard case .decided(let verdicts) = try await admission.admit(AdmissionUnit([job])),
                    case .admitted(let admitted) = verdicts[0]
                else { throw Unexpected(what: "not admitted") }
                pushed.append(admitted.isPushed)
            }
            #expect(pushed == [true, false, false, false])
            #expect(try await studio.jobs.get(urgent.id)?.pushedAt != nil)
            #expect(try await studio.fill(10) == [common.id])
            // A paused project's jobs wait in the backlog, whatever the gateway thinks.
            _ = try await studio.projects.set(studio.project, isPaused: true)
            let paused = try studio.newJob(priority: 9)
            _ = try await admission.admit(AdmissionUnit([paused]))
            #expect(try await studio.jobs.get(paused.id)?.pushedAt == nil)
        }
    }

    @Test func whatWasPushedAndLostIsOwedAgain() async throws {
        try await StudioFixture.with { studio in
            let jobs = try await studio.submit(3, for: studio.seat)
            #expect(try await studio.fill(3) == jobs)
            #expect(try await studio.runway.standing(for: .seconds(60), limit: 10).isEmpty)
            #expect(try await studio.runway.standing(limit: 2) == Array(jobs.sorted().prefix(2)))
            #expect(try await studio.runway.standing(limit: 2, after: jobs.sorted()[1]) == [jobs.sorted()[2]])
            // Pushed a moment ago: its message is on its way.
            #expect(try await studio.runway.forget([jobs[0]], standingFor: .seconds(60)) == 0)
            try await studio.claim(jobs[1])
            #expect(try await studio.runway.forget(jobs, standingFor: .zero) == 2)
            #expect(try await studio.fill(3) == [jobs[0], jobs[2]])
            #expect(try await studio.runway.forgetAll() == 2)
            #expect(try await studio.fill(3) == [jobs[0], jobs[2]])
        }
    }

    @Test func whatIsDueBecomesReadyAndNotBefore() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.admit(studio.newJob(notBefore: Date(timeIntervalSinceNow: 3600))).id
            #expect(try await studio.runway.readyDue(limit: 10) == 0)
            #expect(try await studio.runway.nextDue().map { $0 > .seconds(3000) } == true)
            #expect(try await studio.fill(10).isEmpty)
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE jobs SET not_before = now() - interval '1 second' WHERE id = $1", [.id(job)])
            }
            #expect(try await studio.runway.nextDue() == .zero)
            #expect(try await studio.runway.readyDue(limit: 10) == 1)
            #expect(try await studio.runway.nextDue() == nil)
            #expect(try await studio.fill(10) == [job])
        }
    }

    @Test func whatAWorkerGaveBackKeepsItsPlaceAndWhatAPersonRetriesDoesNot() async throws {
        try await StudioFixture.with { studio in
            let jobs = try await studio.submit(3, for: studio.seat)
            #expect(try await studio.fill(2) == [jobs[0], jobs[1]])
            _ = try await studio.jobs.release(studio.claim(jobs[0]))
            let failure = JobFailure(.runnerFailed, "exit 1")
            _ = try await studio.jobs.fail(studio.claim(jobs[1]), failure: failure, retryDelay: .zero)
            #expect(try await studio.fill(10) == jobs)
            _ = try await studio.jobs.cancel(jobs[0])
            _ = try await studio.jobs.retry(jobs[0])
            _ = try await studio.runway.forgetAll()
            #expect(try await studio.fill(10) == [jobs[1], jobs[2], jobs[0]])
        }
    }

    @Test func circumstancesAreWhatIsServedLimitedAndPaused() async throws {
        try await StudioFixture.with { studio in
            let workers = WorkerStore(studio.database)
            for (slots, queues) in [(2, ["studio", "gpu"]), (3, ["studio"])] {
                try await workers.register(
                    WorkerRegistration(
                        id: WorkerID(), name: "w", hostname: "h", pid: 1, version: "1", queues: queues, slots: slots))
            }
            let gone = WorkerID()
            try await workers.register(
                WorkerRegistration(
                    id: gone, name: "gone", hostname: "h", pid: 1, version: "1", queues: ["studio"], slots: 9))
            try await workers.stop(gone)
            let shares = ShareStore(studio.database)
            _ = try await shares.change(studio.tenant, weight: nil, maxRunning: .some(0))
            try await shares.limit("rare", to: 2)
            try await QueuePauses(studio.database).set("gpu", isPaused: true)
            let found = try await studio.runway.circumstances(silence: .seconds(20))
            #expect(found.slots == ["studio": 5, "gpu": 2])
            #expect(found.limitedTenants == [studio.tenant] && found.limitedFunctions == ["rare"])
            #expect(found.pausedQueues == ["gpu"])
            // No limit again; and a tenant that is not there.
            #expect(try await shares.change(studio.tenant, weight: nil, maxRunning: .some(nil)).maxRunning == nil)
            await expectRefusal(.notFound) { _ = try await shares.change(TenantID(), weight: 2, maxRunning: nil) }
        }
    }
}
