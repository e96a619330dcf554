/// The pauses between attempts: each doubled up to a limit, with jitter so that many clients do not come back at once.
struct Backoff: Sendable {
    private let initial: Duration
    private let maximum: Duration
    private var current: Duration

    init(initial: Duration, maximum: Duration) {
        self.initial = initial
        self.maximum = maximum
        current = initial
    }

    /// The next pause: between half and the whole of the current step.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let step = min(current, maximum)
        current = min(current * 2, maximum)
        return step * Double.random(in: 0.5...1, using: &generator)
    }

    /// The next pause, with the system's chance.
    mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    /// After a success: the next pause is the first again.
    mutating func reset() { current = initial }
}
