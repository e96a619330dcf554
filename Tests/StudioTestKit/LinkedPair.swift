import Glibc

/// A program's connection and the one to the server that belongs to it. Whoever makes one closes or resets it.
struct LinkedPair {
    /// Bytes on their way in one direction, and how far its end has come.
    struct Flow {
        var bytes: ArraySlice<UInt8> = []
        /// The sender has closed.
        var isEnded = false
        /// The receiver has been told.
        var isShut = false

        /// No more is read than the receiver takes: a slow one slows the sender.
        var mayRead: Bool { bytes.isEmpty && !isEnded }
        var mayWrite: Bool { !bytes.isEmpty }
    }

    private static let most = 64 << 10

    let client: Int32
    let server: Int32
    /// Nothing passes any more.
    var isForgotten = false
    private(set) var requests = Flow()
    private(set) var answers = Flow()

    /// Connects to the server; where it is away the client is reset and there is no pair.
    init?(client: Int32, socket path: String) {
        self.client = client
        server = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard server >= 0, path.utf8.count < room else {
            reset()
            return nil
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else {
            reset()
            return nil
        }
        Self.makeNonblocking(server)
    }

    static func makeNonblocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// Moves what can be moved now in the directions that pass.
    ///
    /// - Returns: Whether the pair goes on.
    mutating func carry(requests passRequests: Bool, answers passAnswers: Bool) -> Bool {
        let requestsGoOn = !passRequests || Self.move(&requests, from: client, to: server)
        let answersGoOn = !passAnswers || Self.move(&answers, from: server, to: client)
        return requestsGoOn && answersGoOn && !(requests.isShut && answers.isShut)
    }

    /// Ends both connections.
    func close() {
        Glibc.close(client)
        Glibc.close(server)
    }

    /// Ends both, the client's with a reset.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(client, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    private static func move(_ flow: inout Flow, from source: Int32, to target: Int32) -> Bool {
        if flow.mayRead {
            var buffer = [UInt8](repeating: 0, count: most)
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno != EAGAIN, errno != EINTR { return false }
            if count == 0 { flow.isEnded = true }
            if count > 0 { flow.bytes = buffer[..<count] }
        }
        while flow.mayWrite {
            let count = flow.bytes.withUnsafeBytes {
                send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return errno == EAGAIN }
            flow.bytes = flow.bytes.dropFirst(count)
        }
        if flow.isEnded, !flow.isShut {
            shutdown(target, Int32(SHUT_WR))
            flow.isShut = true
        }
        return true
    }
}
