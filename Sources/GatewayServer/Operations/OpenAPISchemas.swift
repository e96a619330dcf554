import StudioCore

/// The named schemas of the OpenAPI document.
enum OpenAPISchemas {
    /// All of them.
    static let all: [(String, OpenAPISchema)] =
        conventions + accounts + projects + work + folders + assets + cuts + canvases + runs + schedules + eventSchemas
        + operations + oversight + shares

    static let roles = OpenAPISchema.list(.word(Role.allCases.map(\.rawValue)))
    static let quality = OpenAPISchema.word(["low", "standard", "high"])
    static let shot = OpenAPISchema.text(pattern: "^[A-Z0-9][A-Z0-9-]{0,31}$")
    static let projectName = OpenAPISchema.text(
        "A folder name on every system: no name that Windows reserves.", pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")

    private static let conventions: [(String, OpenAPISchema)] = [
        (
            "Problem",
            .object(
                [
                    ("type", .word(Problem.kinds.map { "/problems/\($0.code)" }, "What kind of problem it is.")),
                    ("title", .text("The same for every problem of the type.")), ("status", .whole(400...599)),
                    ("detail", .text("This occurrence, for people.")), ("instance", .text("The path of the request.")),
                    ("requestId", .text("What the log knows the request by.")), ("errors", .list(.named("Finding"))),
                    ("currentETag", .text("Of a canvas that was changed meanwhile: its `ETag` now.")),
                    ("changes", .list(.named("CanvasChange"), "What was changed in it since.")),
                    ("conflicts", .list(.named("CanvasConflict"), "What both sides changed, each in its own way.")),
                    ("more", .count("Changes or conflicts beyond those that are told.")),
                ],
                optional: ["instance", "requestId", "errors", "currentETag", "changes", "conflicts", "more"],
                "RFC 9457.")
        ),
        (
            "Finding",
            .object(
                [
                    ("pointer", .text("JSON pointer into the body, or the parameter's name after a slash.")),
                    ("code", .text("Which rule.")), ("detail", .text("What is wrong, for people.")),
                    ("node", .text("The node of a canvas that it is about.")),
                    ("edge", .text("The edge of a canvas that it is about.")),
                ], optional: ["node", "edge"])
        ),
    ]

    private static let accounts: [(String, OpenAPISchema)] = [
        (
            "Credentials",
            .object([("email", .text(longest: 254)), ("password", .text(longest: 1024))])
        ),
        (
            "Login",
            .object([("accessToken", .text()), ("tokenType", .word(["Bearer"])), ("expiresAt", .time())])
        ),
        (
            "Credits",
            .object([
                ("available", .count("To be spent.")), ("held", .count("Promised to jobs that are not finished.")),
                ("settled", .count("Spent.")),
            ])
        ),
        (
            "Me",
            .object([
                ("user", .object([("id", .id()), ("email", .text()), ("displayName", .text())])),
                ("tenant", .object([("id", .id()), ("name", .text())])), ("roles", roles),
                ("credits", .named("Credits")),
                (
                    "quotas",
                    .object([
                        ("requestsPerSecond", .nullable(.count("On average; null is no limit."))),
                        ("activeJobs", .nullable(.count("Jobs that are not finished; null is no limit."))),
                        ("uploadMaxBytes", .count()),
                    ])
                ),
            ])
        ),
        (
            "User",
            .object([
                ("id", .id()), ("email", .text()), ("displayName", .text()), ("roles", roles), ("disabled", .flag()),
                ("createdAt", .time()),
                (
                    "revision",
                    .whole(1...Int.max, "Raised by every change but those of credits; the ETag is `r` and it.")
                ),
                ("credits", .named("Credits")),
            ])
        ),
        (
            "NewUser",
            .object(
                [
                    ("email", .text(longest: 254)), ("password", .text("10 to 1024 bytes.", longest: 1024)),
                    ("displayName", .text(longest: 200)), ("roles", roles), ("credits", .whole(0...1_000_000_000)),
                ], optional: ["displayName", "credits"])
        ),
        ("UserChange", .object([("roles", roles), ("disabled", .flag())], optional: ["roles", "disabled"])),
        (
            "Grant",
            .object([("credits", .whole(1...1_000_000_000)), ("note", .text(longest: 500))], optional: ["note"])
        ),
    ]

    private static let projects: [(String, OpenAPISchema)] = [
        (
            "Project",
            .object(
                [
                    ("id", .id()), ("name", projectName), ("title", .text()), ("description", .text()),
                    ("quality", quality), ("createdAt", .time()), ("createdBy", .id()), ("archived", .flag()),
                    ("archivedAt", .time()), ("paused", .flag("Whether none of its jobs is started.")),
                    ("weight", .whole(1...1000, "Its share beside the tenant's other projects.")),
                    ("revision", .whole(1...Int.max, "Raised by every change; the ETag is `r` and it.")),
                    (
                        "links",
                        .object([("self", .text()), ("jobs", .text()), ("takes", .text()), ("events", .text())])
                    ),
                ], optional: ["createdBy", "archivedAt"])
        ),
        (
            "NewProject",
            .object(
                [
                    ("name", projectName), ("title", .text(longest: 200)), ("description", .text(longest: 10_000)),
                    ("quality", quality),
                ], optional: ["description", "quality"], isClosed: true)
        ),
        (
            "ProjectChange",
            .object(
                [("title", .text(longest: 200)), ("description", .text(longest: 10_000)), ("quality", quality)],
                optional: ["title", "description", "quality"], isClosed: true)
        ),
        (
            "StoredFile",
            .object([
                ("path", .text("Relative to the project.")), ("sizeBytes", .count()),
                ("sha256", .text(pattern: "^[0-9a-f]{64}$")), ("project", projectName),
            ])
        ),
    ]

    private static let operations: [(String, OpenAPISchema)] = [
        ("Health", .object([("status", .word(["ok"]))])),
        (
            "Readiness",
            .object([
                ("status", .word(["ready", "not-ready"])),
                (
                    "checks",
                    .map(
                        .object([("status", .word(["ok", "missing"])), ("detail", .text())], optional: ["detail"]),
                        "By name: postgres, redis, migrations, git-lfs.")
                ),
            ])
        ),
        (
            "Worker",
            .object(
                [
                    ("id", .id()), ("name", .text()), ("hostname", .text("For operators.")),
                    ("pid", .whole(nil, "For operators.")), ("version", .text("For operators.")),
                    ("queues", .list(.text(), "For operators.")), ("slots", .whole(1...Int.max, "For operators.")),
                    ("state", .word(["serving", "draining", "stopped", "lost"])), ("startedAt", .time()),
                    ("seenAt", .time()),
                    ("running", .list(.object([("job", .id()), ("attempt", .whole(1...Int.max))]))),
                    ("blockedFunctions", .list(.text(), "Functions it is not given; for operators.")),
                ], optional: ["blockedFunctions", "hostname", "pid", "version", "queues", "slots"])
        ),
        (
            "WorkerBlock",
            .object([
                ("worker", .id()), ("workerName", .text()), ("function", .text()),
                ("failures", .count("How often in a row it failed.")),
                ("lastCode", .word(FailureCode.allCases.map(\.rawValue))), ("blockedAt", .time()),
            ])
        ),
        (
            "DeadMessage",
            .object([
                ("id", .text("The SHA-256 of its bytes.", pattern: "^[0-9a-f]{64}$")),
                ("reason", .text("Why it could not be read.")), ("bytes", .count("How long it is.")),
                ("task", .nullable(.text("The task's name, where that can be read."))),
                ("taskId", .nullable(.text("The task's id, where that can be read."))),
                ("queue", .nullable(.text("The queue it was sent to, where that can be read."))),
                ("text", .text("How it begins.")),
            ])
        ),
        (
            "Queue",
            .object(
                [
                    ("name", .text()), ("paused", .flag("Whether nothing is started from it.")),
                    ("queued", .count("Ready and not claimed.")), ("running", .count()),
                    ("onRunway", .count("Messages in Redis; for operators.")),
                    (
                        "denied",
                        .flag("Whether Redis keeps the studio from it, so that its jobs wait; for operators.")
                    ),
                    ("oldestAgeSeconds", .number("How long the oldest queued job has waited.")),
                ], optional: ["onRunway", "denied", "oldestAgeSeconds"])
        ),
    ]
}
