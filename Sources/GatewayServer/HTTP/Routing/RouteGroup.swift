import Hummingbird

/// A room's routes. The assembly adds every group to the one router; paths are written out in full, as in the contract
/// (`/api/v1/projects/{project}/jobs`), so that what stands in a group is what stands in the OpenAPI document.
///
/// `HEAD` is answered for every `GET`. Authentication, limits, problem documents, the access log and metrics happen
/// around the router: a route asks `context.require(_:)` and throws `StudioError`.
protocol RouteGroup: Sendable {
    /// Adds the group's routes.
    func addRoutes(to router: Router<GatewayContext>)
}
