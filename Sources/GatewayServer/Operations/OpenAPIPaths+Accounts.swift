import StudioCore

/// All operations of the gateway. Held against the router by a test: a route that is not here fails it, and so does one
/// that is only here.
enum OpenAPIPaths {
    /// The operations in the order of the readable page.
    static let all: [OpenAPIOperation] =
        accounts + projects + functions + jobs + jobFiles + schedules + takes + files + folders + assets + cuts
        + canvases + runs + events
        + operations + administration
        + shares + page

    /// Logging in, and who one is.
    static let accounts: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "POST", path: "/api/v1/auth/login", tag: "Accounts", summary: "Log in",
            detail:
                "Answers alike, after the same time, for an unknown address, a wrong password and a disabled account. "
                + "Throttled per account and per address, which is that of the client also behind trusted proxies.",
            body: .json("Credentials"),
            answers: [.ok("Login", "The token to send as `Authorization: Bearer …`.")],
            problems: [.unauthenticated, .rateLimited, .unavailable]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/me", tag: "Accounts", summary: "Who asks, and what they have",
            permission: .read, answers: [.ok("Me", "The user, the tenant, roles, credits and quotas.")]),
    ]

    private static let etag = ("ETag", "The user's version, for `If-Match`.")

    /// What administrators do.
    static let administration: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/admin/users", tag: "Administration",
            summary: "The tenant's users, newest first",
            permission: .produce, parameters: OpenAPIOperation.Parameter.page, answers: [.page(of: "User")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/admin/users", tag: "Administration", summary: "Make a user",
            permission: .administer, body: .json("NewUser"),
            answers: [
                .init(
                    status: 201, detail: "The user.", contents: [.json("User")],
                    headers: [("Location", "The user's address."), etag])
            ],
            problems: [.conflict], takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/admin/users/{user}", tag: "Administration", summary: "A user",
            permission: .produce, parameters: [.path("user", "The user's id.")],
            answers: [.ok("User", "The user.", headers: [etag])]),
        OpenAPIOperation(
            method: "PATCH", path: "/api/v1/admin/users/{user}", tag: "Administration",
            summary: "Change a user's roles, disable or enable them",
            detail: "At least one administrator who is not disabled stays. A disabled user is out within seconds.",
            permission: .administer, parameters: [.path("user", "The user's id.")], body: .json("UserChange"),
            answers: [.ok("User", "The user afterwards.", headers: [etag])], problems: [.conflict], needsIfMatch: true),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/admin/users/{user}/credits", tag: "Administration", summary: "Grant credits",
            permission: .administer, parameters: [.path("user", "The user's id.")], body: .json("Grant"),
            answers: [.ok("User", "The user afterwards.", headers: [etag])], takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/admin/dead-jobs", tag: "Administration",
            summary: "The tenant's jobs that failed for good, with the cause of every attempt",
            detail: "`POST /api/v1/jobs/{job}/retry` begins anew; the history stays.", permission: .produce,
            parameters: OpenAPIOperation.Parameter.page + [
                .query(
                    "code", "Only those that failed with it.", .word(FailureCode.allCases.map(\.rawValue))),
                .query("function", "Of one function only.", .text()),
            ],
            answers: [.page(of: "Job")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/admin/worker-blocks", tag: "Administration",
            summary: "Functions that workers are not given",
            detail:
                "A worker that fails a function three times in a row is not given it again until this is cleared, or "
                + "another worker succeeds with what it began a minute or more after.",
            permission: .administer, parameters: OpenAPIOperation.Parameter.page, answers: [.page(of: "WorkerBlock")]),
        OpenAPIOperation(
            method: "DELETE", path: "/api/v1/admin/worker-blocks/{worker}/{function}", tag: "Administration",
            summary: "Give a worker a function again", permission: .administer,
            parameters: [
                .path("worker", "The worker's id."), .path("function", "The function's name.", .text()),
            ],
            answers: [.init(status: 204, detail: "It is given to it again.")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/admin/dead-messages", tag: "Administration",
            summary: "What came over the queues and nobody could read",
            detail: "For operators. The newest 1,000 are kept, the newest first.",
            permission: .administer, parameters: OpenAPIOperation.Parameter.page, answers: [.page(of: "DeadMessage")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/admin/dead-messages/{message}/requeue", tag: "Administration",
            summary: "Put a dead message back on its queue",
            detail:
                "For operators, once what reads it was mended. It is judged anew: what still cannot be read comes back here. "
                + "A message that names no queue that is served goes to `studio`.",
            permission: .administer, parameters: [.path("message", "The message's id.", .text())],
            answers: [.init(status: 202, detail: "It is on its queue.", contents: [.json("DeadMessage")])]),
        OpenAPIOperation(
            method: "DELETE", path: "/api/v1/admin/dead-messages/{message}", tag: "Administration",
            summary: "Forget a dead message", detail: "For operators.", permission: .administer,
            parameters: [.path("message", "The message's id.", .text())],
            answers: [.init(status: 204, detail: "It is gone.")]),
    ]
}
