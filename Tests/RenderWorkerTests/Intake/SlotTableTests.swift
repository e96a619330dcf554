import QueueProtocol
import Testing

@testable import RenderWorker

@Suite struct SlotTableTests {
    private func key(_ attempt: Int = 1) -> AttemptKey { AttemptKey(job: JobID(), attempt: attempt) }

    @Test func aWorkerAsksForExactlyItsFreeSlots() {
        var table = SlotTable(capacity: 3)
        #expect(table.ask() == 3)
        #expect(table.ask() == 0, "slots asked for are not free")
        let first = key()
        table.answer(asked: 3, with: [first])
        #expect(table.free == 2)
        #expect(table.ask() == 2)
        table.answer(asked: 2, with: [])
        table.finish(first)
        #expect(table.free == 3)
    }

    @Test func slotsFreedWhileAskingAreNotPromisedTwice() {
        var table = SlotTable(capacity: 2)
        let running = key()
        #expect(table.ask() == 2)
        table.answer(asked: 2, with: [running])
        let asked = table.ask()
        table.finish(running)
        #expect(asked == 1)
        #expect(table.free == 1)
        table.answer(asked: asked, with: [key()])
        #expect(table.free == 1)
        #expect(table.taken.count == 1)
    }

    @Test func twoAttemptsAtOneJobTakeTwoSlots() {
        var table = SlotTable(capacity: 2)
        let job = JobID()
        #expect(table.ask() == 2)
        table.answer(asked: 2, with: [AttemptKey(job: job, attempt: 1), AttemptKey(job: job, attempt: 2)])
        table.finish(AttemptKey(job: job, attempt: 1))
        table.finish(AttemptKey(job: job, attempt: 1))
        #expect(table.taken == [AttemptKey(job: job, attempt: 2)])
    }

    @Test func aDrainingWorkerHasNoFreeSlotAndIsDrainedWhenTheLastIsFinished() {
        var table = SlotTable(capacity: 2)
        let running = key()
        let late = key()
        #expect(table.ask() == 2)
        table.answer(asked: 2, with: [running])
        #expect(table.ask() == 1)
        table.drain()
        #expect(table.free == 0)
        #expect(!table.isDrained, "a message may still be on its way")
        table.answer(asked: 1, with: [late])
        table.finish(running)
        #expect(!table.isDrained, "what was claimed during the stop is seen through")
        table.finish(late)
        #expect(table.isDrained)
    }

    @Test func slotsCanBecomeMoreAndFewerWhileJobsRun() {
        var table = SlotTable(capacity: 2)
        let keys = [key(), key()]
        table.answer(asked: table.ask(), with: keys)
        table.resize(to: 3)
        #expect(table.free == 1)
        table.resize(to: 1)
        #expect(table.free == 0, "what runs goes on")
        table.finish(keys[0])
        #expect(table.free == 0)
        table.finish(keys[1])
        #expect(table.free == 1)
    }
}
