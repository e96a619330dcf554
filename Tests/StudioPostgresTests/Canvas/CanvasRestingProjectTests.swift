import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Files of canvases that a project had made which is paused or archived by now.
@Suite struct CanvasRestingProjectTests {
    /// What a project has made, and a run of another project whose nodes read it.
    private func readers(
        _ names: [String], in studio: StudioFixture
    ) async throws -> (made: JobID, run: AdmittedRun, other: ProjectID) {
        let other = try await studio.secondProject()
        let made = try #require(try await studio.start([studio.node("a")]).job("a"))
        try await studio.make(made)
        let nodes = try names.map { try studio.node($0, reads: [0], project: other) }
        let run = try await studio.start(studio.newRun([studio.node("a", project: other)] + nodes, project: other))
        return (made, run, other)
    }

    @Test func whatAProjectThatRestsHadMadeIsNotMadeThere() async throws {
        try await StudioFixture.with { studio in
            let (a, run, other) = try await readers(["b"], in: studio)
            let claim = try await studio.claim(try #require(run.job("b")))
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE projects SET paused_at = now() WHERE id = $1", [.id(studio.project)])
            }
            #expect(try await studio.results.makeAgain(claim, lost: [a]) { _ in } == .heldBack)
            #expect(try await studio.state(claim.job) == .running)
            let standings = try await studio.results.standings(
                of: [StudioFixture.key("a")], tenant: studio.tenant, project: other)
            #expect(standings[StudioFixture.key("a")]?.state == .gone)
            let third = try await studio.start(
                studio.newRun([studio.node("a", project: other)], project: other))
            #expect(third.nodes.map(\.origin) == [.made])
        }
    }

    @Test func whatIsThereAgainIsReadWhateverRestsMeanwhile() async throws {
        try await StudioFixture.with { studio in
            let (a, run, _) = try await readers(["b", "c"], in: studio)
            let b = try await studio.claim(try #require(run.job("b")))
            let c = try await studio.claim(try #require(run.job("c")))
            #expect(try await studio.results.makeAgain(b, lost: [a]) { _ in } == .putOff)
            try await studio.make(try #require(try await studio.runs.nodes(of: run.id)[0].job))
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE projects SET archived_at = now() WHERE id = $1", [.id(studio.project)])
            }
            #expect(try await studio.results.makeAgain(c, lost: [a]) { _ in } == .putOff)
            #expect(try await studio.state(c.job) == .queued)
        }
    }
}
