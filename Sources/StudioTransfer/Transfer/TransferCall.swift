import FoundationEssentials
import Synchronization

/// One transfer as its caller and its thread share it: bytes on their way to the caller, bounded, and the end.
final class TransferCall: Sendable {
    /// Where the body of a successful response goes.
    enum Sink: Sendable {
        case memory(limit: Int)
        case stream(begun: (@Sendable (HTTPResponse) -> Void)?)
        case file(path: String, limit: Int64)
    }

    /// What a caller hears.
    enum News: Sendable {
        case bytes(Data)
        case end(Result<HTTPResponse, TransferError>)
    }

    /// How many bytes wait for a caller before the transfer is paused.
    static let bound = 256 << 10

    private struct State {
        var bytes = Data()
        var isPaused = false
        var end: Result<HTTPResponse, TransferError>?
        var waiter: CheckedContinuation<Void, Never>?
    }

    let request: HTTPRequest
    let sink: Sink
    private let state = Mutex(State())

    init(_ request: HTTPRequest, _ sink: Sink) {
        self.request = request
        self.sink = sink
    }

    /// What it is found by.
    var id: ObjectIdentifier { ObjectIdentifier(self) }

    /// Takes bytes in for the caller.
    ///
    /// - Returns: Whether they were taken; where not, the transfer is to pause until the caller asks for more.
    func offer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (isTaken, waiter) = state.withLock { state in
            guard state.bytes.isEmpty || state.bytes.count + bytes.count <= Self.bound else {
                state.isPaused = true
                return (false, CheckedContinuation<Void, Never>?.none)
            }
            state.bytes.append(contentsOf: bytes)
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        waiter?.resume()
        return isTaken
    }

    /// The transfer is over; only the first end counts.
    func finish(_ end: Result<HTTPResponse, TransferError>) {
        let waiter = state.withLock { state in
            state.end = state.end ?? end
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits for more; one caller at a time.
    ///
    /// - Returns: What there is, and whether the transfer paused for it and is to go on.
    func next() async -> (news: News, isPaused: Bool) {
        while true {
            let found: (News, Bool)? = state.withLock { state in
                if !state.bytes.isEmpty {
                    defer { (state.bytes, state.isPaused) = (Data(), false) }
                    return (.bytes(state.bytes), state.isPaused)
                }
                return state.end.map { (.end($0), false) }
            }
            if let found { return found }
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    guard state.bytes.isEmpty, state.end == nil else { return true }
                    state.waiter = continuation
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }
}
