import NIOCore
import NIOHTTP1
import NIOPosix
import QueueProtocol
import StudioCore

/// The way from the gate to the engine: one connection a request.
struct GateUpstream: Sendable {
    /// A piece of the engine's answer.
    enum Part: Sendable {
        case head(status: Int, contentType: String?)
        case bytes(ByteBuffer)
    }

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// How long the engine has to take a connection.
    private static let patience = TimeAmount.seconds(10)

    let address: EngineAddress
    let engine: ContainerEngine

    /// Asks the engine and hands on what it answers; it waits while that is taken in.
    ///
    /// - Parameters:
    ///   - call: What it is asked for.
    ///   - receive: Takes the answer in.
    /// - Throws: ``EngineError`` where the engine is away or is lost before its answer is whole; what the receiver threw.
    func ask(_ call: GateCall, receive: @Sendable (Part) async throws -> Void) async throws {
        let target = call.target(version: try await engine.version().spoken)
        let connection = try await connect()
        try await connection.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: call.method), uri: target)
            head.headers = ["Host": "docker", "Connection": "close"]
            if let login = call.registryAuthorization { head.headers.add(name: "X-Registry-Auth", value: login) }
            let body = call.body.map { EngineJSON.bytes($0) }
            if body != nil { head.headers.add(name: "Content-Type", value: "application/json") }
            if body != nil || call.method == "POST" {
                head.headers.add(name: "Content-Length", value: "\(body?.count ?? 0)")
            }
            // All of it at once: an engine that has the head of a request without a body may have answered and closed the
            // connection before its end is written, and that write would fail.
            var parts: [HTTPClientRequestPart] = [.head(head)]
            if let body { parts.append(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
            parts.append(.end(nil))
            do {
                try await outbound.write(contentsOf: parts)
                for try await part in inbound {
                    switch part {
                    case .head(let head):
                        try await receive(
                            .head(
                                status: Int(head.status.code), contentType: head.headers.first(name: "Content-Type")))
                    case .body(let bytes): try await receive(.bytes(bytes))
                    case .end: return
                    }
                }
            } catch let error where error is HTTPParserError || error is IOError || error is ChannelError {
                throw EngineError(.unreachable, "the engine was lost in the middle of its answer")
            }
            throw EngineError(.unreachable, "the engine was lost in the middle of its answer")
        }
    }

    private func connect() async throws -> Connection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(Self.patience)
        let prepare: @Sendable (any Channel) -> EventLoopFuture<Connection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                return try Connection(wrappingChannelSynchronously: channel)
            }
        }
        do {
            switch address {
            case .unixSocket(let path):
                return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: prepare)
            case .tcp(let authority):
                let (host, port) = try Self.parts(of: authority)
                return try await bootstrap.connect(host: host, port: port, channelInitializer: prepare)
            case .tls: throw EngineError(.unreachable, "the gate stands beside its engine, and speaks no TLS with it")
            }
        } catch let error as EngineError {
            throw error
        } catch {
            throw EngineError(.unreachable, "no connection to the engine: \(error)")
        }
    }

    /// Host and port of `host:port` or `[::1]:port`.
    static func parts(of authority: String) throws(EngineError) -> (host: String, port: Int) {
        guard let colon = authority.lastIndex(of: ":"), let port = Int(authority[authority.index(after: colon)...])
        else {
            throw EngineError(.strange, "\(authority) is no host with a port")
        }
        return (authority[..<colon].filter { $0 != "[" && $0 != "]" }, port)
    }
}
