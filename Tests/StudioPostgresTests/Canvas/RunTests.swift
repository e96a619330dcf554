import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Runs of canvases: admitted whole, each key made once, and told with every step.
@Suite struct RunTests {
    @Test func aRunIsAdmittedWholeAndEndsWithItsLastNode() async throws {
        try await StudioFixture.with { studio in
            let newest = try await studio.events.newest()
            let run = try await studio.start([
                studio.node("a"), studio.node("b", reads: [0]), studio.node("c", reads: [0, 1]),
            ])
            #expect(run.nodes.map(\.origin) == [.made, .made, .made])
            #expect(run.credits == 30)
            #expect(try await studio.account()?.held == 30)
            let c = try #require(run.job("c"))
            #expect(try await studio.state(c) == .waiting)
            for name in ["a", "b", "c"] { try await studio.make(try #require(run.job(name))) }
            #expect(try await studio.state(of: run.id) == .succeeded)
            let told = try await studio.told(.all, after: newest, count: 13)
            let states = told.filter { $0.kind == .runState }.compactMap { $0.payload["state"]?.stringValue }
            #expect(states == ["running", "succeeded"])
            let ofJobs = told.filter { $0.kind == .jobState && $0.job == c }
            #expect(ofJobs.allSatisfy { $0.payload["run"]?.stringValue == run.id.description })
            #expect(ofJobs.allSatisfy { $0.payload["node"] == "c" })
            let nodes = try await studio.runs.nodes(of: run.id)
            #expect(nodes.map(\.state) == [.succeeded, .succeeded, .succeeded])
            #expect(
                nodes.allSatisfy { $0.startedAt != nil && $0.finishedAt != nil && $0.credits == 10 && $0.file != nil })
        }
    }

    @Test func whatIsThereIsUsedAndWhatIsUnderWayIsWaitedFor() async throws {
        try await StudioFixture.with { studio in
            let first = try await studio.start([studio.node("a"), studio.node("b", reads: [0])])
            try await studio.make(try #require(first.job("a")))
            let second = try await studio.start([
                studio.node("a"), studio.node("b", reads: [0]), studio.node("c", reads: [1]),
            ])
            #expect(second.nodes.map(\.origin) == [.cached, .shared, .made])
            #expect(second.job("b") == first.job("b"))
            #expect(second.credits == 10)
            try await studio.make(try #require(first.job("b")))
            #expect(try await studio.state(of: first.id) == .succeeded)
            try await studio.make(try #require(second.job("c")))
            #expect(try await studio.state(of: second.id) == .succeeded)
            let third = try await studio.start([studio.node("c")])
            #expect(third.nodes.map(\.origin) == [.cached])
            #expect(try await studio.state(of: third.id) == .succeeded)
        }
    }

    @Test func ofManyWhoAskAtOnceEachKeyIsMadeOnce() async throws {
        try await StudioFixture.with(credits: 10_000) { studio in
            let runs = try await withThrowingTaskGroup(of: AdmittedRun.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await studio.start([
                            studio.node("a"), studio.node("b", reads: [0]), studio.node("c", reads: [1]),
                        ])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(runs.flatMap(\.nodes).count { $0.origin == .made } == 3)
            #expect(Set(runs.flatMap(\.nodes).compactMap(\.job)).count == 3)
            for name in ["a", "b", "c"] { try await studio.make(try #require(runs[0].job(name))) }
            for run in runs { #expect(try await studio.state(of: run.id) == .succeeded) }
            #expect(try await studio.account()?.settled == 30)
        }
    }

    @Test func anotherProjectOfTheTenantWaitsForTheSameJobAndReadsItsFile() async throws {
        try await StudioFixture.with { studio in
            let other = try await studio.secondProject()
            let first = try await studio.start([studio.node("a")])
            let second = try await studio.start(
                studio.newRun(
                    [studio.node("a", project: other), studio.node("b", reads: [0], project: other)], project: other))
            #expect(second.job("a") == first.job("a"))
            let a = try #require(first.job("a"))
            try await studio.make(a)
            let b = try #require(second.job("b"))
            let claimed = try #require(
                try await studio.jobs.claim([b], worker: studio.worker, name: "w", lease: .seconds(60)).first)
            let input = try #require(claimed.resolvedInputs["in/0"])
            #expect(input.project == "film")
            #expect(input.sha256 == StudioFixture.digest)
            #expect(claimed.place == RunPlace(run: second.id, node: "b"))
            // Nobody else reaches across projects.
            await expectRefusal(.invalid) {
                var job = try studio.newJob(inputs: ["in": "job:\(a)"])
                job.project = other
                try await studio.admit(job)
            }
        }
    }

    @Test func aFailedNodeFailsWhatDependsOnItAndNothingElseAndTheRunCanBeResumed() async throws {
        try await StudioFixture.with { studio in
            let run = try await studio.start([
                studio.node("a"), studio.node("b", reads: [0]), studio.node("c", reads: [1]), studio.node("d"),
            ])
            try await studio.make(try #require(run.job("a")))
            try await studio.fail(try #require(run.job("b")))
            #expect(try await studio.state(try #require(run.job("c"))) == .failed)
            #expect(try await studio.state(of: run.id) == .running)
            try await studio.make(try #require(run.job("d")))
            #expect(try await studio.state(of: run.id) == .failed)
            let record = try #require(try await studio.runs.get(run.id))
            var again = studio.newRun(try await studio.runs.plan(of: record, user: studio.user), id: run.id)
            again.isResumed = true
            let resumed = try await studio.start(again)
            #expect(resumed.nodes.map(\.origin) == [.cached, .made, .made, .cached])
            #expect(resumed.job("a") == run.job("a"))
            #expect(try await studio.state(of: run.id) == .running)
            var third = studio.newRun(try await studio.runs.plan(of: record, user: studio.user), id: run.id)
            third.isResumed = true
            await expectRefusal(.conflict) { _ = try await studio.start(third) }
            // The same request once more, as after a commit whose answer was lost.
            #expect(try await studio.start(again).nodes.map(\.job) == resumed.nodes.map(\.job))
            for name in ["b", "c"] { try await studio.make(try #require(resumed.job(name))) }
            #expect(try await studio.state(of: run.id) == .succeeded)
            // What the run had made itself stays made by it.
            #expect(try await studio.runs.nodes(of: run.id).map(\.origin) == [.made, .made, .made, .made])
        }
    }

    @Test func cancellingEndsWhatNobodyElseWaitsFor() async throws {
        try await StudioFixture.with { studio in
            let first = try await studio.start([
                studio.node("a"), studio.node("b", reads: [0]), studio.node("c", reads: [1]), studio.node("d"),
            ])
            let d = try await studio.claim(try #require(first.job("d")))
            let second = try await studio.start([studio.node("a"), studio.node("b", reads: [0])])
            let done = try await studio.runs.cancel(first.id, tenant: studio.tenant)
            #expect(done.cancelled == [try #require(first.job("c"))])
            #expect(done.requested.map(\.job) == [d.job])
            #expect(Set(done.left) == Set([first.job("a"), first.job("b")].compactMap { $0 }))
            #expect(try await studio.state(of: first.id) == .running)
            _ = try await studio.jobs.finishCancelled(d)
            #expect(try await studio.state(of: first.id) == .cancelled)
            for name in ["a", "b"] { try await studio.make(try #require(second.job(name))) }
            #expect(try await studio.state(of: second.id) == .succeeded)
            #expect(try await studio.state(of: first.id) == .cancelled)
            // Nobody waits for it any more: again changes nothing.
            #expect(try await studio.runs.cancel(first.id, tenant: studio.tenant).cancelled.isEmpty)
            #expect(try await studio.account()?.held == 0)
        }
    }

    @Test func aRefusalLeavesNothingAndOneClickIsOneRun() async throws {
        try await StudioFixture.with(credits: 25) { studio in
            let nodes = try [studio.node("a"), studio.node("b"), studio.node("c")]
            await expectRefusal(.insufficientCredits) { _ = try await studio.start(nodes) }
            #expect(try await studio.runs.list(project: studio.project).isEmpty)
            #expect(try await studio.jobs.list(project: studio.project).isEmpty)
            let click = IdempotencyRequest(user: studio.user, key: "k", fingerprint: StudioFixture.digest)
            let run = try await studio.start(studio.newRun(Array(nodes.prefix(2))), idempotency: click)
            let second = studio.newRun(try [studio.node("x")])
            let answer = try await JobAdmission(studio.database).admit(AdmissionUnit(run: second, idempotency: click))
            guard case .replayed(let first) = answer else { throw Unexpected(what: "\(answer)") }
            #expect(first.body == "{\"id\":\"\(run.id)\"}")
            #expect(try await studio.runs.list(project: studio.project).map(\.id) == [run.id])
            #expect(
                try await studio.results.standings(
                    of: [StudioFixture.key("x")], tenant: studio.tenant, project: studio.project
                ).isEmpty)
        }
    }

    @Test func aRunWithoutWorkIsDoneAndItsKeyKept() async throws {
        try await StudioFixture.with { studio in
            let first = try await studio.start([studio.node("a")])
            try await studio.make(try #require(first.job("a")))
            let click = IdempotencyRequest(user: studio.user, key: "k", fingerprint: StudioFixture.digest)
            let second = try await studio.start(studio.newRun(try [studio.node("a")]), idempotency: click)
            #expect(try await studio.state(of: second.id) == .succeeded)
            let answer = try await JobAdmission(studio.database).admit(
                AdmissionUnit(run: studio.newRun(try [studio.node("a")]), idempotency: click))
            guard case .replayed = answer else { throw Unexpected(what: "\(answer)") }
        }
    }
}
