import FoundationEssentials
import Hummingbird
import HummingbirdCore
import StudioCore
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Media") struct MediaResponseTests {
    private struct MediaRoutes: RouteGroup {
        let path: String
        let name: String

        func addRoutes(to router: Router<GatewayContext>) {
            router.get("/media") { request, _ -> Response in
                let file = try await OpenFile.open(path: path)
                return try MediaResponse(file: file, contentType: "video/mp4", etag: EntityTag("v1"), fileName: name)
                    .response(to: request)
            }
        }
    }

    /// Runs a gateway that serves a file of a million bytes, larger than a chunk and no multiple of one.
    private func run(
        name: String = "take.mp4", _ body: @escaping @Sendable (TestGateway, [UInt8]) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory("media")
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        let path = try folder.write(bytes, to: "file")
        try await TestGateway.run(.init(groups: [MediaRoutes(path: path, name: name)])) { gateway in
            try await body(gateway, bytes)
            _ = folder
        }
    }

    @Test func servesTheWholeFile() async throws {
        try await run { gateway, bytes in
            let reply = try await gateway.request("GET", "/media")
            #expect(reply.status == 200)
            #expect(reply.body == bytes)
            #expect(reply.headers["content-length"] == "1000000")
            #expect(reply.headers["content-type"] == "video/mp4")
            #expect(reply.headers["accept-ranges"] == "bytes")
            #expect(reply.headers["etag"] == "\"v1\"")
            #expect(reply.headers["x-content-type-options"] == "nosniff")
            #expect(reply.headers["content-disposition"] == #"attachment; filename="take.mp4""#)
            #expect(reply.headers["last-modified"].flatMap(HTTPDate.parse) != nil)
            let head = try await gateway.request("HEAD", "/media")
            #expect(head.headers["content-length"] == "1000000")
        }
    }

    @Test(arguments: [
        ("bytes=0-0", 0..<1), ("bytes=10-19", 10..<20), ("bytes=999990-", 999_990..<1_000_000),
        ("bytes=-5", 999_995..<1_000_000), ("bytes=-9999999999999999999999", 0..<1_000_000),
        ("bytes=999999-9999999", 999_999..<1_000_000), ("BYTES= 5 - 6 ", 5..<7),
        ("bytes=262143-262145", 262_143..<262_146),
    ])
    func servesARange(header: String, range: Range<Int>) async throws {
        try await run { gateway, bytes in
            let reply = try await gateway.request("GET", "/media", headers: ["range: \(header)"])
            #expect(reply.status == 206)
            #expect(reply.body == Array(bytes[range]))
            #expect(reply.headers["content-range"] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/1000000")
            #expect(reply.headers["content-length"] == "\(range.count)")
        }
    }

    @Test func servesTheWholeFileForRangesItDoesNotTake() async throws {
        try await run { gateway, _ in
            for header in ["bytes=0-1,5-6", "lines=1-2", "bytes=5-1", "bytes=a-b", "bytes=-", "bytes=1", "0-5"] {
                let reply = try await gateway.request("GET", "/media", headers: ["range: \(header)"])
                #expect(reply.status == 200, "\(header)")
            }
            for header in ["bytes=1000000-", "bytes=2000000-3000000", "bytes=-0"] {
                let reply = try await gateway.request("GET", "/media", headers: ["range: \(header)"])
                #expect(reply.status == 416, "\(header)")
                #expect(reply.headers["content-range"] == "bytes */1000000")
                #expect(reply.problem == "range-not-satisfiable")
            }
        }
    }

    @Test func knowsWhatTheClientHas() async throws {
        try await run { gateway, _ in
            let requests: [([String], Int)] = [
                ([#"if-none-match: "v1""#], 304), ([#"if-none-match: "v0", W/"v1""#], 304), (["if-none-match: *"], 304),
                ([#"if-none-match: "v0""#], 200), (["if-modified-since: Thu, 31 Dec 2099 23:59:59 GMT"], 304),
                (["if-modified-since: Thu, 01 Jan 1970 00:00:01 GMT"], 200),
                ([#"if-none-match: "v0""#, "if-modified-since: Thu, 31 Dec 2099 23:59:59 GMT"], 200),
                (["range: bytes=0-1", #"if-range: "v1""#], 206), (["range: bytes=0-1", #"if-range: "v0""#], 200),
                (["range: bytes=0-1", #"if-range: W/"v1""#], 200), ([#"if-match: "v1""#], 200),
                ([#"if-match: "v0""#], 412),
            ]
            for (headers, status) in requests {
                let reply = try await gateway.request("GET", "/media", headers: headers)
                #expect(reply.status == status, "\(headers)")
            }
        }
    }

    @Test func readsNoFasterThanTheClient() async throws {
        let folder = try TemporaryDirectory("media")
        let path = folder.path("large")
        // A hole of 4 GiB costs nothing on disk; in memory it would show.
        _ = try await ChildProcess.run("/usr/bin/truncate", ["--size", "4G", path])
        try await TestGateway.run(.init(groups: [MediaRoutes(path: path, name: "x")])) { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            try await connection.stopReading()
            try await connection.send("GET /media HTTP/1.1\r\nhost: test\r\n\r\n")
            // Other requests are answered while this one waits for its client.
            for _ in 0..<20 { #expect(try await gateway.request("GET", "/healthz").status == 200) }
            #expect(try Self.residentMegabytes() < 2048)
            await connection.close()
            _ = folder
        }
    }

    private static func residentMegabytes() throws -> Int {
        let status = try String(contentsOf: URL(filePath: "/proc/self/status"), encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }

    @Test(arguments: [
        ("take.mp4", #"attachment; filename="take.mp4""#),
        ("a b.mp4", #"attachment; filename="a b.mp4""#),
        (#"a"b\c.mp4"#, #"attachment; filename="c.mp4""#),
        (#"a"b.mp4"#, #"attachment; filename="a_b.mp4"; filename*=UTF-8''a%22b.mp4"#),
        ("../../etc/passwd", #"attachment; filename="passwd""#),
        (
            "x\r\nset-cookie: a=b",
            #"attachment; filename="x__set-cookie_ a=b"; filename*=UTF-8''x%0D%0Aset-cookie%3A%20a%3Db"#
        ),
        ("höhe 100%.mp4", #"attachment; filename="h_he 100_.mp4"; filename*=UTF-8''h%C3%B6he%20100%25.mp4"#),
        ("", "attachment"), ("/", "attachment"),
    ])
    func namesFilesSafely(name: String, header: String) {
        #expect(ContentDisposition.attachment.header(fileName: name) == header)
    }
}
