import StudioCore

extension OpenAPIPaths {
    private static let schedule = OpenAPIOperation.Parameter.path("schedule", "The schedule's id.")
    private static let etag = ("ETag", "The schedule's version, for `If-Match`; firing does not change it.")
    private static let list = "/api/v1/projects/{project}/schedules"
    private static let one = "/api/v1/projects/{project}/schedules/{schedule}"

    /// Recurring jobs.
    static let schedules: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: list, tag: "Schedules", summary: "A project's schedules, newest first",
            permission: .read, parameters: [.project] + OpenAPIOperation.Parameter.page,
            answers: [.page(of: "Schedule")]),
        OpenAPIOperation(
            method: "POST", path: list, tag: "Schedules", summary: "Make a schedule",
            detail:
                "The job is checked like a submission; credits are held only when it fires. Each time it is due it "
                + "submits one job, with the roles and credits its user has then; a refusal is kept as `last.problem` and "
                + "told as `project.changed` (`schedule-refused`), and the schedule goes on. What was missed while the "
                + "studio was away is made up for by one job.",
            permission: .work, parameters: [.project], body: .json("NewSchedule"),
            answers: [
                .init(
                    status: 201, detail: "The schedule.", contents: [.json("Schedule")],
                    headers: [("Location", "The schedule's address."), etag])
            ],
            problems: [.conflict, .quotaExceeded], takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "GET", path: one, tag: "Schedules", summary: "A schedule", permission: .read,
            parameters: [.project, schedule], answers: [.ok("Schedule", "The schedule.", headers: [etag])]),
        OpenAPIOperation(
            method: "PATCH", path: one, tag: "Schedules", summary: "Change, disable or enable a schedule",
            detail:
                "What is left out stays; `job` is replaced as a whole. Whoever changes a schedule pays for its jobs from then "
                + "on. With another expression or zone, and when it is enabled, it is next due at the first time from now on.",
            permission: .work, parameters: [.project, schedule], body: .json("ScheduleChange"),
            answers: [.ok("Schedule", "The schedule afterwards.", headers: [etag])], problems: [.conflict],
            needsIfMatch: true),
        OpenAPIOperation(
            method: "DELETE", path: one, tag: "Schedules", summary: "Remove a schedule",
            detail: "The jobs it made stay.", permission: .work,
            parameters: [
                .project, schedule, .header("If-Match", "Where given: the version that is meant, or `*`."),
            ], answers: [.init(status: 204, detail: "It is gone.")], problems: [.preconditionFailed]),
    ]
}

extension OpenAPISchemas {
    private static let name = OpenAPISchema.text("Unique in its project, without regard to case.", longest: 100)
    private static let cron = OpenAPISchema.text(
        "Minute, hour, day of month, month, day of week, with lists, ranges, steps and names; or @hourly, @daily, "
            + "@weekly, @monthly, @yearly.", longest: 256)
    private static let timeZone = OpenAPISchema.text(
        "A name of the IANA time zone database; default UTC. A time of day that clocks leave out fires once when they go "
            + "on, one that comes twice fires the first time; where minute or hour begin with * every occurrence counts.",
        longest: 64)
    private static let overlap = OpenAPISchema.word(
        ScheduleOverlap.allCases.map(\.rawValue),
        "skip leaves a time out while the job made last is not finished; default allow.")
    private static let definition: [(String, OpenAPISchema)] = [
        ("name", name), ("cron", cron), ("timeZone", timeZone), ("enabled", .flag()), ("overlap", overlap),
        ("job", .named("Submission")),
    ]

    /// Recurring jobs.
    static let schedules: [(String, OpenAPISchema)] = [
        ("NewSchedule", .object(definition, optional: ["timeZone", "enabled", "overlap"], isClosed: true)),
        ("ScheduleChange", .object(definition, optional: Set(definition.map(\.0)), isClosed: true)),
        (
            "Schedule",
            .object(
                [
                    ("id", .id()), ("project", projectName), ("user", .id("Who pays: whoever changed it last.")),
                    ("name", name), ("cron", cron), ("timeZone", timeZone), ("enabled", .flag()), ("overlap", overlap),
                    ("job", .anything("The submission, as it was sent.")), ("nextFireAt", .time()),
                    (
                        "last",
                        .object(
                            [
                                ("dueAt", .time()), ("firedAt", .time()),
                                ("outcome", .word(FiringOutcome.allCases.map(\.rawValue))),
                                (
                                    "problem",
                                    .object(
                                        [
                                            ("code", .text()), ("detail", .text()),
                                            ("errors", .list(.named("Finding"))),
                                        ], optional: ["errors"])
                                ),
                            ], optional: ["problem"])
                    ),
                    ("lastJob", .id("The last job it made.")), ("createdAt", .time()), ("updatedAt", .time()),
                    ("revision", .whole(1...Int.max, "Raised by every change; the ETag is `r` and it.")),
                    (
                        "links",
                        .object(
                            [("self", .text()), ("project", .text()), ("lastJob", .text())], optional: ["lastJob"])
                    ),
                ], optional: ["nextFireAt", "last", "lastJob"])
        ),
    ]
}
