import StudioSystem
import StudioTestKit
import Synchronization
import Testing

@testable import StudioGit

/// Fetches that several wait for.
@Suite(.timeLimit(.minutes(10))) struct ObjectFlightsTests {
    private let flights = ObjectFlights()
    private let begun = Signal("the work begins")
    private let goOn = Signal("the work may end")
    private let runs = Watched(0)

    private func join() -> Task<Void, any Error> {
        Task {
            try await flights.join("film") { () async throws(StorageError) in
                runs.update { $0 += 1 }
                begun.fire()
                do { try await goOn.wait() } catch { throw StorageError(.cancelled, "the work was cancelled") }
            }
        }
    }

    private func isWaited(by count: Int) -> Bool {
        flights.state.withLock { $0.flights["film"]?.waiting.count ?? 0 } == count
    }

    @Test func whoGoesAwayLeavesAtOnceAndTheWorkGoesOnForTheOthers() async throws {
        let first = join()
        try await begun.wait()
        let second = join()
        try await eventually("both wait") { isWaited(by: 2) }
        first.cancel()
        let error = await #expect(throws: StorageError.self) { try await first.value }
        #expect(error?.code == .cancelled)
        #expect(isWaited(by: 1))
        goOn.fire()
        try await second.value
        #expect(runs.value == 1 && isWaited(by: 0))
    }

    @Test func whoComesCancelledDoesNothing() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await join(now: "film")
        }
        let error = await #expect(throws: StorageError.self) { try await task.value }
        #expect(error?.code == .cancelled && runs.value == 0)
    }

    private func join(now name: String) async throws {
        try await flights.join(name) { () async throws(StorageError) in runs.update { $0 += 1 } }
    }

    @Test func aFailureIsToldToAllAndTheNextBeginsAnew() async throws {
        let failing = Task {
            try await flights.join("film") { () async throws(StorageError) in
                begun.fire()
                do { try await goOn.wait() } catch { throw StorageError(.cancelled, "the work was cancelled") }
                throw StorageError(.notFound, "it is not there")
            }
        }
        try await begun.wait()
        let second = join()
        try await eventually("both wait") { isWaited(by: 2) }
        goOn.fire()
        for task in [failing, second] {
            let error = await #expect(throws: StorageError.self) { try await task.value }
            #expect(error?.code == .notFound)
        }
        try await join().value
        #expect(runs.value == 1)
    }
}
