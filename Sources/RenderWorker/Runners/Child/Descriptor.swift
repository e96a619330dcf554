import Glibc

/// What the system says about an `errno` value.
func systemMessage(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0) } ?? "error \(number)"
}

/// An open file descriptor, closed when its owner goes.
struct Descriptor: ~Copyable {
    let raw: Int32

    init(owning raw: Int32) {
        self.raw = raw
    }

    deinit { close(raw) }

    /// Reads what is there, at most the buffer's size.
    ///
    /// - Returns: The bytes read; nil at the end of the stream or on an error; empty when nothing is there yet.
    func readAvailable(_ buffer: inout [UInt8]) -> ArraySlice<UInt8>? {
        let count = read(raw, &buffer, buffer.count)
        if count > 0 { return buffer[..<count] }
        if count < 0, errno == EINTR || errno == EAGAIN { return [] }
        return nil
    }
}

/// Two connected sockets, both closed in programs this process starts unless they are handed on.
///
/// Sockets rather than pipes: both ends are made close-on-exec in one call, and writing to an end whose other one is gone
/// raises no SIGPIPE where the writer asks so.
struct DescriptorPair: ~Copyable {
    let ours: Descriptor
    let theirs: Descriptor

    init() throws(ChildNotStarted) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw ChildNotStarted(step: "socketpair", number: errno)
        }
        ours = Descriptor(owning: ends[0])
        theirs = Descriptor(owning: ends[1])
    }

    /// Closes the other end and hands ours out.
    consuming func takeOurs() -> Descriptor { ours }
}
