import NIOCore
import Synchronization

/// What came by a server's socket and was not looked at yet. Who puts something in never waits: beyond the bound the
/// oldest goes, and of pictures only the newest is kept. The truth is in the server's history.
final class ComfyMailbox: Sendable {
    /// The most bytes that wait.
    static let bound = 32 << 20
    /// A picture's frame has a little more than the picture.
    private static let pictureBound = ProgressPicture.limit + (16 << 10)

    private struct State {
        var messages: [WebSocket.Message] = []
        var picture: WebSocket.Message?
        var bytes = 0
    }

    private let state = Mutex(State())
    private let continuation: AsyncStream<Void>.Continuation
    /// Has something whenever something was put in. For one reader.
    let signals: AsyncStream<Void>

    init() {
        (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a message in, from any thread.
    func put(_ message: WebSocket.Message) {
        let size = message.bytes.readableBytes
        let isPicture = Self.isPicture(message)
        if isPicture, size > Self.pictureBound { return }
        state.withLock { state in
            if isPicture {
                state.picture = message
                return
            }
            state.messages.append(message)
            state.bytes += size
            while state.bytes > Self.bound, state.messages.count > 1 {
                state.bytes -= state.messages.removeFirst().bytes.readableBytes
            }
        }
        continuation.yield()
    }

    /// All that waits, in the order in which it came; a picture last.
    func take() -> [WebSocket.Message] {
        state.withLock { state in
            defer { state = State() }
            return state.messages + (state.picture.map { [$0] } ?? [])
        }
    }

    /// Binary events 1 and 4.
    private static func isPicture(_ message: WebSocket.Message) -> Bool {
        guard case .binary(let bytes) = message else { return false }
        let kind = bytes.getInteger(at: bytes.readerIndex, as: UInt32.self)
        return kind == 1 || kind == 4
    }
}
