import StudioTestKit

/// One fault to come.
struct Fault: Sendable, Equatable {
    let number: Int
    /// When it begins, in milliseconds from the start.
    let at: Int
    let kind: FaultKind
    let part: Part
    /// How long it lasts, in milliseconds, until the part is mended.
    let length: Int
}

/// Which faults a run will have: a matter of its seed alone.
struct FaultPlan {
    /// What a part gets after a fault, in milliseconds, before the next one.
    private static let rest = 1500
    /// Every so many faults a worker is lost while nothing else is broken: that shows how soon its jobs run elsewhere.
    private static let round = 16
    /// How long nothing was broken before that, in milliseconds: after an outage living workers are given time first.
    private static let calm = 9000

    private let settings: ChaosSettings
    private let workers: Int
    private let gateways: Int
    private var chance: SeededGenerator
    private var faults: [Fault] = []
    private var freeAt: [Part: Int] = [:]
    private var bag: [FaultKind] = []
    private var now: Int

    /// Makes the plan. Every kind of fault comes once before one comes again, in an order of chance; a part that is still
    /// busy with a fault has no other, while other parts do: faults overlap.
    static func faults(_ settings: ChaosSettings, workers: Int, gateways: Int) -> [Fault] {
        var plan = FaultPlan(settings, workers: workers, gateways: gateways)
        while plan.now < settings.seconds * 1000 { plan.goOn() }
        return plan.faults
    }

    private init(_ settings: ChaosSettings, workers: Int, gateways: Int) {
        self.settings = settings
        self.workers = workers
        self.gateways = gateways
        chance = SeededGenerator(seed: settings.seed, stream: 0)
        now = chance.whole(3000...4000)
    }

    private var lease: Int { settings.leases.max() ?? 3 }

    private mutating func goOn() {
        if faults.count % Self.round == 0 { return loseWorkerInCalm() }
        if bag.isEmpty { bag = FaultKind.allCases.shuffled(using: &chance) }
        if let index = bag.lastIndex(where: { !free($0).isEmpty }) {
            let kind = bag.remove(at: index)
            add(kind)
        }
        now += chance.whole(settings.pause)
    }

    private mutating func loseWorkerInCalm() {
        if let last = freeAt.values.max() { now = max(now, last) + Self.calm }
        add(chance.pick(FaultKind.allCases.filter(\.losesLeases)) ?? .workerKilled)
        // Its lease runs out, that is seen, and its jobs are on their way again.
        now += lease * 1000 + 5000
    }

    private func free(_ kind: FaultKind) -> [Part] {
        kind.parts(workers: workers, gateways: gateways).filter { freeAt[$0, default: 0] <= now }
    }

    private mutating func add(_ kind: FaultKind) {
        guard let part = chance.pick(free(kind)) else { return }
        let length = chance.whole(kind.length(lease: lease))
        faults.append(Fault(number: faults.count + 1, at: now, kind: kind, part: part, length: length))
        freeAt[part] = now + length + Self.rest
    }
}
