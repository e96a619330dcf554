import Glibc
import StudioTestKit
import Synchronization

/// No answer came: the request may have been heard or not.
struct Unanswered: Error, CustomStringConvertible {
    let why: String
    /// Nobody can have heard it: no connection was made.
    var isUnsent = false

    var description: String { why }
}

/// A TCP connection to a gateway; blocking, every wait bounded. For one thread at a time.
final class GatewaySocket: Sendable {
    private struct Received {
        var bytes: [UInt8] = []
        var start = 0
    }

    private let descriptor: CInt
    private let received = Mutex(Received())

    /// Connects.
    ///
    /// - Parameters:
    ///   - port: A port of this machine.
    ///   - patience: The longest wait for anything, in milliseconds.
    /// - Throws: `Unanswered` where nobody listens.
    init(port: Int, patience: Int) throws(Unanswered) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Unanswered(why: "no socket", isUnsent: true) }
        var patience = timeval(tv_sec: patience / 1000, tv_usec: patience % 1000 * 1000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Unanswered(why: "no connection", isUnsent: true) }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws(Unanswered) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Unanswered(why: "the request broke off") }
            rest = rest.dropFirst(count)
        }
    }

    /// The next line, without its end.
    func line() throws(Unanswered) -> String {
        while true {
            let found: String? = received.withLock { received in
                guard let end = received.bytes[received.start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
                var line = received.bytes[received.start..<end]
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                received.start = end + 1
                return String(decoding: line, as: UTF8.self)
            }
            if let found { return found }
            try more()
        }
    }

    /// So many bytes.
    func bytes(_ count: Int) throws(Unanswered) -> [UInt8] {
        while true {
            let found: [UInt8]? = received.withLock { received in
                guard received.bytes.count - received.start >= count else { return nil }
                defer { received.start += count }
                return Array(received.bytes[received.start..<(received.start + count)])
            }
            if let found { return found }
            try more()
        }
    }

    private func more() throws(Unanswered) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var count = -1
        repeat { count = recv(descriptor, &buffer, buffer.count, 0) } while count < 0 && errno == EINTR
        guard count > 0 else { throw Unanswered(why: count == 0 ? "the connection ended" : "no answer in time") }
        received.withLock { received in
            received.bytes.removeFirst(received.start)
            received.start = 0
            received.bytes += buffer[..<count]
        }
    }
}
