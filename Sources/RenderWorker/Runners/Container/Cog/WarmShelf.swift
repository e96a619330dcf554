/// Which containers are kept, started and stopped for whom. A pure value; time comes from outside.
///
/// Who asks is served in the order of asking. Who waits for room waits before all that came later, those included whose
/// container is warm: else a large function would never find room between small ones.
struct WarmShelf<Revision: Hashable & Sendable>: Sendable {
    /// What a container takes of the machine.
    struct Need: Sendable, Hashable {
        /// Its memory, in MiB.
        var megabytes: Int
        /// How many GPUs it has for itself.
        var gpus = 0
    }

    /// What a container is doing.
    enum State: Sendable, Hashable {
        case starting
        case leased
        /// It waits for work since then.
        case idle(since: Duration)
        case stopping
    }

    /// One container.
    struct Member: Sendable, Hashable {
        var revision: Revision
        var megabytes: Int
        /// The numbers of its GPUs.
        var gpus: Set<Int>
        /// How long it is kept without work.
        var patience: Duration
        var state: State
        /// When it was last given back; counts against it.
        var lastUsed = Duration.zero
    }

    /// What is to be done now.
    enum Step: Sendable, Hashable {
        /// Somebody gets a container that is warm.
        case give(member: Int, to: Int)
        /// Somebody gets a place for a new one.
        case start(member: Int, for: Int)
        /// A container is to be stopped and then said to be ``WarmShelf/gone(_:)``.
        case stop(member: Int)
    }

    private struct Waiter {
        var id: Int
        var revision: Revision
        var need: Need
        var patience: Duration
    }

    /// What the containers may have together, in MiB.
    let megabytes: Int
    /// How many GPUs there are.
    let gpus: Int
    /// The containers by their numbers.
    private(set) var members: [Int: Member] = [:]
    private var waiters: [Waiter] = []
    private var lastNumber = 0

    init(megabytes: Int, gpus: Int) {
        self.megabytes = megabytes
        self.gpus = gpus
    }

    /// Whether something of this size may be here at all.
    func mayHold(_ need: Need) -> Bool { need.megabytes <= megabytes && need.gpus <= gpus }

    /// Asks for a container.
    ///
    /// - Parameters:
    ///   - revision: Of what.
    ///   - need: What it takes; what ``mayHold(_:)`` refuses waits for ever.
    ///   - patience: How long it is kept without work.
    /// - Returns: The number of who asks.
    mutating func ask(_ revision: Revision, need: Need, patience: Duration) -> Int {
        lastNumber += 1
        waiters.append(Waiter(id: lastNumber, revision: revision, need: need, patience: patience))
        return lastNumber
    }

    /// Who asked does not wait any more.
    mutating func withdraw(_ waiter: Int) { waiters.removeAll { $0.id == waiter } }

    /// A container that was started works for whom it was started for.
    mutating func started(_ member: Int) { members[member]?.state = .leased }

    /// A container waits for work again.
    mutating func giveBack(_ member: Int, at now: Duration) {
        // One that is being stopped is given to nobody.
        guard members[member]?.state == .leased else { return }
        members[member]?.state = .idle(since: now)
        members[member]?.lastUsed = now
    }

    /// A container is being stopped, for whatever reason.
    mutating func stopping(_ member: Int) { members[member]?.state = .stopping }

    /// A container is not there any more.
    mutating func gone(_ member: Int) { members[member] = nil }

    /// When the next container has waited for work long enough; nil where none waits.
    var nextExpiry: Duration? {
        members.values.compactMap { member in
            if case .idle(let since) = member.state { since + member.patience } else { nil }
        }.min()
    }

    /// Works out what is to be done, and takes it as done.
    ///
    /// - Parameter now: The time since any fixed moment.
    /// - Returns: The steps.
    mutating func steps(at now: Duration) -> [Step] {
        var steps: [Step] = []
        var left: [Waiter] = []
        var isBlocked = false
        for waiter in waiters {
            let own = members.first { $0.value.revision == waiter.revision && $0.value.state != .stopping }
            if !isBlocked, let (number, member) = own, case .idle = member.state {
                members[number]?.state = .leased
                steps.append(.give(member: number, to: waiter.id))
            } else if isBlocked || own != nil {
                left.append(waiter)
            } else if let number = place(waiter) {
                steps.append(.start(member: number, for: waiter.id))
            } else {
                steps += makeRoom(for: waiter.need)
                isBlocked = true
                left.append(waiter)
            }
        }
        waiters = left
        for (number, member) in members.sorted(by: { $0.key < $1.key }) {
            guard case .idle(let since) = member.state, since + member.patience <= now else { continue }
            members[number]?.state = .stopping
            steps.append(.stop(member: number))
        }
        return steps
    }

    /// Starts one where there is room.
    private mutating func place(_ waiter: Waiter) -> Int? {
        let free = freeGPUs
        guard megabytes - used >= waiter.need.megabytes, free.count >= waiter.need.gpus else { return nil }
        lastNumber += 1
        members[lastNumber] = Member(
            revision: waiter.revision, megabytes: waiter.need.megabytes, gpus: Set(free.prefix(waiter.need.gpus)),
            patience: waiter.patience, state: .starting)
        return lastNumber
    }

    /// Stops those that were not used for the longest time, where that is enough together with those that stop already.
    private mutating func makeRoom(for need: Need) -> [Step] {
        let stopping = members.values.filter { $0.state == .stopping }
        var freeMegabytes = megabytes - used + stopping.map(\.megabytes).reduce(0, +)
        var free = freeGPUs.count + stopping.map(\.gpus.count).reduce(0, +)
        let idle = members.filter { if case .idle = $0.value.state { true } else { false } }
            .sorted { ($0.value.lastUsed, $0.key) < ($1.value.lastUsed, $1.key) }
        var chosen: [Int] = []
        for (number, member) in idle where freeMegabytes < need.megabytes || free < need.gpus {
            // One that has none of what is short does not help.
            guard freeMegabytes < need.megabytes || !member.gpus.isEmpty else { continue }
            chosen.append(number)
            freeMegabytes += member.megabytes
            free += member.gpus.count
        }
        guard freeMegabytes >= need.megabytes, free >= need.gpus else { return [] }
        for number in chosen { members[number]?.state = .stopping }
        return chosen.map { .stop(member: $0) }
    }

    private var used: Int { members.values.map(\.megabytes).reduce(0, +) }

    private var freeGPUs: [Int] {
        let taken = members.values.reduce(into: Set<Int>()) { $0.formUnion($1.gpus) }
        return (0..<gpus).filter { !taken.contains($0) }
    }
}
