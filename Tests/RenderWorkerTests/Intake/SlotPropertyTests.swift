import QueueProtocol
import StudioTestKit
import Testing

@testable import RenderWorker

/// Whatever is asked of the slots in whatever order.
@Suite(.timeLimit(.minutes(10))) struct SlotPropertyTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func noSlotIsPromisedTwiceLostOrGivenWhileDraining(seed: UInt64) {
        var dice = Dice(state: seed)
        let capacity = 1 + dice.roll(8)
        var table = SlotTable(capacity: capacity)
        // What the table has promised, as whoever asked keeps it.
        var asked: [Int] = []
        var running: Set<AttemptKey> = []
        var isDraining = false
        for _ in 0..<300 {
            switch dice.roll(8) {
            case 0...2:
                let count = table.ask()
                #expect(isDraining ? count == 0 : count <= capacity - running.count, "seed \(seed)")
                if count > 0 { asked.append(count) }
            case 3, 4:
                guard !asked.isEmpty else { continue }
                let count = asked.remove(at: dice.roll(asked.count))
                let claimed = (0..<dice.roll(count + 1)).map { _ in AttemptKey(job: JobID(), attempt: 1) }
                table.answer(asked: count, with: claimed)
                running.formUnion(claimed)
            case 5, 6:
                // Now and then twice, or one that never was.
                let key = dice.roll(4) == 0 ? AttemptKey(job: JobID(), attempt: 1) : running.randomElement(using: &dice)
                guard let key else { continue }
                table.finish(key)
                if dice.roll(4) == 0 { table.finish(key) }
                running.remove(key)
            default:
                guard dice.roll(40) == 0 else { continue }
                table.drain()
                isDraining = true
            }
            #expect(table.taken == running, "seed \(seed): each attempt has its slot until it ends")
            #expect(table.asked == asked.reduce(0, +), "seed \(seed)")
            #expect(table.asked + table.taken.count <= capacity, "seed \(seed): never more than there are")
            #expect(table.free == (isDraining ? 0 : capacity - table.asked - table.taken.count), "seed \(seed)")
            #expect(table.isDrained == (isDraining && asked.isEmpty && running.isEmpty), "seed \(seed)")
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func askersThatRaceNeverHoldMoreThanThereAreAndAllEndWithTheDrain(seed: UInt64) async throws {
        let capacity = 3
        let slots = Slots(capacity: capacity)
        let (held, most, jobs) = (Watched(0), Watched(0), Watched(0))
        let askers = (0..<6).map { number in
            Task {
                var dice = Dice(state: seed &* 100 &+ UInt64(number))
                while case let asked = await slots.askWhenFree(), asked > 0 {
                    let now = held.update { count in
                        count += asked
                        return count
                    }
                    most.update { $0 = max($0, now) }
                    let keys = (0..<dice.roll(asked + 1)).map { _ in AttemptKey(job: JobID(), attempt: 1) }
                    held.update { $0 -= asked - keys.count }
                    slots.answer(asked: asked, with: keys)
                    for key in keys {
                        await Task.yield()
                        held.update { $0 -= 1 }
                        slots.finish(key)
                    }
                    jobs.update { $0 += keys.count }
                }
            }
        }
        _ = try await jobs.wait("many jobs") { $0 > 500 ? true : nil }
        slots.drain()
        try await within(.seconds(30), "the drain ends all waiting") {
            for asker in askers { await asker.value }
            await slots.waitUntilDrained()
        }
        #expect(most.value <= capacity)
        #expect(slots.table.taken.isEmpty && slots.table.asked == 0)
    }
}
