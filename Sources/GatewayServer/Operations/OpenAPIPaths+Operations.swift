import StudioCore

extension OpenAPIPaths {
    /// Events.
    static let events: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/events", tag: "Events", summary: "Events over a WebSocket",
            detail: """
                Browsers authenticate with the subprotocols `studio.v1, bearer.<token>`, others with the header. Text \
                frames, one JSON object each. The client sends a `ClientCommand`; the server answers a `subscribe` with \
                `Subscribed`, then sends what came after `since`, then every `Event` as it happens. Events with an `id` \
                are durable: stored for 7 days, in order per job, once per connection. Progress has none: the newest wins. \
                `all` follows the durable events of all projects from now on, without `since` and without progress. \
                A `since` that no event can have had, as after a restore, is refused: read anew, and subscribe without. \
                Close codes: 1001 nothing heard for 60 s (pings come every 20 s), 1002 and 1003 no text frame of a \
                client, 1007 not UTF-8, 1008 too many commands, 1009 more than 64 KiB, 1012 the gateway stops, 1013 too \
                slow for the durable events, 4401 the token has ended.
                """,
            permission: .read, answers: [.init(status: 101, detail: "The connection is a WebSocket now.")],
            httpProblems: [Problem.upgradeRequired]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/events", tag: "Events",
            summary: "A project's events as server-sent events",
            detail:
                "Each event's `data` is an `Event`, its `event` the `type`, its `id` where to resume. Ends with the "
                + "token, with the gateway, and for a client too slow for the durable events.",
            permission: .read,
            parameters: [
                .project, .query("since", "The id of the last event the client has.", .text()),
                .header("Last-Event-ID", "The same, as browsers send it; goes before `since`."),
            ],
            answers: [
                .init(
                    status: 200, detail: "The stream.",
                    contents: [.init(mediaType: "text/event-stream", schema: .named("Event"))])
            ]),
    ]

    private static let version = ("ETag", "The document's version.")

    /// What operators and machines look at.
    static let operations: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/healthz", tag: "Operations", summary: "The process answers",
            detail: "Touches nothing else.", answers: [.ok("Health", "It does.")]),
        OpenAPIOperation(
            method: "GET", path: "/readyz", tag: "Operations", summary: "What the gateway needs is there",
            answers: [
                .ok("Readiness", "All of it."),
                .init(status: 503, detail: "Something is missing.", contents: [.json("Readiness")]),
            ]),
        OpenAPIOperation(
            method: "GET", path: "/metrics", tag: "Operations", summary: "Metrics for Prometheus",
            answers: [
                .init(
                    status: 200, detail: "Prometheus text, version 0.0.4.",
                    contents: [.init(mediaType: "text/plain", schema: .text())])
            ]),
        OpenAPIOperation(
            method: "GET", path: "/openapi.json", tag: "Operations", summary: "This document",
            parameters: [OpenAPIOperation.Parameter.ifNoneMatch],
            answers: [
                .init(
                    status: 200, detail: "OpenAPI 3.1.",
                    contents: [.init(mediaType: "application/json", schema: .anything("An OpenAPI 3.1 document."))],
                    headers: [version]),
                .init(status: 304, detail: "The client has this version.", headers: [version]),
            ]),
        OpenAPIOperation(
            method: "GET", path: "/docs", tag: "Operations", summary: "This document, to be read",
            parameters: [OpenAPIOperation.Parameter.ifNoneMatch],
            answers: [
                .init(
                    status: 200, detail: "A page.", contents: [.init(mediaType: "text/html", schema: .text())],
                    headers: [version]),
                .init(status: 304, detail: "The client has this version.", headers: [version]),
            ]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/workers", tag: "Operations", summary: "Who runs what",
            detail:
                "Operators, who are the administrators of the studio's own tenant, see every worker and all it runs. "
                + "Others see the workers that run a job of their tenant, and those jobs.",
            permission: .produce, parameters: OpenAPIOperation.Parameter.page, answers: [.page(of: "Worker")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/workers/{worker}/drain", tag: "Operations", summary: "Drain a worker",
            detail:
                "For operators. The worker takes no more jobs, sees through what it runs within its grace "
                + "(`WORKER_GRACE_SECONDS`), gives the rest back uncounted, and stops. It hears of it at once, or with its "
                + "next heartbeat. Asking again changes nothing. A worker that is started anew has another id, and serves.",
            permission: .administer, parameters: [.path("worker", "The worker's id.")],
            answers: [
                .init(status: 202, detail: "It drains.", contents: [.json("Worker")]),
                .ok("Worker", "It has stopped already."),
            ]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/queues", tag: "Operations", summary: "What waits, and how long",
            detail:
                "Counts everybody's jobs for operators, and for others those of their tenant.",
            permission: .produce, parameters: OpenAPIOperation.Parameter.page, answers: [.page(of: "Queue")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/queues/history", tag: "Operations",
            summary: "How the queues went in the last hour",
            detail:
                "Minute by minute, as the gateways saw it: once in a minute what waits and runs, and all that ended in it. "
                + "Whose jobs are counted is as for `/api/v1/queues`. The last two minutes may still change.",
            permission: .produce, parameters: OpenAPIOperation.Parameter.page, answers: [.page(of: "QueueHistory")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/audit", tag: "Operations", summary: "Who did what, newest first",
            detail:
                "Of the caller's tenant: users, credits, projects, runs, exports, what was done to jobs, and for operators "
                + "workers, queues and shares. Written with what it tells of, never changed, and kept for a year.",
            permission: .administer,
            parameters: OpenAPIOperation.Parameter.page + [
                .query("action", "Only these, by comma: `job.cancelled`, or `job` for all of them.", .text()),
                .query("user", "What one user did: their id.", .id()),
                .query("project", "What belongs to one project: its name.", .text()),
            ],
            answers: [.page(of: "Action")], problems: [.notFound]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/admin/check", tag: "Operations", summary: "Check the studio's rows",
            detail:
                "For operators. Looks in one snapshot for rows that break what must hold: ledgers, states, histories, runs. "
                + "It reads all of them, and changes nothing. `GatewayServer audit` looks at queues and files as well.",
            permission: .administer, answers: [.ok("Consistency", "What was found; nothing when all is well.")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/queues/{queue}/pause", tag: "Operations", summary: "Pause a queue",
            detail: "For operators. Nothing of it is started; what runs goes on. Repeating it changes nothing.",
            permission: .administer, parameters: [.path("queue", "The queue's name.", .text())],
            answers: [.ok("Queue", "The queue afterwards.")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/queues/{queue}/resume", tag: "Operations",
            summary: "Go on with a paused queue", permission: .administer,
            parameters: [.path("queue", "The queue's name.", .text())],
            answers: [
                .ok("Queue", "The queue afterwards."),
                .init(status: 204, detail: "Nobody but its pause knew the queue."),
            ]),
    ]
}
