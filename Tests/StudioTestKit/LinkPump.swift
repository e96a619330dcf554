import Glibc
import Synchronization

/// What a ``CuttableLink`` does: one thread that carries bytes between two sides.
///
/// A side that must not pass is not read, so the bytes wait in the system as they would in the sender's window. `poll` is
/// not asked about it either: the end of its other side is told only when the line is mended.
final class LinkPump: Sendable {
    private struct State {
        var passesRequests = true
        var passesAnswers = true
        var isListening = true
        var isClosed = false
        var nextPair = 0
        var pairs: [Int: LinkedPair] = [:]
    }

    /// Whom a descriptor that `poll` looks at belongs to.
    private enum Watched {
        case wake
        case listener
        case client(Int)
        case server(Int)
    }

    let port: Int
    private let socket: String
    private let listener: Int32
    private let wakeEnds: [Int32]
    private let state = Mutex(State())

    init(to socket: String) throws {
        self.socket = socket
        wakeEnds = try Pipe.ends()
        for end in wakeEnds { LinkedPair.makeNonblocking(end) }
        // A port asked for by its number stays bound while nobody listens on it; one the system chose would not.
        (listener, port) = try Self.listen()
    }

    deinit {
        for pair in state.withLock({ $0.pairs.values }) { pair.close() }
        for descriptor in wakeEnds + [listener] { Glibc.close(descriptor) }
    }

    var connections: Int { state.withLock { $0.pairs.count } }

    func pass(requests: Bool, answers: Bool, listen: Bool) {
        state.withLock { state in
            (state.passesRequests, state.passesAnswers) = (requests, answers)
            guard state.isListening != listen else { return }
            state.isListening = listen
            // A listening socket that is shut down refuses, and may listen again.
            if listen { Glibc.listen(listener, 128) } else { shutdown(listener, Int32(SHUT_RDWR)) }
        }
        wake()
    }

    func reset() {
        state.withLock { state in
            for pair in state.pairs.values { pair.reset() }
            state.pairs.removeAll()
        }
        wake()
    }

    func forget() {
        state.withLock { state in
            for id in state.pairs.keys { state.pairs[id]?.isForgotten = true }
        }
        wake()
    }

    /// Ends the thread.
    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    /// Carries bytes until ``close()``; blocks.
    func run() {
        while let (watched, descriptors) = state.withLock({ self.watch($0) }) {
            var polled = descriptors
            guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
            state.withLock { state in
                // What the poll saw may have changed since: everything below does nothing where nothing is to be done.
                for (who, descriptor) in zip(watched, polled) where descriptor.revents != 0 {
                    switch who {
                    case .wake: drainWake()
                    case .listener: accept(&state)
                    case .client(let id), .server(let id): carry(id, &state)
                    }
                }
            }
        }
    }

    private func watch(_ state: State) -> ([Watched], [pollfd])? {
        guard !state.isClosed else { return nil }
        var watched: [Watched] = [.wake]
        var descriptors = [pollfd(fd: wakeEnds[0], events: Int16(POLLIN), revents: 0)]
        func add(_ who: Watched, _ descriptor: Int32, _ events: Int32) {
            guard events != 0 else { return }
            watched.append(who)
            descriptors.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        }
        // While nothing passes, whoever comes waits in the system's queue: connected, and unheard.
        add(.listener, listener, state.isListening && state.passesRequests ? POLLIN : 0)
        for (id, pair) in state.pairs where !pair.isForgotten {
            let (requests, answers) = (state.passesRequests, state.passesAnswers)
            add(
                .client(id), pair.client,
                (requests && pair.requests.mayRead ? POLLIN : 0) | (answers && pair.answers.mayWrite ? POLLOUT : 0))
            add(
                .server(id), pair.server,
                (answers && pair.answers.mayRead ? POLLIN : 0) | (requests && pair.requests.mayWrite ? POLLOUT : 0))
        }
        return (watched, descriptors)
    }

    private func accept(_ state: inout State) {
        guard state.isListening, state.passesRequests else { return }
        // As with pipes: no child may be born before the mark, or it would hold the connection open.
        let client = SpawnRequest.descriptors.withLock { _ in
            let client = Glibc.accept(listener, nil, nil)
            if client >= 0 { _ = fcntl(client, F_SETFD, FD_CLOEXEC) }
            return client
        }
        guard client >= 0 else { return }
        LinkedPair.makeNonblocking(client)
        guard let pair = LinkedPair(client: client, socket: socket) else { return }
        state.nextPair += 1
        state.pairs[state.nextPair] = pair
    }

    private func carry(_ id: Int, _ state: inout State) {
        guard var pair = state.pairs[id], !pair.isForgotten else { return }
        let isAlive = pair.carry(requests: state.passesRequests, answers: state.passesAnswers)
        if !isAlive { pair.close() }
        state.pairs[id] = isAlive ? pair : nil
    }

    private func wake() {
        var byte: UInt8 = 1
        // A full pipe wakes as well.
        _ = write(wakeEnds[1], &byte, 1)
    }

    private func drainWake() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(wakeEnds[0], &bytes, bytes.count) > 0 {}
    }

    private static func listen() throws -> (Int32, Int) {
        var failure = TestKitError("no port")
        for _ in 0..<16 {
            let port = try ProgramUnderTest.freePort()
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            let descriptor = Glibc.socket(AF_INET, kind, 0)
            guard descriptor >= 0 else { throw TestKitError.system("socket") }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var again: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &again, socklen_t(MemoryLayout<Int32>.size))
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if bound == 0, Glibc.listen(descriptor, 128) == 0 { return (descriptor, port) }
            failure = TestKitError.system("listen on 127.0.0.1:\(port)")
            Glibc.close(descriptor)
        }
        throw failure
    }
}
