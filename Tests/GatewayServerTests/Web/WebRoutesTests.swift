import FoundationEssentials
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("The page") struct WebRoutesTests {
    /// A gateway over a folder with a page of a few files.
    private static func serving(
        _ files: [String: String], _ body: @escaping @Sendable (TestGateway, TemporaryDirectory) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory("page")
        try FileManager.default.createDirectory(atPath: folder.path("dist/parts"), withIntermediateDirectories: true)
        for (name, text) in files {
            try text.write(toFile: folder.path("dist/\(name)"), atomically: true, encoding: .utf8)
        }
        var settings = TestGateway.Settings()
        settings.groups = [WebRoutes(folder: WebFolder(root: folder.path("dist")))]
        try await TestGateway.run(settings) { try await body($0, folder) }
    }

    @Test func `The page is served with a policy that lets no text become script`() async throws {
        try await Self.serving(["index.html": "<!doctype html>"]) { gateway, _ async throws in
            let page = try await gateway.request("GET", "/")
            #expect(page.status == 200 && page.text == "<!doctype html>")
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            let policy = try #require(page.headers["content-security-policy"])
            for rule in [
                "default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ] { #expect(policy.contains(rule)) }
            #expect(!policy.contains("unsafe"))
            #expect(page.headers["x-content-type-options"] == "nosniff")
            #expect(page.headers["referrer-policy"] == "no-referrer")
            #expect(page.headers["cache-control"] == "no-cache")
        }
    }

    @Test func `A file that the browser has is not sent again until it changes`() async throws {
        try await Self.serving(["studio.js": "1"]) { gateway, folder async throws in
            let first = try await gateway.request("GET", "/web/studio.js")
            #expect(first.headers["content-type"] == "text/javascript; charset=utf-8")
            let tag = try #require(first.headers["etag"])
            let known = ["if-none-match: \(tag)"]
            let again = try await gateway.request("GET", "/web/studio.js", headers: known)
            #expect(again.status == 304 && again.body.isEmpty)
            // A browser takes the headers of a 304 for those of the file.
            #expect(again.headers["content-security-policy"] == first.headers["content-security-policy"])
            try "2".write(toFile: folder.path("dist/studio.js"), atomically: true, encoding: .utf8)
            let changed = try await gateway.request("GET", "/web/studio.js", headers: known)
            #expect(changed.status == 200 && changed.text == "2")
            #expect(try await gateway.request("HEAD", "/web/studio.js").status == 200)
        }
    }

    @Test(arguments: [
        ("", "", "plain"), ("gzip", "gzip", "in gzip"), ("gzip, br", "br", "in br"), ("br;q=0, *", "gzip", "in gzip"),
        ("br;q=0.5 ,gzip;q=0", "br", "in br"), ("deflate", "", "plain"),
    ])
    func `Compressed files go to those who take them`(accepted: String, coding: String, text: String) async throws {
        let files = ["a.css": "plain", "a.css.br": "in br", "a.css.gz": "in gzip"]
        try await Self.serving(files) { gateway, _ async throws in
            let headers = accepted.isEmpty ? [] : ["accept-encoding: \(accepted)"]
            let reply = try await gateway.request("GET", "/web/a.css", headers: headers)
            #expect(reply.text == text)
            #expect(reply.headers["content-encoding"] ?? "" == coding)
            #expect(reply.headers["content-type"] == "text/css; charset=utf-8")
            #expect(reply.headers["vary"]?.contains("Accept-Encoding") == true)
        }
    }

    @Test func `Each coding of a file has a version of its own`() async throws {
        try await Self.serving(["a.js": "x", "a.js.gz": "x"]) { gateway, _ async throws in
            let plain = try await gateway.request("GET", "/web/a.js")
            let packed = try await gateway.request("GET", "/web/a.js", headers: ["accept-encoding: gzip"])
            #expect(plain.headers["etag"] != packed.headers["etag"])
        }
    }

    @Test(arguments: [
        "/web/../secret.js", "/web/%2e%2e/secret.js", "/web/..%2fsecret.js", "/web/link.js", "/web/", "/web/parts",
        "/web/none.js", "/web/notes.txt", "/web/a.js.br", "/web//etc/passwd.js", "/web/%00.js",
    ])
    func `Nothing but files of the page is served`(path: String) async throws {
        let files = ["a.js": "x", "a.js.br": "x", "notes.txt": "x", "../secret.js": "secret"]
        try await Self.serving(files) { gateway, folder async throws in
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("dist/link.js"), withDestinationPath: folder.path("secret.js"))
            let reply = try await gateway.request("GET", path)
            #expect(reply.status == 404 && reply.problem == "not-found", "\(reply.status)")
            #expect(!reply.text.contains("secret\n") && reply.text != "secret")
        }
    }

    @Test func `The worker may serve the whole page, and nothing else says so`() async throws {
        try await Self.serving(["worker.js": "x", "a.js": "x"]) { gateway, _ async throws in
            #expect(try await gateway.request("GET", "/web/worker.js").headers["service-worker-allowed"] == "/")
            #expect(try await gateway.request("GET", "/web/a.js").headers["service-worker-allowed"] == nil)
        }
    }

    @Test func `A page that is not built leaves the other routes alone`() async throws {
        var settings = TestGateway.Settings()
        settings.groups = [WebRoutes(folder: WebFolder(root: "/nowhere/at/all"))]
        try await TestGateway.run(settings) { gateway async throws in
            #expect(try await gateway.request("GET", "/").status == 404)
            #expect(try await gateway.request("GET", "/docs").status == 200)
            #expect(try await gateway.request("GET", "/nowhere").problem == "not-found")
            #expect(try await gateway.request("POST", "/").status == 405)
        }
    }
}
