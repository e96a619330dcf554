import FoundationEssentials
import StudioSystem
import StudioTestKit
import StudioTransfer
import Testing

/// What the server's `/echo` tells of a request.
struct Echo: Decodable {
    var method: String
    var length: Int
    var sha256: String
    var headers: [String: String]

    init(_ response: HTTPResponse) throws { self = try JSONDecoder().decode(Echo.self, from: response.body) }
}

@Suite("HTTP requests and their responses")
struct HTTPClientTests {
    @Test("A response has its status, its headers in any case, and its body")
    func response() async throws {
        let server = try await TestServer()
        let client = HTTPClient()
        let response = try await client.response(to: HTTPRequest(url: server.address + "/hello"))
        #expect(response.status == 200)
        #expect(response.text == "hello")
        #expect(response.headers["x-mixed-case"] == "a b")
        #expect(response.headers["X-MIXED-CASE"] == "a b")
        #expect(response.headers["absent"] == nil)
    }

    @Test("A status without success is a response", arguments: [404, 409, 500, 503])
    func statuses(_ status: Int) async throws {
        let server = try await TestServer()
        let response = try await HTTPClient().response(to: HTTPRequest(url: server.address + "/status/\(status)"))
        #expect(response.status == status)
        #expect(!response.isSuccess)
        #expect(response.text == "status \(status)")
    }

    @Test("Every method sends what it is given", arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func methods(_ method: String) async throws {
        let server = try await TestServer()
        let client = HTTPClient()
        let body = Data("{\"a\": 1}\0\n".utf8)
        let echo = try Echo(
            try await client.response(
                to: HTTPRequest(
                    method: method, url: server.address + "/echo",
                    headers: [("Content-Type", "application/json"), ("X-Empty", ""), ("X-One", "1")], body: .bytes(body)
                )))
        #expect(echo.method == method)
        #expect(echo.sha256 == SHA256.hex(of: body))
        #expect(echo.headers["content-type"] == "application/json")
        #expect(echo.headers["x-one"] == "1")
        #expect(echo.headers["x-empty"] == "")
        #expect(echo.headers["expect"] == nil)
        let empty = try Echo(
            try await client.response(to: HTTPRequest(method: method, url: server.address + "/echo")))
        #expect(empty.method == method)
        #expect(empty.length == 0)
    }

    @Test("HEAD has no body")
    func head() async throws {
        let server = try await TestServer()
        let response = try await HTTPClient().response(
            to: HTTPRequest(method: "HEAD", url: server.address + "/bytes/1600"))
        #expect(response.status == 200)
        #expect(response.headers["content-length"] == "1600")
        #expect(response.body.isEmpty)
    }

    @Test("A file is sent as it is read, under the method asked for")
    func file() async throws {
        let server = try await TestServer()
        let folder = try TemporaryDirectory()
        let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let path = try folder.write(bytes, to: "big")
        let echo = try Echo(
            try await HTTPClient().response(
                to: HTTPRequest(method: "POST", url: server.address + "/echo", body: .file(path))))
        #expect(echo.method == "POST")
        #expect(echo.length == bytes.count)
        #expect(echo.sha256 == SHA256.hex(of: bytes))
        await #expect(throws: TransferError.self) {
            try await HTTPClient().response(
                to: HTTPRequest(method: "PUT", url: server.address + "/echo", body: .file(folder.path("absent"))))
        }
    }

    @Test("A form has fields and files, under the names the server is to know")
    func form() async throws {
        struct Part: Decodable, Equatable {
            var name: String
            var file: String
            var type: String
            var sha256: String
        }
        let server = try await TestServer()
        let folder = try TemporaryDirectory()
        let bytes = Data((0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let path = try folder.write(bytes, to: "secret-name.bin")
        let response = try await HTTPClient().response(
            to: HTTPRequest(
                method: "POST", url: server.address + "/form",
                body: .form([
                    FormPart(name: "overwrite", text: "true"),
                    FormPart(name: "image", content: .file(path), fileName: "in.png", mediaType: "image/png"),
                    FormPart(name: "raw", content: .bytes(Data([0, 1, 2])), fileName: "x.bin"),
                ])))
        let parts = try JSONDecoder().decode([Part].self, from: response.body)
        #expect(parts.count == 3)
        #expect(
            parts.prefix(2) == [
                Part(name: "overwrite", file: "", type: "", sha256: SHA256.hex(of: Data("true".utf8))),
                Part(name: "image", file: "in.png", type: "image/png", sha256: SHA256.hex(of: bytes)),
            ])
        #expect(parts.last?.sha256 == SHA256.hex(of: Data([0, 1, 2])))
    }

    @Test("A redirection is the response, unless it is to be followed")
    func redirects() async throws {
        let server = try await TestServer()
        let client = HTTPClient()
        var request = HTTPRequest(url: server.address + "/redirect")
        #expect(try await client.response(to: request).status == 302)
        request.redirects = 3
        let followed = try await client.response(to: request)
        #expect(followed.status == 200)
        #expect(followed.text == "hello")
        #expect(followed.headers["location"] == nil)
    }

    @Test("No proxy of the environment's is used, and a connection serves request after request")
    func connections() async throws {
        let server = try await TestServer()
        let client = HTTPClient()
        var ports: Set<String> = []
        for _ in 0..<5 {
            ports.insert(try await client.response(to: HTTPRequest(url: server.address + "/port")).text)
        }
        #expect(ports.count == 1)
    }

    @Test("Many transfers run side by side on the one thread")
    func many() async throws {
        let server = try await TestServer()
        let client = HTTPClient()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<40 {
                group.addTask {
                    try await client.response(to: HTTPRequest(url: server.address + "/bytes/\(16 * number)")).body.count
                }
            }
            var sum = 0
            for try await count in group { sum += count }
            #expect(sum == 16 * 40 * 39 / 2)
        }
    }

    @Test("A Unix socket serves as a network does")
    func unixSocket() async throws {
        let server = try await TestServer(.unix)
        let client = HTTPClient(.unixSocket(server.socket))
        let echo = try Echo(try await client.response(to: HTTPRequest(url: "http://docker/echo")))
        #expect(echo.headers["host"] == "docker")
    }

    @Test("Over TLS both sides show who they are")
    func tls() async throws {
        let certificates = try await Certificates()
        let server = try await TestServer(.tls(certificates))
        let files = HTTPEndpoint.TLSFiles(
            authorities: certificates.authority, certificate: certificates.client.certificate,
            key: certificates.client.key)
        let request = HTTPRequest(url: server.address + "/hello")
        #expect(try await HTTPClient(.tls(files)).response(to: request).text == "hello")
        // A server that nobody we know vouches for, and a client that does not show itself.
        let stranger = await #expect(throws: TransferError.self) { try await HTTPClient().response(to: request) }
        #expect(stranger?.code == .tls)
        let hidden = await #expect(throws: TransferError.self) {
            try await HTTPClient(.tls(.init(authorities: certificates.authority))).response(to: request)
        }
        // With TLS 1.3 the server refuses after the client thinks it is done; its words may be lost with the connection.
        #expect([.tls, .unreachable].contains(hidden?.code))
    }
}
