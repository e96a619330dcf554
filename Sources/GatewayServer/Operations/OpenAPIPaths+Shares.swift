import StudioCore

extension OpenAPIPaths {
    private static let function = OpenAPIOperation.Parameter.path("function", "The function's name.", .text())

    /// Who gets how much of the workers.
    static let shares: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/admin/tenants", tag: "Shares", summary: "The tenants and their shares",
            detail: "For operators.", permission: .administer, parameters: OpenAPIOperation.Parameter.page,
            answers: [.page(of: "TenantShare")]),
        OpenAPIOperation(
            method: "PATCH", path: "/api/v1/admin/tenants/{tenant}", tag: "Shares", summary: "Change a tenant's share",
            detail:
                "For operators. A weight of 2 gets twice what a weight of 1 gets, where both have something waiting that "
                + "is equally urgent.",
            permission: .administer, parameters: [.path("tenant", "The tenant's id.")],
            body: .json("TenantShareChange"), answers: [.ok("TenantShare", "The share afterwards.")]),
        OpenAPIOperation(
            method: "PUT", path: "/api/v1/admin/projects/{project}/weight", tag: "Shares",
            summary: "Weigh a project beside the tenant's others", permission: .administer, parameters: [.project],
            body: .json("Weight"), answers: [.ok("Weight", "The weight.")]),
        OpenAPIOperation(
            method: "PUT", path: "/api/v1/admin/users/{user}/weight", tag: "Shares",
            summary: "Weigh a user beside the others who work on a project", permission: .administer,
            parameters: [.path("user", "The user's id.")], body: .json("Weight"),
            answers: [.ok("Weight", "The weight.")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/admin/function-limits", tag: "Shares",
            summary: "Functions of which only so many run at a time", detail: "For operators.",
            permission: .administer, parameters: OpenAPIOperation.Parameter.page,
            answers: [.page(of: "FunctionLimit")]),
        OpenAPIOperation(
            method: "PUT", path: "/api/v1/admin/function-limits/{function}", tag: "Shares", summary: "Limit a function",
            detail: "For operators. So many of its jobs run at a time in the whole studio; 0 starts none.",
            permission: .administer, parameters: [function], body: .json("FunctionLimitChange"),
            answers: [.ok("FunctionLimit", "The limit.")]),
        OpenAPIOperation(
            method: "DELETE", path: "/api/v1/admin/function-limits/{function}", tag: "Shares",
            summary: "Lift a function's limit", detail: "For operators.", permission: .administer,
            parameters: [function], answers: [.init(status: 204, detail: "It is not limited any more.")]),
    ]
}
