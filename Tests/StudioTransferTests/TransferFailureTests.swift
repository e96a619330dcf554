import FoundationEssentials
import StudioTestKit
import StudioTransfer
import Testing

@Suite("HTTP transfers that fail")
struct TransferFailureTests {
    private func code(_ request: HTTPRequest, _ client: HTTPClient = HTTPClient()) async -> TransferError.Code? {
        do throws(TransferError) {
            _ = try await client.response(to: request)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "What is no HTTP address is not asked for",
        arguments: ["", "hello", "file:///etc/passwd", "ftp://a/b", "http://"])
    func addresses(_ url: String) async throws {
        #expect(await code(HTTPRequest(url: url)) == .invalidRequest)
    }

    @Test("A header cannot smuggle another one in")
    func smuggling() async throws {
        #expect(await code(HTTPRequest(url: "http://127.0.0.1/", headers: [("A", "b\r\nC: d")])) == .invalidRequest)
        #expect(await code(HTTPRequest(url: "http://127.0.0.1/", headers: [("A: b\nC", "d")])) == .invalidRequest)
        #expect(await code(HTTPRequest(method: "GET / HTTP/1.1\r\n", url: "http://127.0.0.1/")) == .invalidRequest)
    }

    @Test("Nobody listens, no such host, no such socket")
    func nobody() async throws {
        let folder = try TemporaryDirectory()
        #expect(await code(HTTPRequest(url: "http://127.0.0.1:1/")) == .unreachable)
        #expect(await code(HTTPRequest(url: "http://nobody.invalid/")) == .unreachable)
        let client = HTTPClient(.unixSocket(folder.path("absent")))
        #expect(await code(HTTPRequest(url: "http://docker/"), client) == .unreachable)
    }

    @Test("A connection that is lost while both sides show who they are", arguments: ["reset", "close"])
    func lostInHandshake(_ ending: String) async throws {
        let listener = """
            import socket, struct, sys
            server = socket.socket()
            server.bind(("127.0.0.1", 0))
            server.listen()
            print("listening", server.getsockname()[1], flush=True)
            while True:
                client, _ = server.accept()
                client.recv(1 << 16)
                if sys.argv[1] == "reset":
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
            """
        let process = try ChildProcess("python3", ["-u", "-c", listener, ending])
        let port = try await process.line(containing: "listening ").dropFirst("listening ".count)
        #expect(await code(HTTPRequest(url: "https://127.0.0.1:\(port)/")) == .unreachable)
        withExtendedLifetime(process) {}
    }

    @Test("An answer that is cut off, and one that is no HTTP")
    func broken() async throws {
        let server = try await TestServer()
        #expect(await code(HTTPRequest(url: server.address + "/cut")) == .unreachable)
        #expect(await code(HTTPRequest(url: server.address + "/garbage")) == .protocolViolation)
    }

    @Test("More than is wanted: in the body, in the headers")
    func tooLarge() async throws {
        let server = try await TestServer()
        let client = HTTPClient()
        let request = HTTPRequest(url: server.address + "/bytes/1600")
        #expect(try await client.response(to: request, limit: 1600).body.count == 1600)
        let error = await #expect(throws: TransferError.self) { try await client.response(to: request, limit: 1599) }
        #expect(error?.code == .tooLarge)
        let heads = await #expect(throws: TransferError.self) {
            try await client.response(to: HTTPRequest(url: server.address + "/endless"), limit: 1 << 20)
        }
        #expect(heads?.code == .tooLarge)
    }

    @Test("All of it, and each pause in it, may take only so long")
    func late() async throws {
        let server = try await TestServer()
        let kinds: [(_ limit: Duration) -> HTTPRequest] = [
            { HTTPRequest(url: server.address + "/silent", timeout: $0) },
            { HTTPRequest(url: server.address + "/silent", timeout: nil, stallTimeout: $0) },
            { HTTPRequest(url: server.address + "/stall", timeout: nil, stallTimeout: $0) },
        ]
        for kind in kinds {
            let asked = server.count(of: "waiting")
            // On a machine that is at work the server may not even have been asked within the first second.
            for limit in [1, 4, 16] where server.count(of: "waiting") == asked {
                #expect(await code(kind(.seconds(limit))) == .timedOut)
            }
        }
        // The server sees of each that it is not wanted any more.
        try await eventually("the server sees all three go") {
            let asked = server.count(of: "waiting")
            return asked >= kinds.count && server.count(of: "gone") == asked
        }
    }

    @Test("Cancelling the caller ends the transfer at once")
    func cancelled() async throws {
        let server = try await TestServer()
        let client = HTTPClient()
        let task = Task { await code(HTTPRequest(url: server.address + "/silent", timeout: nil), client) }
        try await server.process.line(containing: "waiting")
        task.cancel()
        #expect(await task.value == .cancelled)
        try await server.process.line(containing: "gone")
        // The client goes on.
        #expect(try await client.response(to: HTTPRequest(url: server.address + "/hello")).text == "hello")
        let late = Task { await code(HTTPRequest(url: server.address + "/hello"), client) }
        late.cancel()
        #expect([.cancelled, nil].contains(await late.value))
    }
}
