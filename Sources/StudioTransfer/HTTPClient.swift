public import FoundationEssentials

/// A client of HTTP/1.1 over libcurl: all its transfers run on one thread of its own, and no caller is ever blocked.
///
/// Connections are kept and used again. No proxy is used, whatever the environment says, and no redirection is followed
/// that the request does not ask for. Cancelling a caller's task ends its transfer at once. The thread ends with the client.
public final class HTTPClient: Sendable {
    /// What ``response(to:limit:)`` takes by default, in bytes.
    public static let standardLimit = 16 << 20

    private let thread: TransferThread

    /// A client.
    ///
    /// - Parameter endpoint: By what way it reaches its servers; over the network by default.
    public init(_ endpoint: HTTPEndpoint = .network) {
        thread = TransferThread(endpoint)
    }

    deinit { thread.end() }

    /// Sends a request and takes the whole response.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limit: The most bytes that its body may have, 16 MiB by default.
    /// - Returns: The response, whatever its status.
    /// - Throws: `TransferError`; `tooLarge` where there is more than the limit.
    public func response(
        to request: HTTPRequest, limit: Int = standardLimit
    ) async throws(TransferError) -> HTTPResponse {
        let call = try begin(request, .memory(limit: limit))
        return try await finish(call)
    }

    /// Sends a request and hands the body of a successful response on as it comes.
    ///
    /// The transfer waits while the receiver works, and the server with it. The body of a response without success is not
    /// handed on: its first MiB is in the response.
    ///
    /// - Parameters:
    ///   - request: The request. Its ``HTTPRequest/timeout`` counts all, the receiver's work too.
    ///   - begun: Told the response's status and headers as soon as they are there, on the client's thread, so that it must
    ///     return at once; with redirections, each one's.
    ///   - receive: Takes bytes in, in order, one call at a time.
    /// - Returns: The response.
    /// - Throws: `TransferError`, or what the receiver threw, which ends the transfer.
    public func stream(
        _ request: HTTPRequest, begun: (@Sendable (HTTPResponse) -> Void)? = nil,
        receive: @Sendable (Data) async throws -> Void
    ) async throws -> HTTPResponse {
        let call = try begin(request, .stream(begun: begun))
        do {
            while true {
                switch await next(of: call) {
                case .bytes(let bytes): try await receive(bytes)
                case .end(let end): return try end.get()
                }
            }
        } catch {
            thread.post(.drop(call.id))
            throw error
        }
    }

    /// Sends a request and writes the body of a successful response to a file that is not there yet.
    ///
    /// The file is for its owner only (0600), and not synced. It is removed where the download does not succeed, and not
    /// there after a response without success, the first MiB of whose body is in the response.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - path: The file's path; nothing may be there.
    ///   - limit: The most bytes that it may have.
    /// - Returns: The response.
    /// - Throws: `TransferError`.
    public func download(
        _ request: HTTPRequest, to path: String, limit: Int64
    ) async throws(TransferError) -> HTTPResponse {
        let call = try begin(request, .file(path: path, limit: limit))
        return try await finish(call)
    }

    private func begin(_ request: HTTPRequest, _ sink: TransferCall.Sink) throws(TransferError) -> TransferCall {
        guard !Task.isCancelled else { throw TransferError(.cancelled, "the caller was cancelled") }
        try request.check()
        let call = TransferCall(request, sink)
        thread.post(.begin(call))
        return call
    }

    private func finish(_ call: TransferCall) async throws(TransferError) -> HTTPResponse {
        while true {
            if case .end(let end) = await next(of: call) { return try end.get() }
        }
    }

    private func next(of call: TransferCall) async -> TransferCall.News {
        let (news, isPaused) = await withTaskCancellationHandler {
            await call.next()
        } onCancel: {
            thread.post(.drop(call.id))
        }
        if isPaused { thread.post(.goOn(call.id)) }
        return news
    }
}
