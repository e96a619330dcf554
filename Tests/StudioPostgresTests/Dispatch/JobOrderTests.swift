import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// What people change about jobs that have not started.
@Suite struct JobOrderTests {
    private func change(_ job: JobID, _ change: JobChange, _ studio: StudioFixture) async throws {
        _ = try await studio.jobs.change(job, change, tenant: studio.tenant)
    }

    @Test func aJobIsMovedBeforeAndAfterOthers() async throws {
        try await StudioFixture.with { studio in
            // Admitted together: their places leave no room, and room is made.
            let jobs = try await studio.submit(5, for: studio.seat)
            try await change(jobs[4], JobChange(move: .before(jobs[1])), studio)
            try await change(jobs[0], JobChange(move: .after(jobs[2])), studio)
            try await change(jobs[3], JobChange(move: .before(jobs[4])), studio)
            #expect(try await studio.fill(10) == [3, 4, 1, 2, 0].map { jobs[$0] })
        }
    }

    @Test(arguments: [1, 2, 3]) func randomMovesGiveTheOrderOfAList(seed: UInt64) async throws {
        try await StudioFixture.with { studio in
            var random = SeededGenerator(state: seed)
            var model = try await studio.submit(12, for: studio.seat)
            for step in 0..<60 {
                let moved = model.remove(at: Int.random(in: model.indices, using: &random))
                let target = Int.random(in: model.indices, using: &random)
                let isBefore = Bool.random(using: &random)
                try await change(
                    moved, JobChange(move: isBefore ? .before(model[target]) : .after(model[target])), studio)
                model.insert(moved, at: isBefore ? target : target + 1)
                guard step.isMultiple(of: 10) || step == 59 else { continue }
                #expect(try await studio.fill(20) == model, "seed \(seed), step \(step)")
                _ = try await studio.runway.forgetAll()
            }
        }
    }

    @Test func aHeldJobWaitsUntilItIsLetGo() async throws {
        try await StudioFixture.with { studio in
            let jobs = try await studio.submit(2, for: studio.seat)
            #expect(try await studio.fill(2) == jobs)
            try await change(jobs[0], JobChange(isHeld: true), studio)
            #expect(try await studio.jobs.get(jobs[0])?.heldAt != nil)
            // Its message is still there and starts nothing.
            #expect(
                try await studio.jobs.claim(jobs, worker: studio.worker, name: "w", lease: .seconds(60)).map(\.id)
                    == [jobs[1]])
            #expect(try await studio.fill(2).isEmpty)
            try await change(jobs[0], JobChange(isHeld: false), studio)
            #expect(try await studio.fill(2) == [jobs[0]])
            // One that waits for another may be held as well: it is not started when the other ends.
            let waiting = try await studio.submit(dependsOn: [jobs[1]])
            try await change(waiting, JobChange(isHeld: true), studio)
            let running = HeldClaim(job: jobs[1], attempt: 1)
            _ = try await studio.jobs.end([AttemptEnding(running, .succeeded)])
            #expect(try await studio.state(waiting) == .queued)
            #expect(try await studio.fill(2).isEmpty)
            // And it can be cancelled.
            #expect(try await studio.jobs.cancel(waiting).effect == .cancelled)
        }
    }

    @Test func aPriorityIsChangedUntilTheJobStarts() async throws {
        try await StudioFixture.with { studio in
            let jobs = try await studio.submit(3, for: studio.seat)
            try await change(jobs[2], JobChange(priority: 9), studio)
            #expect(try await studio.jobs.get(jobs[2])?.priority == 9)
            #expect(try await studio.fill(1) == [jobs[2]])
            try await studio.claim(jobs[2])
            await expectRefusal(.conflict) { try await change(jobs[2], JobChange(priority: 1), studio) }
            await expectRefusal(.conflict) { try await change(jobs[2], JobChange(isHeld: true), studio) }
            await expectRefusal(.notFound) {
                _ = try await studio.jobs.change(jobs[0], JobChange(priority: 1), tenant: TenantID())
            }
        }
    }

    @Test func aMoveNeedsAJobOfTheProjectThatHasNotStarted() async throws {
        try await StudioFixture.with { studio in
            let jobs = try await studio.submit(2, for: studio.seat)
            let elsewhere = try await studio.submit(1, for: try await studio.seat("other"))
            try await studio.claim(jobs[1])
            for target in [jobs[0], jobs[1], elsewhere[0], JobID()] {
                await expectRefusal(.invalid) { try await change(jobs[0], JobChange(move: .before(target)), studio) }
            }
        }
    }
}
