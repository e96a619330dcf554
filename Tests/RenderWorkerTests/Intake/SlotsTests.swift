import QueueProtocol
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite struct SlotsTests {
    @Test func askingWaitsForAFreeSlot() async throws {
        let slots = Slots(capacity: 1)
        let running = AttemptKey(job: JobID(), attempt: 1)
        #expect(await slots.askWhenFree() == 1)
        slots.answer(asked: 1, with: [running])
        let asked = Task { await slots.askWhenFree() }
        slots.finish(running)
        #expect(try await within(.seconds(10), "the freed slot") { await asked.value } == 1)
    }

    @Test func drainingEndsTheWaitForASlotAndThatForTheEnd() async throws {
        let slots = Slots(capacity: 1)
        let running = AttemptKey(job: JobID(), attempt: 1)
        #expect(await slots.askWhenFree() == 1)
        slots.answer(asked: 1, with: [running])
        let asked = Task { await slots.askWhenFree() }
        let drained = Task { await slots.waitUntilDrained() }
        slots.drain()
        #expect(try await within(.seconds(10), "no slot") { await asked.value } == 0)
        slots.finish(running)
        try await within(.seconds(10), "drained") { await drained.value }
    }

    @Test func aCancelledWaitEnds() async throws {
        let slots = Slots(capacity: 1)
        #expect(await slots.askWhenFree() == 1)
        let asked = Task { await slots.askWhenFree() }
        asked.cancel()
        #expect(try await within(.seconds(10), "the cancelled wait") { await asked.value } == 0)
    }
}
