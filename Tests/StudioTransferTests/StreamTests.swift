import FoundationEssentials
import Glibc
import StudioTestKit
import StudioTransfer
import Synchronization
import Testing

@Suite("HTTP bodies that are streamed and downloaded")
struct StreamTests {
    @Test("A stream hands everything on in order")
    func lines() async throws {
        let server = try await TestServer()
        let taken = Mutex(Data())
        let response = try await HTTPClient().stream(HTTPRequest(url: server.address + "/lines/2000")) { bytes in
            taken.withLock { $0 += bytes }
        }
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
        let text = String(decoding: taken.withLock { $0 }, as: UTF8.self)
        #expect(text == (0..<2000).map { "line \($0)\n" }.joined())
    }

    @Test("Who asks hears of the response before its body is there")
    func begun() async throws {
        let server = try await TestServer()
        let heard = Watched<HTTPResponse?>(nil)
        let client = HTTPClient()
        let task = Task {
            try await client.stream(
                HTTPRequest(url: server.address + "/stall", timeout: nil),
                begun: { response in heard.update { $0 = response } }, receive: { _ in })
        }
        let response = try await heard.wait("the response") { $0 }
        #expect(response.status == 200)
        #expect(response.headers["transfer-encoding"] == "chunked")
        task.cancel()
        _ = await task.result
    }

    @Test("The server waits while the receiver works")
    func backPressure() async throws {
        let server = try await TestServer()
        let client = HTTPClient()
        let first = Signal("the first bytes")
        let goOn = Signal("the receiver may go on")
        let largest = Mutex(0)
        let taken = Mutex(0)
        let task = Task {
            try await client.stream(HTTPRequest(url: server.address + "/endless", timeout: nil)) { bytes in
                first.fire()
                try await goOn.wait()
                largest.withLock { $0 = max($0, bytes.count) }
                if taken.withLock({
                    $0 += bytes.count; return $0
                }) > 16 << 20 {
                    throw CancellationError()
                }
            }
        }
        try await first.wait()
        // What the sockets hold goes out; then the server stands still, though another request is served.
        var before = -1
        try await eventually("the server stands still") {
            for _ in 0..<20 { _ = try await client.response(to: HTTPRequest(url: server.address + "/hello")) }
            defer { before = server.process.output.count }
            return server.process.output.count == before
        }
        #expect(server.process.output.count < 1000)
        goOn.fire()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await server.process.line(containing: "gone")
        #expect(largest.withLock { $0 } <= 512 << 10)
    }

    @Test("What the receiver throws ends the transfer, and so does a cancel while it waits")
    func ended() async throws {
        struct Enough: Error {}
        let server = try await TestServer()
        let client = HTTPClient()
        await #expect(throws: Enough.self) {
            try await client.stream(HTTPRequest(url: server.address + "/endless", timeout: nil)) { _ in throw Enough() }
        }
        try await eventually("the server sees it go") { server.count(of: "gone") == 1 }
        let task = Task {
            try await client.stream(HTTPRequest(url: server.address + "/stall", timeout: nil)) { _ in }
        }
        try await server.process.line(containing: "waiting")
        task.cancel()
        let error = await #expect(throws: TransferError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await eventually("the server sees it go") { server.count(of: "gone") == 2 }
    }

    @Test("The body of a response without success is not handed on")
    func refused() async throws {
        let server = try await TestServer()
        let folder = try TemporaryDirectory()
        let client = HTTPClient()
        let request = HTTPRequest(url: server.address + "/status/404")
        let streamed = try await client.stream(request) { _ in Issue.record("it was handed on") }
        #expect(streamed.text == "status 404")
        let path = folder.path("file")
        let downloaded = try await client.download(request, to: path, limit: 1 << 20)
        #expect(downloaded.text == "status 404")
        #expect(access(path, F_OK) != 0)
    }

    @Test("A download is whole, new, and its owner's")
    func download() async throws {
        let server = try await TestServer()
        let folder = try TemporaryDirectory()
        let path = folder.path("file")
        let client = HTTPClient()
        let request = HTTPRequest(url: server.address + "/bytes/3200000")
        let response = try await client.download(request, to: path, limit: 3_200_000)
        #expect(response.isSuccess)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_size == 3_200_000)
        #expect(status.st_mode & 0o777 == 0o600)
        // Nothing is written over.
        let error = await #expect(throws: TransferError.self) {
            try await client.download(request, to: path, limit: 3_200_000)
        }
        #expect(error?.code == .fileFailed)
        #expect(stat(path, &status) == 0)
        #expect(status.st_size == 3_200_000)
    }

    @Test("A download that fails leaves no file", arguments: ["/bytes/3200000", "/cut", "/endless"])
    func failed(_ path: String) async throws {
        let server = try await TestServer()
        let folder = try TemporaryDirectory()
        await #expect(throws: TransferError.self) {
            try await HTTPClient().download(
                HTTPRequest(url: server.address + path), to: folder.path("file"), limit: 1 << 20)
        }
        #expect(access(folder.path("file"), F_OK) != 0)
    }
}
