import FoundationEssentials
import Glibc
import NIOCore
import QueueProtocol
import StudioTestKit
import Testing

@testable import RenderWorker

/// The worker's own end of a WebSocket.
@Suite("WebSocket", .timeLimit(.minutes(10))) struct WebSocketTests {
    private func address(_ server: ComfyUIServer) throws -> WebSocketAddress {
        try ComfyBench.address(server.base).events(of: "test")
    }

    @Test("Texts and binaries come whole, and a goodbye closes both ends")
    func messages() async throws {
        let server = try await ComfyUIServer()
        let heard = Watched<[String]>([])
        let socket = try await WebSocket.connect(to: try address(server)) { message in
            heard.update { $0.append(String(buffer: message.bytes)) }
        }
        _ = try await heard.wait("it is greeted") { $0.first { $0.contains(#""sid": "test""#) } }
        let large = String(repeating: "x", count: 3 << 20)
        try await server.control("sockets", ["send": .string(large)])
        _ = try await heard.wait("a large text comes") { $0.last { $0 == large } }
        try await server.control("sockets", ["send": "AAAAAg==", "binary": true])
        _ = try await heard.wait("a binary comes") { $0.last { $0 == "\0\0\0\u{2}" } }
        await socket.close()
        try await eventually("the server knows") { try await server.log().sockets == 0 }
        await socket.untilClosed()
    }

    @Test("A message that is too large ends the connection")
    func tooLarge() async throws {
        let server = try await ComfyUIServer()
        var limits = WebSocket.Limits()
        limits.message = 1 << 16
        let socket = try await WebSocket.connect(to: try address(server), limits: limits) { _ in }
        try await eventually("it is known") { try await server.log().sockets == 1 }
        try await server.control("sockets", ["send": .string(String(repeating: "x", count: 1 << 17))])
        try await within(.seconds(30), "the end") { await socket.untilClosed() }
    }

    @Test("A peer that gives no sign of life is given up")
    func silent() async throws {
        let server = try await ComfyUIServer()
        var limits = WebSocket.Limits()
        limits.ping = .seconds(2)
        let socket = try await WebSocket.connect(to: try address(server), limits: limits) { _ in }
        try await eventually("it is known") { try await server.log().sockets == 1 }
        server.process.send(SIGSTOP)
        try await within(.seconds(30), "the end") { await socket.untilClosed() }
        server.process.send(SIGCONT)
        try await eventually("the server knows") { try await server.log().sockets == 0 }
    }

    @Test("Nobody, nobody in time, and somebody who speaks no WebSocket are told apart")
    func failures() async throws {
        let server = try await ComfyUIServer()
        let address = try address(server)
        func failure(
            _ address: WebSocketAddress, within limit: Duration = .seconds(30)
        ) async -> WebSocketFailure? {
            var limits = WebSocket.Limits()
            limits.connecting = limit
            do {
                _ = try await WebSocket.connect(to: address, limits: limits) { _ in }
                return nil
            } catch {
                return error as? WebSocketFailure
            }
        }
        var elsewhere = address
        elsewhere.target = "/prompt"
        guard case .refused? = await failure(elsewhere) else { throw Unexpected(what: "not refused") }
        server.process.send(SIGSTOP)
        let late = await failure(address, within: .milliseconds(300))
        guard case .late? = late else { throw Unexpected(what: "not late") }
        server.process.send(SIGCONT)
        try await server.kill()
        guard case .unreachable? = await failure(address) else { throw Unexpected(what: "not unreachable") }
    }

    @Test("Whoever is cancelled while connecting does not wait for the server")
    func cancelled() async throws {
        let server = try await ComfyUIServer()
        let address = try address(server)
        server.process.send(SIGSTOP)
        let connecting = Task { try await WebSocket.connect(to: address) { _ in } }
        connecting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await connecting.value }
        server.process.send(SIGCONT)
    }
}
