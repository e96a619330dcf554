import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// What goes from the backlog to the runway, and in which order.
@Suite struct RunwayFillTests {
    @Test func theMostUrgentFirstThenTheOldest() async throws {
        try await StudioFixture.with { studio in
            let low = try await studio.submit(1, for: studio.seat, priority: 1)
            let old = try await studio.submit(2, for: studio.seat)
            let young = try await studio.submit(1, for: studio.seat)
            let high = try await studio.submit(1, for: studio.seat, priority: 9)
            _ = try await studio.admit(studio.newJob(notBefore: Date(timeIntervalSinceNow: 3600)))
            #expect(try await studio.runway.queuesWithBacklog() == ["studio.render"])
            #expect(try await studio.fill(2) == high + old.prefix(1))
            #expect(try await studio.fill(10) == old.suffix(1) + young + low)
            #expect(try await studio.runway.fill(["studio.render": 5]) == RunwayFilling(emptied: ["studio.render"]))
            #expect(try await studio.runway.queuesWithBacklog().isEmpty)
            #expect(try await Set(studio.runway.standing(limit: 10)) == Set(high + old + young + low))
        }
    }

    @Test func everyTenantProjectAndUserGetsItsTurn() async throws {
        try await StudioFixture.with { studio in
            let many = try await studio.seat("many")
            let friend = try await studio.seat("friend", tenant: many.tenant, project: many.project)
            let side = try await studio.seat("side", tenant: many.tenant)
            let flood = try await studio.submit(100, for: many)
            let friends = try await studio.submit(20, for: friend)
            let sides = try await studio.submit(20, for: side)
            let few = try await studio.submit(4, for: studio.seat)
            let first = try await studio.fill(8)
            // The other tenant came last and has as much; within the first its two projects share, and within the
            // project its two users.
            #expect(first.filter(few.contains).count == 4)
            #expect(first.filter(sides.contains).count == 2)
            #expect(first.filter(flood.contains).count == 1 && first.filter(friends.contains).count == 1)
            // Now that the other tenant has nothing left, the first has it all, in the same shares.
            let second = try await studio.fill(8)
            #expect(second.filter(sides.contains).count == 4)
            #expect(second.filter(flood.contains).count == 2 && second.filter(friends.contains).count == 2)
        }
    }

    @Test func weightsAndWhatRunsCount() async throws {
        try await StudioFixture.with { studio in
            let other = try await studio.seat("other")
            let ours = try await studio.submit(60, for: studio.seat)
            let theirs = try await studio.submit(60, for: other)
            _ = try await ShareStore(studio.database).change(studio.tenant, weight: 3, maxRunning: nil)
            let first = try await studio.fill(8)
            #expect(first.filter(ours.contains).count == 6 && first.filter(theirs.contains).count == 2)
            // What runs counts like what stands on the runway; the other has the weight now.
            for job in first { try await studio.claim(job) }
            let shares = ShareStore(studio.database)
            _ = try await shares.change(studio.tenant, weight: 1, maxRunning: nil)
            let second = try await studio.fill(4)
            #expect(second.allSatisfy(theirs.contains))
        }
    }

    @Test func limitsOfTenantsAndFunctionsHoldOverAllQueues() async throws {
        try await StudioFixture.with { studio in
            let shares = ShareStore(studio.database)
            let other = try await studio.seat("other")
            let here = try await studio.submit(5, for: other)
            let there = try await studio.submit(5, for: other, queue: "gpu")
            _ = try await shares.change(other.tenant, weight: nil, maxRunning: .some(3))
            let filling = try await studio.runway.fill(["studio.render": 10, "gpu": 10])
            #expect(filling.jobs.count == 3)
            #expect(Set(filling.jobs.map(\.id)).isSubset(of: here + there))
            // Full: nothing more, and its backlog is in nobody's way.
            let ours = try await studio.submit(2, for: studio.seat)
            #expect(try await studio.fill(10) == ours)
            // One that ends makes room for one.
            let claim = try await studio.claim(filling.jobs[0].id)
            _ = try await studio.jobs.end([AttemptEnding(claim, .succeeded)])
            #expect(try await studio.runway.fill(["studio.render": 10, "gpu": 10]).jobs.count == 1)

            try await shares.limit("rare", to: 1)
            let rare = try await studio.submit(3, for: studio.seat, function: "rare")
            let common = try await studio.submit(2, for: studio.seat)
            #expect(try await studio.fill(10) == rare.prefix(1) + common)
            #expect(try await shares.limit("rare", to: nil))
            #expect(try await studio.fill(10) == Array(rare.dropFirst()))
        }
    }

    @Test func aMessageFromBeforeALimitStartsNothing() async throws {
        try await StudioFixture.with { studio in
            let shares = ShareStore(studio.database)
            let jobs = try await studio.submit(2, for: studio.seat, function: "rare")
            #expect(try await studio.fill(2) == jobs)
            // Redis was flushed, and one of the messages turns up all the same.
            #expect(try await studio.runway.forgetAll() == 2)
            try await shares.limit("rare", to: 1)
            #expect(try await studio.jobs.claim(jobs, worker: studio.worker, name: "w", lease: .seconds(60)).isEmpty)
            #expect(try await studio.fill(2) == Array(jobs.prefix(1)))
            let claimed = try await studio.jobs.claim(jobs, worker: studio.worker, name: "w", lease: .seconds(60))
            #expect(claimed.map(\.id) == Array(jobs.prefix(1)))
        }
    }

    @Test func whatIsPausedWaitsAndIsInNobodysWay() async throws {
        try await StudioFixture.with { studio in
            let other = try await studio.seat("other")
            let paused = try await studio.submit(3, for: studio.seat, priority: 9)
            #expect(try await studio.fill(1) == Array(paused.prefix(1)))
            _ = try await studio.projects.set(studio.project, isPaused: true)
            #expect(try await studio.projects.get(studio.project)?.pausedAt != nil)
            let going = try await studio.submit(1, for: other)
            #expect(try await studio.fill(10) == going)
            // What stood on the runway already is refused, and waits again.
            #expect(try await studio.jobs.claim(paused, worker: studio.worker, name: "w", lease: .seconds(60)).isEmpty)
            #expect(try await studio.jobs.get(paused[0])?.pushedAt == nil)
            _ = try await studio.projects.set(studio.project, isPaused: false)
            #expect(try await studio.fill(10) == paused)

            let pauses = QueuePauses(studio.database)
            try await pauses.set("studio.render", isPaused: true)
            #expect(try await pauses.names() == ["studio.render"])
            let later = try await studio.submit(1, for: studio.seat)
            #expect(try await studio.fill(10).isEmpty)
            #expect(try await studio.jobs.claim(paused, worker: studio.worker, name: "w", lease: .seconds(60)).isEmpty)
            try await pauses.set("studio.render", isPaused: false)
            #expect(try await studio.fill(10) == paused + later)
        }
    }

    @Test func gatewaysAtOnceTakeEachJobOnce() async throws {
        try await StudioFixture.with { studio in
            let jobs = try await studio.submit(40, for: studio.seat)
            let taken = try await withThrowingTaskGroup(of: [JobID].self) { group in
                for _ in 0..<8 { group.addTask { try await studio.fill(7) } }
                return try await group.reduce(into: [JobID]()) { $0 += $1 }
            }
            #expect(taken.count == 40 && Set(taken) == Set(jobs))
        }
    }
}
