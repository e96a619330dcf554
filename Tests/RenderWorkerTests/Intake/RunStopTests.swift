import StudioTestKit
import Testing

@testable import RenderWorker

@Suite struct RunStopTests {
    private struct Broken: Error {}

    @Test func workThatIsNotStoppedGivesItsResult() async throws {
        #expect(try await RunStop().whileWanted { 7 } == 7)
        await #expect(throws: Broken.self) { try await RunStop().whileWanted { throw Broken() } }
    }

    @Test func stoppingCancelsTheWorkAndWaitsForItsEnd() async throws {
        let stop = RunStop()
        let started = Signal("the work started")
        let ended = Signal("the work ended")
        let run = Task {
            try await stop.whileWanted {
                started.fire()
                defer { ended.fire() }
                try await untilCancelled()
            }
        }
        try await started.wait()
        stop.stop(.cancelled)
        let stopped = await #expect(throws: RunStopped.self) { try await run.value }
        #expect(stopped?.reason == .cancelled)
        #expect(ended.isFired)
    }

    @Test func nothingIsBegunAfterTheStop() async {
        let stop = RunStop()
        stop.stop(.released)
        await #expect(throws: RunStopped(reason: .released)) {
            try await stop.whileWanted { Issue.record("the work must not begin") }
        }
    }

    @Test func aLostLeaseWinsOverWhatWasSaidBefore() {
        let stop = RunStop()
        stop.stop(.cancelled)
        stop.stop(.released)
        #expect(stop.reason == .cancelled)
        stop.stop(.leaseLost)
        #expect(stop.reason == .leaseLost)
    }

    @Test func workThatDoesNotHeedTheStopIsKnown() async throws {
        let stop = RunStop()
        #expect(!stop.isIgnored(at: .now, after: .zero))
        try await stop.whileWanted {
            #expect(!stop.isIgnored(at: .now, after: .zero))
            stop.stop(.timedOut)
            #expect(stop.isIgnored(at: .now, after: .zero))
            #expect(!stop.isIgnored(at: .now, after: .seconds(3600)))
        }
        #expect(!stop.isIgnored(at: .now, after: .zero))
    }

    @Test func workThatFinishesInSpiteOfTheStopCounts() async throws {
        let stop = RunStop()
        let result = try await stop.whileWanted {
            stop.stop(.cancelled)
            return 1
        }
        #expect(result == 1)
    }
}
