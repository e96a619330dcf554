extension OpenAPISchemas {
    /// What goes over the WebSocket and the event stream.
    static let eventSchemas: [(String, OpenAPISchema)] = [
        (
            "ClientCommand",
            .object(
                [
                    ("type", .word(["subscribe", "unsubscribe"])), ("project", projectName), ("job", .id()),
                    ("all", .flag("Every project of the tenant.")),
                    ("since", .text("The id of the last event the client has; not with `all`.")),
                ], optional: ["project", "job", "all", "since"], "Names either a project or a job, or `all`.")
        ),
        (
            "Subscribed",
            .object(
                [
                    ("type", .word(["subscribed"])), ("project", projectName), ("job", .id()), ("all", .flag()),
                    ("newest", .nullable(.text("The newest durable event there is. It was not delivered by this."))),
                ], optional: ["project", "job", "all"])
        ),
        (
            "Event",
            .either([
                .named("JobStateEvent"), .named("JobProgressEvent"), .named("TakeCreatedEvent"),
                .named("ProjectChangedEvent"), .named("AssetChangedEvent"), .named("RunStateEvent"),
                .named("ErrorEvent"),
            ])
        ),
        (
            "JobStateEvent",
            .object(
                [
                    ("type", .word(["job.state"])), ("id", .text()), ("project", projectName), ("job", .id()),
                    ("state", states), ("attempt", .count()), ("failure", .named("JobFailure")), ("at", .time()),
                    ("run", .id("The run of a canvas that made it.")), ("node", .text("The node of the canvas.")),
                    ("index", .count("Which of the node's jobs.")),
                    ("shared", .list(.named("RunNodeName"), "Other nodes that wait for the same job.")),
                ], optional: ["failure", "run", "node", "index", "shared"])
        ),
        (
            "JobProgressEvent",
            .object(
                [
                    ("type", .word(["job.progress"])), ("project", projectName), ("job", .id()),
                    ("attempt", .whole(1...Int.max)), ("progress", .number("0 to 1.")), ("stage", .text()),
                    ("message", .text()), ("etaSeconds", .number()),
                    ("preview", .count("Another number is another picture at `/api/v1/jobs/{job}/preview`.")),
                    ("at", .time()), ("run", .id("The run of a canvas that made it.")),
                    ("node", .text("The node of the canvas.")), ("index", .count("Which of the node's jobs.")),
                ], optional: ["etaSeconds", "preview", "run", "node", "index"])
        ),
        (
            "TakeCreatedEvent",
            .object([
                ("type", .word(["take.created"])), ("id", .text()), ("project", projectName), ("job", .id()),
                ("take", .id()), ("shot", shot), ("version", .whole(1...9999)), ("number", .whole(1...Int.max)),
                ("path", .text()), ("at", .time()),
            ])
        ),
        (
            "ProjectChangedEvent",
            .object(
                [
                    ("type", .word(["project.changed"])), ("id", .text()), ("project", projectName),
                    ("change", .text("Such as created, updated, archived, restored.")),
                    ("detail", .anything("More about it.")), ("at", .time()),
                ], optional: ["detail"])
        ),
        (
            "AssetChangedEvent",
            .object([
                ("type", .word(["asset.changed"])), ("id", .text()), ("project", projectName),
                ("change", .word(["added", "changed", "removed"])), ("path", .text("Relative to the project.")),
                ("sha256", .text(pattern: "^[0-9a-f]{64}$")), ("sizeBytes", .count()), ("at", .time()),
            ])
        ),
        (
            "RunNodeName",
            .object([("run", .id()), ("node", .text()), ("index", .count())], optional: ["index"])
        ),
        (
            "RunStateEvent",
            .object([
                ("type", .word(["run.state"])), ("id", .text()), ("project", projectName), ("run", .id()),
                ("canvas", .text()), ("state", .word(["running", "succeeded", "failed", "cancelled"])), ("at", .time()),
            ])
        ),
        ("ErrorEvent", .object([("type", .word(["error"])), ("code", .text()), ("detail", .text())])),
    ]
}
