import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP/1.1 request on a connection of its own, without TLS: what a machine's own agents speak.
enum PlainHTTP {
    /// An answer, whatever its status.
    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
    }

    /// Why there is no answer.
    enum Failure: Error, CustomStringConvertible {
        case late(Duration)
        case cut
        case tooLarge
        case noAddress

        var description: String {
            switch self {
            case .late(let limit): "no answer within \(limit)"
            case .cut: "the connection ended before the answer did"
            case .tooLarge: "the answer is larger than \(PlainHTTP.most) bytes"
            case .noAddress: "the address is no http:// URL with a host"
            }
        }
    }

    /// How many bytes an answer may have.
    static let most = 64 << 10

    /// Puts a JSON document.
    ///
    /// - Parameters:
    ///   - body: The document.
    ///   - url: Where to; `http` only.
    ///   - limit: How long all of it may take.
    /// - Returns: The answer.
    /// - Throws: ``Failure``, `CancellationError`, or what the connection says.
    static func put(_ body: [UInt8], to url: URL, within limit: Duration) async throws -> Answer {
        guard url.scheme?.lowercased() == "http", let host = url.host() else { throw Failure.noAddress }
        let port = url.port ?? 80
        var head = HTTPRequestHead(version: .http1_1, method: .PUT, uri: url.path(percentEncoded: true))
        head.headers = [
            "Host": host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", "Content-Type": "application/json",
            "Content-Length": "\(body.count)", "Connection": "close",
        ]
        return try await withThrowingTaskGroup(of: Answer.self) { [head] race in
            race.addTask {
                let channel = try await connect(to: host, port: port, within: TimeAmount(limit))
                return try await exchange(head, body, on: channel)
            }
            race.addTask {
                try await Task.sleep(for: limit)
                throw Failure.late(limit)
            }
            defer { race.cancelAll() }
            guard let answer = try await race.next() else { throw CancellationError() }
            return answer
        }
    }

    private typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private static func connect(to host: String, port: Int, within limit: TimeAmount) async throws -> Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(limit)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Channel(wrappingChannelSynchronously: channel)
                }
            }
    }

    private static func exchange(_ head: HTTPRequestHead, _ body: [UInt8], on channel: Channel) async throws -> Answer {
        try await channel.executeThenClose { inbound, outbound in
            // At once: a server that has the whole body may have answered and gone before the end is written.
            try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)])
            var answer = Answer(status: 0, body: [])
            for try await part in inbound {
                switch part {
                case .head(let head): answer.status = Int(head.status.code)
                case .body(let bytes):
                    answer.body += bytes.readableBytesView
                    guard answer.body.count <= most else { throw Failure.tooLarge }
                case .end: return answer
                }
            }
            throw Failure.cut
        }
    }
}
