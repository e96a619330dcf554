import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import StudioCore
import StudioSystem

/// `/` and `/web/…`: the page that people work in. Its own addresses stand behind `#`, so that no other path is its.
struct WebRoutes: RouteGroup {
    let folder: WebFolder

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/") { request, _ in try await answer("index.html", to: request) }
        router.get("/web/**") { request, context in try await answer(try context.pathTail(), to: request) }
    }

    /// The types of the page's files; a file of another kind is not served.
    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml", "png": "image/png", "woff2": "font/woff2", "webmanifest": "application/manifest+json",
    ]

    /// What the page may do: load its own files and the gateway's media, and speak with the gateway. No script stands in
    /// the page, and text never becomes script or markup: the one policy of trusted types is that of the worker that adds
    /// the token to requests for media.
    static let contentSecurityPolicy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data:",
        "media-src 'self' blob:", "font-src 'self'", "connect-src 'self'", "worker-src 'self'", "manifest-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types studio-worker",
    ].joined(separator: "; ")

    private func answer(_ text: String, to request: Request) async throws -> Response {
        guard let path = try? RelativePath(text), let dot = path.name.lastIndex(of: "."),
            let type = Self.types[String(path.name[path.name.index(after: dot)...])]
        else { throw StudioError(.notFound, "the page has no such file") }
        let codings = WebFolder.Coding.accepted(by: request.headers[.acceptEncoding])
        let file = try await folder.file(path, in: codings)
        // Names do not change with their content: a browser asks each time, and is answered with 304.
        var headers: HTTPFields = [
            .eTag: file.etag.description, .cacheControl: "no-cache", .vary: "Accept-Encoding",
            // With 304 too: the headers of that answer take the place of those that the browser kept.
            .contentSecurityPolicy: Self.contentSecurityPolicy, .crossOriginOpenerPolicy: "same-origin",
        ]
        if let known = request.headers[.ifNoneMatch], EntityTagCondition(known).matchesWeakly(file.etag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        if file.coding != .identity { headers[.contentEncoding] = file.coding.rawValue }
        // The worker lies below /web/ and serves the page at /, and the media that it shows.
        if path.text == "worker.js" { headers[.serviceWorkerAllowed] = "/" }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }
}

extension HTTPField.Name {
    /// `Service-Worker-Allowed`.
    static let serviceWorkerAllowed = Self(known: "service-worker-allowed")
    /// `Cross-Origin-Opener-Policy`.
    static let crossOriginOpenerPolicy = Self(known: "cross-origin-opener-policy")
}
