import Glibc

/// How a lock held by others is waited for: looked at again and again, less and less often.
public struct LockPatience: Sendable {
    /// The longest wait in all.
    public let bound: Duration
    private let pause: @Sendable (Duration) -> Void

    /// A way to wait.
    ///
    /// - Parameters:
    ///   - bound: The longest wait in all; default ten seconds. The time counted is that of the pauses.
    ///   - pause: Waits that long, blocking; default is the system's sleep.
    public init(bound: Duration = .seconds(10), pause: @escaping @Sendable (Duration) -> Void = LockPatience.sleep) {
        self.bound = bound
        self.pause = pause
    }

    /// Blocks the thread for a while.
    ///
    /// - Parameter duration: How long.
    public static func sleep(_ duration: Duration) {
        var wanted = timespec(
            tv_sec: Int(duration.components.seconds), tv_nsec: Int(duration.components.attoseconds / 1_000_000_000))
        var rest = timespec()
        while nanosleep(&wanted, &rest) != 0 && errno == EINTR { wanted = rest }
    }

    /// Begins a wait: after 2 ms, then 1.5 times as long each time, at most 100 ms.
    func begin() -> Wait { Wait(patience: self) }

    /// One wait for one lock.
    struct Wait {
        fileprivate let patience: LockPatience
        private var waited = Duration.zero
        private var next = Duration.milliseconds(2)

        fileprivate init(patience: LockPatience) {
            self.patience = patience
        }

        /// Pauses before the next attempt; false where the bound is reached.
        mutating func pause() -> Bool {
            guard waited < patience.bound else { return false }
            patience.pause(next)
            waited += next
            next = min(next * 1.5, .milliseconds(100))
            return true
        }
    }
}
