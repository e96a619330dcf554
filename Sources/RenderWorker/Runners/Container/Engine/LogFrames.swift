import FoundationEssentials

/// Takes apart what an engine sends of a container's output: pieces, each with eight bytes before it that say which stream
/// it is of and how long it is. A pure value; only those eight bytes are ever held back.
struct LogFrames: Sendable {
    /// What a container wrote to.
    enum Stream: UInt8, Sendable, Hashable {
        case output = 1
        case errors = 2
    }

    private var head: [UInt8] = []
    private var stream = Stream.output
    private var left = 0

    /// Takes bytes in.
    ///
    /// - Parameter bytes: Whatever came.
    /// - Returns: What of it is output, in order.
    mutating func feed(_ bytes: Data) -> [(stream: Stream, bytes: Data)] {
        var parts: [(stream: Stream, bytes: Data)] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if left == 0 {
                let wanted = rest.prefix(8 - head.count)
                head += wanted
                rest = rest.dropFirst(wanted.count)
                guard head.count == 8 else { break }
                // An engine's own messages have numbers of their own: they are for people, as errors are.
                stream = Stream(rawValue: head[0]) ?? .errors
                left = head[4...].reduce(0) { $0 << 8 | Int($1) }
                head = []
            } else {
                let part = rest.prefix(left)
                parts.append((stream, Data(part)))
                left -= part.count
                rest = rest.dropFirst(part.count)
            }
        }
        return parts
    }
}
