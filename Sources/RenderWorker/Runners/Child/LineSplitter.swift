/// Cuts a byte stream into lines of a bounded length.
///
/// A line over the bound is delivered cut at the bound, and the rest of it is dropped, so that a program which never
/// writes a newline costs no memory.
struct LineSplitter: Sendable {
    private let bound: Int
    private var pending: [UInt8] = []
    private var isDropping = false

    init(bound: Int) {
        self.bound = bound
    }

    /// Takes bytes in and hands whole lines out, without their newline.
    mutating func feed(_ bytes: some Sequence<UInt8>, line: (String) -> Void) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if !isDropping { deliver(line) }
                isDropping = false
            } else if !isDropping {
                pending.append(byte)
                if pending.count == bound {
                    deliver(line)
                    isDropping = true
                }
            }
        }
    }

    /// Hands out what came after the last newline.
    mutating func finish(line: (String) -> Void) {
        if !pending.isEmpty { deliver(line) }
    }

    private mutating func deliver(_ line: (String) -> Void) {
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        line(String(decoding: pending, as: UTF8.self))
        pending.removeAll(keepingCapacity: true)
    }
}
