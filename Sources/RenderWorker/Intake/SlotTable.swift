import QueueProtocol

/// One attempt at one job: what a slot is taken by, and what every fenced statement names.
struct AttemptKey: Sendable, Hashable, CustomStringConvertible {
    let job: JobID
    let attempt: Int

    var description: String { "\(job)#\(attempt)" }
}

/// Which of a worker's slots are free, asked for, or taken. A pure value: it decides, ``Slots`` acts.
///
/// A slot goes free → asked (a message is being reserved and claimed for it) → taken (an attempt runs) → free. So a
/// worker never reserves a message it has no slot for.
struct SlotTable: Sendable {
    enum Phase: Sendable, Hashable {
        /// Takes work.
        case serving
        /// Takes no more work; what runs may end.
        case draining
    }

    /// How many slots there are; where more are taken than that, each that ends is gone.
    private(set) var capacity: Int
    private(set) var phase = Phase.serving
    private(set) var asked = 0
    private(set) var taken: Set<AttemptKey> = []

    init(capacity: Int) {
        precondition(capacity > 0, "a worker has at least one slot")
        self.capacity = capacity
    }

    /// How many messages may be reserved now.
    var free: Int { phase == .serving ? max(0, capacity - asked - taken.count) : 0 }

    /// Nothing runs and nothing will.
    var isDrained: Bool { phase == .draining && asked == 0 && taken.isEmpty }

    /// Asks for every free slot.
    ///
    /// - Returns: How many slots were asked for; the answer must come by ``answer(asked:with:)``.
    mutating func ask() -> Int {
        let count = free
        asked += count
        return count
    }

    /// Turns asked slots into taken ones; those without an attempt are free again.
    ///
    /// - Parameters:
    ///   - count: How many ``ask()`` gave.
    ///   - attempts: The attempts that were claimed, at most `count`.
    mutating func answer(asked count: Int, with attempts: [AttemptKey]) {
        precondition(count <= asked, "more slots answered than asked for")
        precondition(attempts.count <= count, "more attempts claimed than slots asked for")
        asked -= count
        taken.formUnion(attempts)
    }

    /// Frees the slot of an attempt; an attempt without a slot is ignored, so that ending twice does no harm.
    mutating func finish(_ attempt: AttemptKey) { taken.remove(attempt) }

    /// Changes how many slots there are; what runs goes on.
    mutating func resize(to capacity: Int) {
        precondition(capacity > 0, "a worker has at least one slot")
        self.capacity = capacity
    }

    /// Takes no more work. Slots that were asked for stay asked until they are answered.
    mutating func drain() { phase = .draining }
}
