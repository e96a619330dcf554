import Glibc

/// An open file descriptor with one owner, closed when the owner goes.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The descriptor; valid as long as this value lives.
    public let raw: CInt

    /// Takes ownership.
    ///
    /// - Parameter raw: An open descriptor that nobody else closes.
    public init(owning raw: CInt) {
        self.raw = raw
    }

    deinit {
        close(raw)
    }

    /// Gives the descriptor away.
    ///
    /// - Returns: The descriptor, which the caller now closes.
    public consuming func release() -> CInt {
        let raw = raw
        discard self
        return raw
    }
}
