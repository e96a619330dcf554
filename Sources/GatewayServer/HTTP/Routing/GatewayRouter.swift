import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import StudioCore

/// The router of the gateway and what it must tell the server around it.
struct GatewayRouter: Sendable {
    let responder: RouterResponder<GatewayContext>
    let table: RouteTable

    /// A router with all routes.
    ///
    /// - Parameter groups: Every room's routes; a method and path may be added once.
    init(_ groups: [any RouteGroup]) {
        let router = Self.makeRouter(groups)
        table = RouteTable(router)
        responder = router.buildResponder()
    }

    /// The router before it is built, the contract's own document included, whose `routes` a test may hold against the OpenAPI document.
    static func makeRouter(_ groups: [any RouteGroup]) -> Router<GatewayContext> {
        let router = Router(context: GatewayContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: FrameworkErrors())
        OpenAPIRoutes().addRoutes(to: router)
        for group in groups { group.addRoutes(to: router) }
        return router
    }
}

/// Turns the framework's own errors into problems before the router makes its own answers of them.
private struct FrameworkErrors: RouterMiddleware {
    typealias Context = GatewayContext

    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError {
            throw Self.problem(of: error)
        }
    }

    private static func problem(of error: any HTTPResponseError) -> Problem {
        let text = (error as? HTTPError)?.body
        switch error.status {
        case .notFound: return Problem(StudioError(.notFound, "there is nothing at this path"))
        case .contentTooLarge: return Problem(StudioError(.tooLarge, "the body is larger than this route takes"))
        case .unsupportedMediaType: return Problem(StudioError(.unsupportedMediaType, text ?? "not read here"))
        case let status where (400..<500).contains(status.code):
            return Problem(StudioError(.invalid, text ?? "the request breaks a rule"))
        default: return Problem(StudioError(.internalFault, "the studio could not answer this request"))
        }
    }
}
