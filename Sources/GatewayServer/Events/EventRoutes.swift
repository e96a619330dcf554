import HTTPTypes
import Hummingbird
import HummingbirdCore
import StudioCore
import StudioPostgres

/// `GET /api/v1/events` for requests that do not become a WebSocket, and the event stream of a project.
struct EventRoutes: RouteGroup {
    let hub: EventHub
    let authenticator: Authenticator

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/events") { request, context -> Response in
            try await self.refuse(request, context)
        }
        router.get("/api/v1/projects/{project}/events") { request, context -> Response in
            let caller = try context.require(.read)
            let found = try await hub.find(.project(try context.parameter("project")), for: caller)
            let since = try Self.since(request)
            if let since { try await hub.check(since) }
            return EventStreamResponse(hub: hub)
                .response(to: request, following: found, caller: caller, since: since, channel: context.channel)
        }
    }

    /// Says why the request did not become a WebSocket.
    private func refuse(_ request: Request, _ context: GatewayContext) async throws -> Response {
        if context.caller == nil {
            let offered = EventUpgrade.subprotocols(request.headers[values: .secWebSocketProtocol])
            guard let token = EventUpgrade.token(in: offered) else {
                throw StudioError(.unauthenticated, "this needs a bearer token, in the header or as a subprotocol")
            }
            _ = try await authenticator.authenticate(token: token)
        }
        throw Problem(
            Problem.upgradeRequired, "open this as a WebSocket, version 13",
            headers: [.upgrade: "websocket", .connection: "Upgrade", .init(known: "sec-websocket-version"): "13"])
    }

    /// The last event a client has: `Last-Event-ID`, which browsers send by themselves, before `?since=`.
    private static func since(_ request: Request) throws(StudioError) -> EventCursor? {
        if let header = request.headers[.init(known: "last-event-id")], !header.isEmpty {
            return try ClientCommand.cursor(header)
        }
        return try request.uri.queryParameters["since"].map { text throws(StudioError) in
            try ClientCommand.cursor(String(text))
        }
    }
}
