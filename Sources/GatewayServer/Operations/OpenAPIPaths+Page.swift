import StudioCore

extension OpenAPIPaths {
    private static let version = [("ETag", "The file's version.")]

    private static func answers(_ mediaType: String, _ detail: String) -> [OpenAPIOperation.Answer] {
        [
            .init(
                status: 200, detail: detail, contents: [.init(mediaType: mediaType, schema: .bytes)], headers: version),
            .init(status: 304, detail: "The client has this version.", headers: version),
        ]
    }

    /// The page that people work in.
    static let page: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/", tag: "Page", summary: "The page that people work in",
            detail: "Not found where it was not built: `WEB_ROOT` names its folder.",
            parameters: [OpenAPIOperation.Parameter.ifNoneMatch], answers: answers("text/html", "The page."),
            problems: [.notFound]),
        OpenAPIOperation(
            method: "GET", path: "/web/{path}", tag: "Page", summary: "A file of the page",
            detail: "In Brotli or gzip where the client takes it and there is such a file.",
            parameters: [.path("path", "The file's path.", .text()), OpenAPIOperation.Parameter.ifNoneMatch],
            answers: answers("*/*", "The file.")),
    ]
}
