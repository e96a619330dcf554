public import QueueProtocol

/// A message that this worker has taken and must acknowledge, return or bury.
public struct ReservedTask: Sendable, Hashable {
    /// The message.
    public let message: TaskMessage
    /// The element as it stands in the processing list.
    let raw: [UInt8]
}

/// What a worker has in hand. The same bytes may be in hand twice, when a message was put on the queue twice.
struct MessagesInHand {
    /// An element by its bytes, hashed as a whole and not byte by byte.
    private struct Element: Hashable {
        let raw: [UInt8]

        func hash(into hasher: inout Hasher) { raw.withUnsafeBytes { hasher.combine(bytes: $0) } }
    }

    private var counts: [Element: Int] = [:]

    mutating func add(_ raw: [UInt8]) { counts[Element(raw: raw), default: 0] += 1 }

    mutating func remove(_ raw: [UInt8]) {
        let element = Element(raw: raw)
        guard let count = counts[element] else { return }
        counts[element] = count > 1 ? count - 1 : nil
    }

    /// Those elements of a processing list that nobody has in hand.
    func strays(in elements: [[UInt8]]) -> [[UInt8]] {
        var counts = counts
        return elements.filter { raw in
            let element = Element(raw: raw)
            guard let count = counts[element], count > 0 else { return true }
            counts[element] = count - 1
            return false
        }
    }
}
