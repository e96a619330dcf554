import StudioTestKit
import Testing

@testable import RenderWorker

/// Which warm containers are kept for whom.
@Suite("The shelf of warm containers") struct WarmShelfTests {
    private typealias Shelf = WarmShelf<String>

    /// Asks, and gives back at once what is started or given for it.
    private func use(_ shelf: inout Shelf, _ name: String, megabytes: Int = 4, gpus: Int = 0, at now: Duration) throws
        -> Int
    {
        let waiter = shelf.ask(
            name, need: .init(megabytes: megabytes, gpus: gpus), patience: .seconds(100))
        for step in shelf.steps(at: now) {
            switch step {
            case .give(let member, waiter), .start(let member, waiter):
                shelf.started(member)
                shelf.giveBack(member, at: now)
                return member
            default: continue
            }
        }
        throw Unexpected(what: "there is no container for \(name)")
    }

    @Test("The same function gets the same container again, one at a time, in order")
    func reuse() throws {
        var shelf = Shelf(megabytes: 10, gpus: 0)
        let first = shelf.ask("a", need: .init(megabytes: 4), patience: .seconds(9))
        let second = shelf.ask("a", need: .init(megabytes: 4), patience: .seconds(9))
        let third = shelf.ask("a", need: .init(megabytes: 4), patience: .seconds(9))
        guard case .start(let member, first) = try #require(shelf.steps(at: .zero).first) else {
            Issue.record("nothing was started")
            return
        }
        #expect(shelf.steps(at: .zero).isEmpty)
        shelf.started(member)
        #expect(shelf.steps(at: .zero).isEmpty)
        shelf.withdraw(second)
        shelf.giveBack(member, at: .seconds(1))
        #expect(shelf.steps(at: .seconds(1)) == [.give(member: member, to: third)])
    }

    @Test("What waits without work for its time is stopped, and what was used last is kept for room")
    func eviction() throws {
        var shelf = Shelf(megabytes: 10, gpus: 0)
        let a = try use(&shelf, "a", at: .seconds(1))
        let b = try use(&shelf, "b", at: .seconds(2))
        let again = try use(&shelf, "a", at: .seconds(3))
        #expect(again == a)
        let waiter = shelf.ask("c", need: .init(megabytes: 4), patience: .seconds(100))
        #expect(shelf.steps(at: .seconds(4)) == [.stop(member: b)])
        #expect(shelf.steps(at: .seconds(4)).isEmpty, "it is waited for until it is gone")
        shelf.gone(b)
        guard case .start(let c, waiter)? = shelf.steps(at: .seconds(5)).first else {
            Issue.record("nothing was started")
            return
        }
        shelf.started(c)
        shelf.giveBack(c, at: .seconds(5))
        #expect(shelf.nextExpiry == .seconds(103))
        #expect(shelf.steps(at: .seconds(103)) == [.stop(member: a)])
    }

    @Test("Nobody who came later passes one who waits for room")
    func fairness() throws {
        var shelf = Shelf(megabytes: 10, gpus: 0)
        let a = try use(&shelf, "a", at: .zero)
        let held = shelf.ask("a", need: .init(megabytes: 4), patience: .seconds(100))
        #expect(shelf.steps(at: .zero) == [.give(member: a, to: held)])
        let large = shelf.ask("large", need: .init(megabytes: 9), patience: .seconds(100))
        let later = shelf.ask("a", need: .init(megabytes: 4), patience: .seconds(100))
        let other = shelf.ask("b", need: .init(megabytes: 4), patience: .seconds(100))
        #expect(shelf.steps(at: .zero).isEmpty)
        shelf.giveBack(a, at: .seconds(1))
        #expect(shelf.steps(at: .seconds(1)) == [.stop(member: a)])
        shelf.gone(a)
        guard case .start(let member, large)? = shelf.steps(at: .seconds(2)).first else {
            Issue.record("the large one does not get its room")
            return
        }
        shelf.started(member)
        // Without it the others go on.
        shelf.stopping(member)
        shelf.gone(member)
        let steps = shelf.steps(at: .seconds(3))
        #expect(steps.count == 2)
        for step in steps {
            guard case .start(_, let waiter) = step else {
                Issue.record("\(step)")
                continue
            }
            #expect([later, other].contains(waiter))
        }
    }

    @Test("GPUs are given by number, each to one container")
    func gpus() throws {
        var shelf = Shelf(megabytes: 100, gpus: 3)
        let a = try use(&shelf, "a", gpus: 1, at: .seconds(1))
        let b = try use(&shelf, "b", gpus: 2, at: .seconds(2))
        let none = try use(&shelf, "none", at: .seconds(3))
        #expect(shelf.members[a]?.gpus == [0])
        #expect(shelf.members[b]?.gpus == [1, 2])
        _ = shelf.ask("c", need: .init(megabytes: 4, gpus: 1), patience: .seconds(100))
        #expect(shelf.steps(at: .seconds(4)) == [.stop(member: a)], "not the one that has none")
        #expect(shelf.members[none] != nil)
        #expect(!shelf.mayHold(.init(megabytes: 4, gpus: 4)))
        #expect(!shelf.mayHold(.init(megabytes: 101)))
    }

    @Test("Whatever happens, there is never more than fits, and nobody waits while there is room", arguments: 1...30)
    func property(seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        var shelf = Shelf(megabytes: 16, gpus: 2)
        var leased: [Int] = []
        var stopping: [Int] = []
        var waiting: [Int: String] = [:]
        var (served, asked) = (0, 0)
        for moment in 0..<2000 {
            let now = Duration.seconds(moment)
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where asked < 300:
                asked += 1
                let size = Int.random(in: 1...9, using: &random)
                let need = Shelf.Need(megabytes: size, gpus: size % 3)
                waiting[shelf.ask("f\(size)", need: need, patience: .seconds(20))] = "f\(size)"
            case 1 where !leased.isEmpty:
                let member = leased.remove(at: Int.random(in: 0..<leased.count, using: &random))
                if Bool.random(using: &random) {
                    shelf.giveBack(member, at: now)
                } else {
                    shelf.stopping(member)
                    stopping.append(member)
                }
            case 2 where !stopping.isEmpty:
                shelf.gone(stopping.remove(at: Int.random(in: 0..<stopping.count, using: &random)))
            default: break
            }
            for step in shelf.steps(at: now) {
                switch step {
                case .give(let member, let waiter), .start(let member, let waiter):
                    #expect(shelf.members[member]?.revision == waiting.removeValue(forKey: waiter))
                    #expect(!leased.contains(member))
                    shelf.started(member)
                    leased.append(member)
                    served += 1
                case .stop(let member):
                    #expect(!leased.contains(member))
                    stopping.append(member)
                }
            }
            #expect(shelf.members.values.map(\.megabytes).reduce(0, +) <= 16)
            let gpus = shelf.members.values.flatMap(\.gpus)
            #expect(Set(gpus).count == gpus.count)
            if leased.isEmpty && stopping.isEmpty { #expect(waiting.isEmpty, "seed \(seed), moment \(moment)") }
        }
        #expect(served > 50)
    }
}
