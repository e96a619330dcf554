import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import StudioCore

/// A file as it is served: what it is called, what it is, and how a client knows that it has not changed.
struct MediaResponse: Sendable {
    /// The bytes.
    var file: OpenFile
    /// The media type.
    var contentType: String
    /// A strong tag; for takes the SHA-256.
    var etag: EntityTag
    /// What a client may save it as; any text.
    var fileName: String
    /// Whether a browser shows or saves it; default saves, since people upload HTML and SVG too.
    var disposition: ContentDisposition = .attachment
    /// What caches may do with it; default ask every time.
    var cacheControl: String = "private, no-cache"

    /// Bytes read and written at a time: one chunk per download is in memory.
    static let chunkLength = 256 * 1024

    /// The answer to a GET (the router makes HEAD of it).
    ///
    /// Knows `Range` (one range; several get the whole file), `If-Range`, `If-None-Match`, `If-Modified-Since`,
    /// `If-Match`. Throws `range-not-satisfiable` with the file's size, `precondition-failed`.
    func response(to request: Request) throws -> Response {
        var headers: HTTPFields = [
            .eTag: etag.description,
            .lastModified: HTTPDate.text(file.modified),
            .acceptRanges: "bytes",
            .cacheControl: cacheControl,
        ]
        if let header = request.headers[.ifMatch], !EntityTagCondition(header).matchesStrongly(etag) {
            throw StudioError(.preconditionFailed, "the file is not the version that If-Match names")
        }
        if isUnchanged(for: request) { return Response(status: .notModified, headers: headers) }

        headers[.contentType] = contentType
        headers[.contentDisposition] = disposition.header(fileName: fileName)
        headers[.xContentTypeOptions] = "nosniff"
        switch requestedRange(of: request) {
        case .whole:
            return Response(status: .ok, headers: headers, body: body(of: 0..<file.size))
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
            return Response(status: .partialContent, headers: headers, body: body(of: range))
        case .unsatisfiable:
            var problem = Problem(
                StudioError(.rangeNotSatisfiable, "the file has \(file.size) bytes; the range lies behind them"))
            problem.headers[.contentRange] = "bytes */\(file.size)"
            throw problem
        }
    }

    private func isUnchanged(for request: Request) -> Bool {
        if let header = request.headers[.ifNoneMatch] { return EntityTagCondition(header).matchesWeakly(etag) }
        guard let since = request.headers[.ifModifiedSince].flatMap(HTTPDate.parse) else { return false }
        return file.modified.timeIntervalSince1970.rounded(.down) <= since.timeIntervalSince1970
    }

    private func requestedRange(of request: Request) -> RangeRequest {
        if let condition = request.headers[.ifRange] {
            let holds =
                condition.hasPrefix("\"")
                ? EntityTagCondition(condition).matchesStrongly(etag) : condition == HTTPDate.text(file.modified)
            guard holds else { return .whole }
        }
        return RangeRequest(request.headers[.range], size: file.size)
    }

    private func body(of range: Range<Int64>) -> ResponseBody {
        ResponseBody(contentLength: Int(range.count)) { [file] writer in
            var position = range.lowerBound
            while position < range.upperBound {
                let chunk = try await file.read(
                    at: position, length: Int(min(Int64(Self.chunkLength), range.upperBound - position)))
                position += Int64(chunk.readableBytes)
                // Returns when the connection has taken the chunk: a slow client slows the reading down.
                try await writer.write(chunk)
            }
            try await writer.finish(nil)
        }
    }
}
