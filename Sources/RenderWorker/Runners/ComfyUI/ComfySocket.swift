/// A server's socket for as long as a prompt runs, connected anew whenever it is lost.
///
/// It comes back under the same client's id, since a prompt's events are addressed to that; only after the old connection
/// is closed on this side, since the server takes either's end for the end of both. What was told in between does not come
/// again: whoever listens looks into the history.
struct ComfySocket: Sendable {
    let address: WebSocketAddress
    let pace: ComfyPace
    let mailbox: ComfyMailbox
    /// Told whenever the connection was lost, and when it is there again.
    let changed: @Sendable (_ isConnected: Bool) -> Void

    /// Connects once.
    ///
    /// - Returns: The connection; nil where there is none.
    func connect() async -> WebSocket? {
        guard let socket = try? await WebSocket.connect(to: address, hear: mailbox.put) else { return nil }
        // Without, pictures do not say which prompt they are of.
        try? await socket.send(#"{"type":"feature_flags","data":{"supports_preview_metadata":true}}"#)
        changed(true)
        return socket
    }

    /// Keeps a connection until the task is cancelled.
    ///
    /// - Parameter first: One that is there already.
    func keep(_ first: WebSocket?) async {
        var socket = first
        var pause = pace.reconnect
        while !Task.isCancelled {
            if let connected = socket {
                pause = pace.reconnect
                await connected.untilClosed()
                await connected.close()
                socket = nil
                if Task.isCancelled { return }
                changed(false)
            }
            try? await ContinuousClock().sleep(for: pause)
            pause = min(pause * 2, pace.longestReconnect)
            if Task.isCancelled { return }
            socket = await connect()
        }
        await socket?.close()
    }
}
