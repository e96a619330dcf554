import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import QueueProtocol
import StudioTestKit

/// A small HTTP server that answers as the container agent of Amazon ECS does, or as a test says, and keeps what it was
/// asked.
final class AgentServer: Sendable {
    /// One request.
    struct Call: Sendable, Hashable {
        let method: String
        let path: String
        let contentType: String?
        let body: String

        static func put(_ body: String) -> Call {
            Call(
                method: "PUT", path: "/api/0123/task-protection/v1/state", contentType: "application/json", body: body)
        }

        static let protect = put(#"{"ExpiresInMinutes":30,"ProtectionEnabled":true}"#)
        static let release = put(#"{"ProtectionEnabled":false}"#)
    }

    /// What it does with a request.
    enum Manner: Sendable {
        /// What was asked is done.
        case obliging
        case answers(status: Int, body: String)
        /// Says nothing until the caller hangs up.
        case silent
        /// Hangs up in the middle of the answer.
        case breaksOff

        static let refusing = Manner.answers(
            status: 200,
            body: #"{"failure": {"Arn": "arn:x", "Reason": "TASK_NOT_VALID", "Detail": "The task is of no service."}}"#)
        static let failing = Manner.answers(
            status: 504,
            body: #"{"requestID": "1", "error": {"Arn": "arn:x", "Code": "RequestCanceled", "Message": "Timed out"}}"#)
    }

    let calls = Watched<[Call]>([])
    let manner = Watched(Manner.obliging)
    private let listening: NIOAsyncChannel<Connection, Never>

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// What `ECS_AGENT_URI` holds.
    var uri: String { "http://127.0.0.1:\(listening.channel.localAddress?.port ?? 0)/api/0123" }

    var agentURL: URL { get throws { try URL(string: uri) ?? { throw TestKitError(uri) }() } }

    /// Runs a server while the body does.
    static func run(_ body: @Sendable (AgentServer) async throws -> Void) async throws {
        let listening = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let server = AgentServer(listening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            try await body(server)
            group.cancelAll()
        }
    }

    private init(_ listening: NIOAsyncChannel<Connection, Never>) { self.listening = listening }

    private func serve() async throws {
        try await listening.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections { group.addTask { try? await self.answer(connection) } }
            }
        }
    }

    private func answer(_ connection: Connection) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body = ""
            for try await part in inbound {
                switch part {
                case .head(let received): head = received
                case .body(let bytes): body += String(buffer: bytes)
                case .end:
                    guard let head else { return }
                    calls.update {
                        $0.append(
                            Call(
                                method: head.method.rawValue, path: head.uri,
                                contentType: head.headers.first(name: "content-type"), body: body))
                    }
                    switch manner.value {
                    case .silent: continue
                    case .obliging:
                        let isOn = body.contains(#""ProtectionEnabled":true"#)
                        try await reply(
                            200, #"{"protection": {"ProtectionEnabled": \#(isOn), "TaskArn": "arn:x"}}"#, outbound)
                        return
                    case .answers(let status, let text):
                        try await reply(status, text, outbound)
                        return
                    case .breaksOff:
                        try await outbound.write(
                            .head(HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "9"])))
                        return
                    }
                }
            }
        }
    }

    private func reply(
        _ status: Int, _ text: String, _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        let headers: HTTPHeaders = ["content-type": "application/json", "content-length": "\(text.utf8.count)"]
        try await outbound.write(
            .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)))
        try await outbound.write(.body(.byteBuffer(ByteBuffer(string: text))))
        try await outbound.write(.end(nil))
    }
}
