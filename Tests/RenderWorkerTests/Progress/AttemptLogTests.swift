import StudioTestKit
import Testing

@testable import RenderWorker

@Suite struct AttemptLogTests {
    private struct Away: Error {}

    @Test func linesAreStoredInBatchesInTheirOrder() async throws {
        let stored = Watched<[String]>([])
        let log = AttemptLog { sequence, lines in
            stored.update { all in
                #expect(sequence == all.count)
                all.append(lines)
            }
        }
        let clock = ManualClock()
        let running = Task { await log.run(clock: clock) }
        log.write("first")
        try await stored.wait("the first batch") { $0.count == 1 ? () : nil }
        try await clock.waitForSleepers()
        for number in 0..<100 { log.write("line \(number)") }
        clock.advance(by: AttemptLog.interval)
        try await stored.wait("the second batch") { $0.count == 2 ? () : nil }
        running.cancel()
        await running.value
        #expect(stored.value[0] == "first\n")
        #expect(stored.value[1].split(separator: "\n").count == 100)
    }

    @Test func aBatchThatCannotBeStoredComesAgain() async throws {
        let isAway = Watched(true)
        let stored = Watched<[String]>([])
        let log = AttemptLog { _, lines in
            if isAway.value { throw Away() }
            stored.update { $0.append(lines) }
        }
        log.write("kept")
        await #expect(throws: Away.self) { try await log.flush() }
        isAway.update { $0 = false }
        try await log.flush()
        #expect(stored.value == ["kept\n"])
    }
}
