extension OpenAPISchemas {
    /// What administrators look through.
    static let oversight: [(String, OpenAPISchema)] = [
        (
            "QueueHistory",
            .object([
                ("name", .text()),
                (
                    "minutes",
                    .list(.named("QueueMinute"), "Those of the last hour in which there is something to tell.")
                ),
            ])
        ),
        (
            "QueueMinute",
            .object(
                [
                    ("at", .time("When the minute began.")),
                    ("queued", .count("Missing where no gateway was there to look.")), ("running", .count()),
                    ("oldestAgeSeconds", .number("How long the oldest queued job had waited.")),
                    ("succeeded", .count("How many ended so in the minute.")), ("failed", .count()),
                    ("cancelled", .count()),
                ], optional: ["queued", "running", "oldestAgeSeconds"])
        ),
        (
            "Action",
            .object(
                [
                    ("id", .text()), ("at", .time()), ("action", .text("Such as `job.cancelled`.")),
                    ("user", .nullable(.named("ActionUser"))),
                    ("subject", .text("The id or the name of what it was done to.")), ("project", .text()),
                    ("detail", .anything("More of it, by its kind.")), ("requestId", .text()),
                ], optional: ["project", "requestId"], "Without a user it was the studio itself.")
        ),
        (
            "Consistency",
            .object([
                ("at", .time()),
                (
                    "findings",
                    .list(
                        .object([
                            ("rule", .text("Which rule, such as `ledger-account`.")),
                            ("subject", .text("Which row.")), ("detail", .text("What is, and what should be.")),
                        ]))
                ),
            ])
        ),
        ("ActionUser", .object([("id", .id()), ("email", .text()), ("displayName", .text())])),
    ]
}
