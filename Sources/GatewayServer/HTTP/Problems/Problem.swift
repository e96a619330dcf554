import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import QueueProtocol
import StudioCore

/// A problem document (RFC 9457), before it knows which request it answers. Thrown by the HTTP border itself; rooms
/// throw `StudioError`.
struct Problem: Error, Sendable {
    /// The last part of `type`: `/problems/<code>`. Stable.
    var code: String
    var status: HTTPResponse.Status
    /// The same for every problem of the type.
    var title: String
    /// This occurrence, for people.
    var detail: String
    var findings: [Finding] = []
    /// Members that only problems of this type have.
    var members: [String: JSONValue] = [:]
    /// Headers the answer needs, such as `Allow` or `Retry-After`.
    var headers: HTTPFields = [:]

    private struct Document: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let instance: String?
        let requestId: String?
        let errors: [Finding]?
    }

    /// The document as JSON.
    ///
    /// - Parameters:
    ///   - instance: The path of the request, without its query (which may hold secrets).
    ///   - requestID: The request's id.
    /// - Returns: UTF-8 JSON.
    func document(instance: String?, requestID: String?) -> Data {
        let document = Document(
            type: "/problems/\(code)", title: title, status: status.code, detail: detail, instance: instance,
            requestId: requestID, errors: findings.isEmpty ? nil : findings)
        // Strings and an integer: there is nothing in it that JSON cannot say.
        let text = (try? JSONText.compact(document)) ?? Data("{}".utf8)
        guard !members.isEmpty, let more = try? JSONText.compact(JSONValue.object(members)) else { return text }
        return text.dropLast() + Data(",".utf8) + more.dropFirst()
    }

    /// The answer to a request.
    func response(to request: Request, context: GatewayContext) -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        if status == .unauthorized {
            let hadToken = request.headers[.authorization] != nil
            headers[.wwwAuthenticate] =
                hadToken ? #"Bearer realm="studio", error="invalid_token""# : #"Bearer realm="studio""#
        }
        let body = document(instance: request.uri.path, requestID: context.requestID)
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
