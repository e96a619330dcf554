import QueueProtocol
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite(.timeLimit(.minutes(10))) struct StartRateTests {
    private func rate(_ text: String) throws -> TaskRate { try #require(TaskRate.reading(text)) }

    @Test func aBucketFillsWithTime() {
        var bucket = TokenBucket(perSecond: 0.5, at: .zero)
        #expect(bucket.take(upTo: 5, at: .zero) == 1, "the first need not wait")
        #expect(bucket.take(upTo: 5, at: .seconds(1)) == 0)
        #expect(bucket.wait(at: .seconds(1)) == .seconds(1))
        #expect(bucket.take(upTo: 5, at: .seconds(2)) == 1)
        #expect(bucket.take(upTo: 5, at: .seconds(1000)) == 1, "a quiet hour is not made up for")
        bucket.giveBack(1)
        #expect(bucket.take(upTo: 5, at: .seconds(1000)) == 1)
        var fast = TokenBucket(perSecond: 1000, at: .zero)
        #expect(fast.take(upTo: 500, at: .seconds(10)) == 100, "a tenth of a second's at once")
        #expect(fast.take(upTo: 500, at: .seconds(9)) == 0, "a time that goes back fills nothing")
    }

    @Test func withoutALimitAllAreLetThrough() async {
        #expect(await StartRate(clock: ManualClock()).permits(upTo: 64) == 64)
    }

    @Test func startsWaitForTheirTurn() async throws {
        let clock = ManualClock()
        let starts = StartRate(clock: clock)
        starts.limit(to: try rate("6/m"))
        #expect(await starts.permits(upTo: 3) == 1)
        let second = Task { await starts.permits(upTo: 3) }
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(10))
        #expect(await second.value == 1)
        // One that was not used is there at once.
        starts.giveBack(1)
        #expect(await starts.permits(upTo: 3) == 1)
        // The end of the limit is the end of the wait.
        let third = Task { await starts.permits(upTo: 3) }
        try await clock.waitForSleepers(1)
        starts.limit(to: nil)
        #expect(await third.value == 3)
    }

    @Test func aStopAndACancelEndTheWait() async throws {
        let clock = ManualClock()
        let starts = StartRate(clock: clock)
        starts.limit(to: try rate("1/h"))
        #expect(await starts.permits(upTo: 1) == 1)
        let cancelled = Task { await starts.permits(upTo: 1) }
        try await clock.waitForSleepers(1)
        cancelled.cancel()
        #expect(await cancelled.value == 0)
        let stopped = Task { await starts.permits(upTo: 1) }
        try await clock.waitForSleepers(1)
        starts.close()
        #expect(await stopped.value == 0)
        #expect(await starts.permits(upTo: 1) == 0)
    }
}
