import Glibc
import Synchronization

extension ProgramUnderTest {
    /// A port on 127.0.0.1 that nobody listened on a moment ago, and that no test is given again.
    ///
    /// It is below those that the system gives to connections: whoever calls a program that is down could otherwise be given
    /// its very port, reach itself, and keep the program from coming back.
    ///
    /// - Returns: The port.
    /// - Throws: `TestKitError` when none is to be had.
    public static func freePort() throws -> Int { try FreePorts.given.withLock { try $0.next() } }
}

/// Ports in blocks of which each test process has its own: the programs that bind them start seconds later, while other
/// processes look for ports too.
private struct FreePorts: ~Copyable {
    static let given = Mutex(FreePorts())
    private static let blockSize = 100

    private var rest: ArraySlice<Int> = []

    mutating func next() throws -> Int {
        while true {
            if rest.isEmpty { rest = try Self.block()[...] }
            let port = rest.removeFirst()
            if try Self.isFree(port) { return port }
        }
    }

    /// A block that no other process has. Its lock is held until this process ends.
    private static func block() throws -> [Int] {
        for first in stride(from: 20_000, to: 32_000, by: blockSize).shuffled() {
            let descriptor = open("/tmp/studio-test-ports-\(first)", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return (first..<first + blockSize).shuffled() }
            close(descriptor)
        }
        throw TestKitError("no block of ports is free")
    }

    private static func isFree(_ port: Int) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestKitError.system("socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
