import Synchronization

/// The logical clock by which monitors order what different programs tell: it goes on with everything that is told, and
/// is never behind what was heard.
final class LamportClock: Sendable {
    private let time = Atomic(0)

    /// The time, without going on.
    var now: Int { time.load(ordering: .relaxed) }

    /// Goes on by one.
    ///
    /// - Returns: The new time.
    @discardableResult
    func forward() -> Int { time.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Takes in what another program's clock said.
    ///
    /// - Parameter other: The other's time; one that no counting could have reached is passed over.
    func adjust(to other: Int) {
        guard (0..<(1 << 53)).contains(other) else { return }
        time.max(other, ordering: .relaxed)
        forward()
    }
}
