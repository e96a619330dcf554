import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import QueueProtocol
import StudioSystem

/// `/openapi.json` and `/docs`: the contract, for programs and for people. Every router has them.
struct OpenAPIRoutes: RouteGroup {
    private static let document = Result { try JSONText.compact(OpenAPIDocument.make(), sortedKeys: true) }

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/openapi.json") { request, _ -> Response in
            try Self.answer(try Self.document.get(), "application/json", to: request)
        }
        router.get("/docs") { request, _ -> Response in
            var response = try Self.answer(Data(DocsPage.html.utf8), "text/html; charset=utf-8", to: request)
            response.headers[.contentSecurityPolicy] = DocsPage.contentSecurityPolicy
            return response
        }
    }

    private static func answer(_ content: Data, _ contentType: String, to request: Request) throws -> Response {
        let etag = EntityTag(String(SHA256.hex(of: content).prefix(32)))
        var headers: HTTPFields = [.eTag: etag.description, .cacheControl: "no-cache"]
        if let known = request.headers[.ifNoneMatch], EntityTagCondition(known).matchesWeakly(etag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = contentType
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: content)))
    }
}
