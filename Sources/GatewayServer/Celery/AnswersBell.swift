import Synchronization

/// Rings for whoever is connected later: the events are heard by a part that is made before the answers are.
final class AnswersBell: Sendable {
    private let listener = Mutex<(@Sendable () -> Void)?>(nil)

    /// Connects the listener.
    func connect(_ listener: @escaping @Sendable () -> Void) { self.listener.withLock { $0 = listener } }

    /// Rings; where nobody is connected nothing happens.
    func ring() { listener.withLock { $0 }?() }
}
