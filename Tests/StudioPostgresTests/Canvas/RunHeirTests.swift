import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Who pays for what a cancelled run had made for itself and others wait for.
@Suite struct RunHeirTests {
    private func graph(_ studio: StudioFixture, user: UserID) throws -> [NewRunNode] {
        try [
            studio.node("a", user: user), studio.node("b", reads: [0], user: user),
            studio.node("c", reads: [1], user: user),
        ]
    }

    private func person(_ studio: StudioFixture, credits: Int) async throws -> UserID {
        try await studio.users.create(
            NewUser(
                email: "eve@example.com", displayName: "Eve", passwordHash: "x", roles: [.artist], credits: credits),
            tenant: studio.tenant
        ).id
    }

    @Test func whatHasNotBegunIsPaidByWhoStillWaitsForIt() async throws {
        try await StudioFixture.with { studio in
            let eve = try await person(studio, credits: 100)
            let first = try await studio.start(studio.newRun(try graph(studio, user: studio.user)))
            let a = try await studio.claim(try #require(first.job("a")))
            let second = try await studio.start(
                studio.newRun(Array(try graph(studio, user: eve).prefix(2)), user: eve))
            #expect(second.nodes.map(\.origin) == [.shared, .shared] && second.credits == 0)
            let done = try await studio.runs.cancel(first.id, tenant: studio.tenant)
            #expect(Set(done.left) == Set([first.job("a"), first.job("b")].compactMap { $0 }))
            // The one that runs is whose it was; the next is hers; nobody waits for the last.
            #expect(try await studio.account()?.held == 10)
            #expect(try await studio.users.account(of: eve)?.held == 10)
            #expect(try await studio.audit.run() == [])
            let b = try #require(second.job("b"))
            #expect(try await studio.jobs.get(b)?.user == eve)
            #expect(try await studio.runs.get(first.id)?.credits == 20)
            #expect(try await studio.runs.get(second.id)?.credits == 10)
            #expect(try await studio.runs.nodes(of: second.id).map(\.origin) == [.shared, .made])
            try await studio.publish(files: a)
            try await studio.make(b)
            #expect(try await studio.state(of: second.id) == .succeeded)
            #expect(try await studio.state(of: first.id) == .cancelled)
            #expect(try await studio.account()?.settled == 10)
            #expect(try await studio.users.account(of: eve)?.settled == 10)
            // The first one goes on after all: it pays for what it alone wanted.
            let record = try #require(try await studio.runs.get(first.id))
            var again = studio.newRun(try await studio.runs.plan(of: record, user: studio.user), id: first.id)
            again.isResumed = true
            let resumed = try await studio.start(again)
            #expect(resumed.nodes.map(\.origin) == [.cached, .cached, .made] && resumed.credits == 10)
            try await studio.make(try #require(resumed.job("c")))
            #expect(try await studio.account()?.settled == 20)
        }
    }

    @Test func whereTheyCannotPayItStaysWithWhoHadItMade() async throws {
        try await StudioFixture.with { studio in
            let eve = try await person(studio, credits: 15)
            let first = try await studio.start(studio.newRun(try graph(studio, user: studio.user)))
            let second = try await studio.start(studio.newRun(try graph(studio, user: eve), user: eve))
            let done = try await studio.runs.cancel(first.id, tenant: studio.tenant)
            #expect(done.cancelled.isEmpty && done.left.count == 3)
            #expect(try await studio.users.account(of: eve)?.held == 10)
            #expect(try await studio.account()?.held == 20)
            for name in ["a", "b", "c"] { try await studio.make(try #require(second.job(name))) }
            #expect(try await studio.state(of: second.id) == .succeeded)
        }
    }

    @Test func thePriceGoesFromRunToRunAndComesBackWithTheLast() async throws {
        try await StudioFixture.with { studio in
            let runs = try await [
                studio.start(studio.newRun(try graph(studio, user: studio.user))),
                studio.start(studio.newRun(try graph(studio, user: studio.user))),
                studio.start(studio.newRun(try graph(studio, user: studio.user))),
            ]
            _ = try await studio.runs.cancel(runs[0].id, tenant: studio.tenant)
            #expect(try await studio.account()?.held == 30)
            #expect(try await studio.runs.list(project: studio.project).map(\.credits) == [0, 30, 0])
            _ = try await studio.runs.cancel(runs[1].id, tenant: studio.tenant)
            #expect(try await studio.runs.list(project: studio.project).map(\.credits) == [30, 0, 0])
            let last = try await studio.runs.cancel(runs[2].id, tenant: studio.tenant)
            #expect(last.cancelled.count == 3)
            #expect(try await studio.account()?.held == 0)
            #expect(try await studio.account()?.available == 1000)
        }
    }
}
