import QueueProtocol
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite(.timeLimit(.minutes(10))) struct EndsTogetherTests {
    /// Writes batches as a test says, and remembers them.
    private final class Desk: Sendable {
        let batches = Watched<[[AttemptEnding]]>([])
        let gate = Watched(true)
        let announced = Watched(0)
        let refuse: @Sendable ([AttemptEnding]) -> PostgresError?

        init(refuse: @escaping @Sendable ([AttemptEnding]) -> PostgresError? = { _ in nil }) { self.refuse = refuse }

        func ends() -> EndsTogether {
            EndsTogether(
                write: { [self] endings in
                    batches.update { $0.append(endings) }
                    try await gate.wait("the gate") { $0 ? () : nil }
                    if let error = refuse(endings) { throw error }
                    return EndedAttempts(
                        ends: endings.map { $0.claim.attempt == 0 ? nil : .succeeded(releasedJobs: []) })
                }, announce: { [announced] in announced.update { $0 += 1 } }, logger: Stage.logger)
        }
    }

    private static func ending(_ attempt: Int = 1) -> AttemptEnding {
        AttemptEnding(HeldClaim(job: JobID(), attempt: attempt), .succeeded)
    }

    @Test func whatEndsMeanwhileSharesTheNextTransaction() async throws {
        let desk = Desk()
        let ends = desk.ends()
        desk.gate.update { $0 = false }
        let endings = (0..<300).map { _ in Self.ending() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await ends.settle(endings[0]) }
            try await desk.batches.wait("the first is at it") { $0.count == 1 ? () : nil }
            for ending in endings.dropFirst() { group.addTask { _ = try await ends.settle(ending) } }
            try await eventually("all the others wait") { ends.waiting == 299 }
            desk.gate.update { $0 = true }
            try await group.waitForAll()
        }
        #expect(desk.batches.value.map(\.count) == [1, EndsTogether.most, 43])
        #expect(Set(desk.batches.value.joined().map(\.claim)) == Set(endings.map(\.claim)))
        #expect(desk.announced.value == 3)
    }

    @Test func eachIsToldWhatBecameOfItsOwn() async throws {
        let desk = Desk()
        let ends = desk.ends()
        desk.gate.update { $0 = false }
        async let first = ends.settle(Self.ending())
        try await desk.batches.wait("the first is at it") { $0.count == 1 ? () : nil }
        let lost = Self.ending(0)
        async let second: LeaseLost? = #expect(throws: LeaseLost(claim: lost.claim)) { try await ends.settle(lost) }
        async let third = ends.settle(Self.ending())
        try await eventually("two wait") { ends.waiting == 2 }
        desk.gate.update { $0 = true }
        #expect(try await [first, third] == [.succeeded(releasedJobs: []), .succeeded(releasedJobs: [])])
        _ = await second
    }

    @Test func oneThatCannotBeWrittenDoesNotFailItsNeighbours() async throws {
        let bad = Self.ending()
        let desk = Desk { endings in endings.contains(bad) ? PostgresError(.checkViolation) : nil }
        let ends = desk.ends()
        desk.gate.update { $0 = false }
        async let first = ends.settle(Self.ending())
        try await desk.batches.wait("the first is at it") { $0.count == 1 ? () : nil }
        async let refused: PostgresError? = #expect(throws: PostgresError.self) { try await ends.settle(bad) }
        async let neighbour = ends.settle(Self.ending())
        try await eventually("two wait") { ends.waiting == 2 }
        desk.gate.update { $0 = true }
        #expect(try await [first, neighbour].count == 2)
        #expect(await refused?.code == .checkViolation)
        #expect(desk.batches.value.map(\.count) == [1, 2, 1, 1])
    }

    @Test func whatIsAwayIsAwayForAllAndComesBackForAll() async throws {
        let isAway = Watched(true)
        let desk = Desk { _ in isAway.value ? PostgresError(.unavailable) : nil }
        let ends = desk.ends()
        await #expect(throws: PostgresError(.unavailable)) { try await ends.settle(Self.ending()) }
        #expect(desk.batches.value.count == 1, "nobody is tried alone while PostgreSQL is away")
        #expect(desk.announced.value == 0)
        isAway.update { $0 = false }
        #expect(try await ends.settle(Self.ending()) == .succeeded(releasedJobs: []))
    }
}
