import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import QueueProtocol

/// A JSON answer before it is a response: what an idempotency key keeps and gives again.
struct JSONAnswer: Sendable, ResponseGenerator {
    let status: HTTPResponse.Status
    /// Without `Content-Type` and `Content-Length`.
    let headers: HTTPFields
    /// UTF-8 JSON.
    let body: Data

    /// An answer that is text already.
    init(encoded body: Data, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer.
    ///
    /// - Parameters:
    ///   - value: What is answered.
    ///   - status: Default 200.
    ///   - headers: Further headers.
    /// - Throws: `EncodingError` for values JSON cannot say.
    init(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws {
        self.init(encoded: try JSONText.compact(value), status: status, headers: headers)
    }

    /// 201 with `Location` and, where there is one, `ETag`.
    static func created(_ value: some Encodable, location: String, etag: EntityTag? = nil) throws -> JSONAnswer {
        var headers: HTTPFields = [.location: location]
        headers[.eTag] = etag?.description
        return try JSONAnswer(value, status: .created, headers: headers)
    }

    /// 202 with `Location`.
    static func accepted(_ value: some Encodable, location: String) throws -> JSONAnswer {
        try JSONAnswer(value, status: .accepted, headers: [.location: location])
    }

    /// The response.
    var response: Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    func response(from request: Request, context: some RequestContext) -> Response { response }
}

extension Response {
    /// A JSON answer, for routes that no idempotency key repeats.
    ///
    /// - Parameters:
    ///   - value: What is answered.
    ///   - status: Default 200.
    ///   - headers: Further headers.
    /// - Returns: The response.
    /// - Throws: `EncodingError` for values JSON cannot say.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        try JSONAnswer(value, status: status, headers: headers).response
    }

    /// 204.
    static var noContent: Response { Response(status: .noContent) }
}
