import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// The pure rule that says which nodes are made.
@Suite struct RunAssignmentTests {
    private func node(_ name: String, reads: [Int] = [], wanted: Bool = false, forced: Bool = false) throws
        -> NewRunNode
    {
        let job = NewJob(
            id: JobID(), tenant: TenantID(), project: ProjectID(), user: UserID(), shot: nil, version: 1, function: "f",
            functionVersion: "1.0.0", functionDigest: "d", manifest: .null, parameters: [:], queue: "studio", credits: 1
        )
        var sources: [String: NewRunNode.Source] = [:]
        for (index, place) in reads.enumerated() { sources["in/\(index)"] = .init(position: place) }
        return NewRunNode(node: name, key: name, job: job, sources: sources, isWanted: wanted, isForced: forced)
    }

    private func standing(_ state: ResultStanding.State) -> ResultStanding {
        ResultStanding(job: JobID(), state: state, hasSucceeded: state != .underWay)
    }

    @Test func whatIsGoneIsMadeAgainOnlyWhereItIsRead() throws {
        let nodes = try [node("a"), node("b", reads: [0]), node("c", reads: [1], wanted: true)]
        let spared = RunAssignment(
            nodes, standings: ["a": standing(.gone), "b": standing(.gone), "c": standing(.finished)])
        #expect(spared.shares.map(\.origin) == [.cached, .cached, .cached])
        let made = RunAssignment(
            nodes, standings: ["a": standing(.finished), "b": standing(.gone), "c": standing(.gone)])
        #expect(made.shares.map(\.origin) == [.cached, .made, .made])
        let all = RunAssignment(nodes, standings: ["a": standing(.gone), "b": standing(.gone)])
        #expect(all.shares.map(\.origin) == [.made, .made, .made])
    }

    @Test func whatOthersMakeForThemselvesIsNotWaitedFor() throws {
        let nodes = try [node("a"), node("b", reads: [0], wanted: true), node("c", reads: [0], wanted: true)]
        let spared = RunAssignment(
            nodes, standings: ["a": standing(.underWay), "b": standing(.finished), "c": standing(.finished)])
        #expect(spared.shares.map(\.origin) == [.cached, .cached, .cached])
        #expect(spared.shares[0].job == nil)
        // Whoever waits for what is made of it is left with it where the others give up.
        let waited = RunAssignment(
            nodes, standings: ["a": standing(.underWay), "b": standing(.underWay), "c": standing(.finished)])
        #expect(waited.shares.map(\.origin) == [.shared, .shared, .cached])
    }

    @Test func nodesThatAreTheSameAreOneJob() throws {
        let nodes = try [node("a"), node("a"), node("b", reads: [0, 1], wanted: true)]
        let assignment = RunAssignment(nodes, standings: [:])
        #expect(assignment.shares.map(\.origin) == [.made, .shared, .made])
        #expect(assignment.shares[0].job == assignment.shares[1].job)
        let jobs = assignment.jobs(of: nodes, run: RunID())
        #expect(jobs.count == 2)
        #expect(Set(jobs[1].inputs.values).count == 1)
    }

    @Test func whatIsForcedIsMadeAgainUnlessSomebodyIsAtIt() throws {
        let nodes = try [
            node("a"), node("b", reads: [0], forced: true), node("c", reads: [1], wanted: true, forced: true),
        ]
        let done = ["a": standing(.finished), "b": standing(.finished), "c": standing(.finished)]
        #expect(RunAssignment(nodes, standings: done).shares.map(\.origin) == [.cached, .made, .made])
        let underWay = done.merging(["b": standing(.underWay)]) { $1 }
        #expect(RunAssignment(nodes, standings: underWay).shares.map(\.origin) == [.cached, .shared, .made])
    }

    /// Never more, never fewer, against the plain rule: a node is made where it is needed and nobody has it.
    @Test(arguments: 1...40) func randomGraphsComeToWhatThePlainRuleSays(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var nodes: [NewRunNode] = []
        for place in 0..<Int.random(in: 1...30, using: &random) {
            let reads =
                place == 0
                ? []
                : (0..<Int.random(in: 0...3, using: &random)).map { _ in Int.random(in: 0..<place, using: &random) }
            nodes.append(
                try node("n\(place)", reads: Set(reads).sorted(), wanted: Int.random(in: 0...3, using: &random) == 0))
        }
        var standings: [String: ResultStanding] = [:]
        for node in nodes {
            switch Int.random(in: 0...3, using: &random) {
            case 0: standings[node.key] = standing(.finished)
            case 1: standings[node.key] = standing(.underWay)
            case 2: standings[node.key] = standing(.gone)
            default: break
            }
        }
        var isNeeded = nodes.map(\.isWanted)
        func isThere(_ place: Int) -> Bool { standings[nodes[place].key].map { $0.state != .gone } ?? false }
        var changes = true
        while changes {
            changes = false
            for place in nodes.indices where isNeeded[place] && !isThere(place) {
                for source in nodes[place].sources.values where !isNeeded[source.position] {
                    isNeeded[source.position] = true
                    changes = true
                }
            }
        }
        // What others are at is waited for where it is needed, and so is what they make it of.
        func isUnderWay(_ place: Int) -> Bool { standings[nodes[place].key]?.state == .underWay }
        var isAwaited = nodes.indices.map { isNeeded[$0] && isUnderWay($0) }
        for place in nodes.indices.reversed() where isAwaited[place] {
            for source in nodes[place].sources.values where isUnderWay(source.position) {
                isAwaited[source.position] = true
            }
        }
        let assignment = RunAssignment(nodes, standings: standings)
        for place in nodes.indices {
            #expect((assignment.shares[place].origin == .shared) == isAwaited[place], "node \(place)")
            #expect((assignment.shares[place].origin == .made) == (isNeeded[place] && !isThere(place)), "node \(place)")
        }
        for job in assignment.jobs(of: nodes, run: RunID()) {
            let node = try #require(nodes.first { $0.job.id == job.id })
            #expect(job.inputs.count == node.sources.count)
        }
    }
}
