import StudioCore

extension OpenAPISchemas {
    private static let destination = OpenAPISchema.word(JobDestination.Kind.allCases.map(\.rawValue))
    /// A job's states.
    static let states = OpenAPISchema.word(JobState.allCases.map(\.rawValue))
    private static let reference = OpenAPISchema.text("A project file, `take:<id>`, `job:<id>` or `job:<id>#<output>`.")
    private static let inputs = OpenAPISchema.map(.either([reference, .list(reference)]), "By the input's name.")
    private static let failureCodes = OpenAPISchema.word(FailureCode.allCases.map(\.rawValue))

    /// What is said of making a film in chunks.
    static func split(_ description: String) -> OpenAPISchema {
        .either(
            [
                .word(["auto", "never"]),
                .object([("chunks", .whole(2...ChunkPlan.mostChunks))], isClosed: true),
            ], description)
    }

    /// Functions, jobs and takes.
    static let work: [(String, OpenAPISchema)] = functionSchemas + jobSchemas + takeSchemas

    private static let functionSchemas: [(String, OpenAPISchema)] = [
        (
            "FunctionPort",
            .object(
                [
                    ("type", .word(FunctionManifest.Port.Kind.allCases.map(\.rawValue))), ("required", .flag()),
                    ("list", .flag()), ("primary", .flag()), ("extension", .text()),
                ], optional: ["primary", "extension"])
        ),
        (
            "Function",
            .object(
                [
                    ("name", .text()), ("version", .text()), ("title", .text()), ("description", .text()),
                    ("category", .text()), ("parameters", .anything("A JSON Schema (2020-12).")),
                    ("inputs", .map(.named("FunctionPort"))), ("outputs", .map(.named("FunctionPort"))),
                    ("quality", .map(.anything("Parameters that the tier sets."), "By tier.")),
                    ("cost", .object([("credits", .count()), ("perSecond", .count())])),
                    ("timeoutSeconds", .whole(1...604_800)), ("maxAttempts", .whole(1...100)), ("queue", .text()),
                    ("runner", .text()),
                    ("faults", .list(.named("Finding"), "What is wrong with a newer manifest that could not be used.")),
                ], optional: ["faults"])
        ),
    ]

    private static let jobSchemas: [(String, OpenAPISchema)] = [
        (
            "Submission",
            .object(
                [
                    ("shot", shot), ("version", .whole(1...9999, "Default 1.")), ("function", .text()),
                    (
                        "destination",
                        .word(
                            ["take", "cache"],
                            "A take of the shot, the default; or files in the cache, for which no shot is needed.")
                    ),
                    ("parameters", .map(.anything("As the function's schema says."))), ("inputs", inputs),
                    ("quality", quality), ("priority", .whole(0...9, "The higher the sooner; default 5.")),
                    ("maxAttempts", .whole(1...100)), ("timeoutSeconds", .whole(1...604_800)),
                    ("notBefore", .nullable(.time())),
                    (
                        "sparse",
                        .whole(
                            2...1000,
                            "Makes every Nth frame first, as a job of its own; the whole is held until it is approved.")
                    ),
                    (
                        "split",
                        split(
                            "Whether `transcode` makes a film in chunks by several jobs and joins them without encoding them "
                                + "again; chunks alone by this request, not in a batch or a schedule. Default auto: where several "
                                + "machines have workers for it, and the film is long enough and known by its probe.")
                    ),
                    ("dependsOn", .list(.id())),
                ],
                optional: [
                    "shot", "version", "destination", "parameters", "inputs", "quality", "priority", "maxAttempts",
                    "timeoutSeconds", "notBefore", "sparse", "split", "dependsOn",
                ], isClosed: true)
        ),
        (
            "JobChange",
            .object(
                [
                    ("priority", .whole(0...9, "The higher the sooner.")),
                    ("hold", .flag("Whether it is held back.")),
                    ("before", .id("The job it is moved before.")), ("after", .id("The job it is moved after.")),
                ], optional: ["priority", "hold", "before", "after"], isClosed: true)
        ),
        (
            "JobLinks",
            .object(
                [
                    ("self", .text()), ("cancel", .text()), ("retry", .text()), ("log", .text()), ("project", .text()),
                    ("take", .text()),
                ], optional: ["take"])
        ),
        (
            "JobReceipt",
            .object(
                [
                    ("id", .id()), ("state", states), ("project", projectName), ("shot", shot),
                    ("version", .whole(1...9999)), ("destination", destination), ("function", .text()),
                    ("functionVersion", .text()), ("progress", .number()), ("attempt", .count()),
                    ("creditsHeld", .count()), ("createdAt", .time()),
                    ("previewJob", .id("The job that makes every Nth frame of it, where that was asked for.")),
                    ("links", .named("JobLinks")),
                ], optional: ["shot", "previewJob"])
        ),
        (
            "SubmissionBatch",
            .object([("jobs", .list(.named("Submission"), "1 to \(BatchSubmission.limit) of them."))], isClosed: true)
        ),
        (
            "BatchReceipt",
            .object([
                ("admitted", .count()), ("refused", .count()),
                (
                    "items",
                    .list(
                        .object(
                            [
                                ("job", .named("JobReceipt")),
                                (
                                    "problem",
                                    .object(
                                        [
                                            ("type", .text()), ("title", .text()), ("status", .whole(400...599)),
                                            ("detail", .text()), ("errors", .list(.named("Finding"))),
                                        ], optional: ["errors"])
                                ),
                            ], optional: ["job", "problem"]), "Each with a job or the problem that refused it.")
                ),
            ])
        ),
        (
            "JobFailure",
            .object(
                [
                    ("code", failureCodes), ("message", .text()), ("retryable", .flag()),
                    ("logTail", .text("The last lines of the runner's log.")),
                ], optional: ["logTail"])
        ),
        (
            "JobAttempt",
            .object(
                [
                    ("attempt", .whole(1...Int.max)), ("worker", .id()), ("workerName", .text()),
                    ("startedAt", .time()),
                    ("finishedAt", .time()),
                    ("outcome", .word(["succeeded", "failed", "cancelled", "released", "lost"])),
                    ("failure", .named("JobFailure")), ("log", .text("Where its log is.")),
                ], optional: ["finishedAt", "outcome", "failure"])
        ),
        (
            "Job",
            .object(
                [
                    ("id", .id()), ("state", states), ("project", projectName), ("user", .id()), ("shot", shot),
                    ("version", .whole(1...9999)), ("destination", destination), ("function", .text()),
                    ("functionVersion", .text()),
                    ("parameters", .map(.anything("As submitted."))), ("inputs", inputs), ("quality", quality),
                    ("queue", .text()), ("priority", .whole(0...9)),
                    ("held", .flag("Whether somebody holds it back.")),
                    ("previewJob", .id("The job that makes every Nth frame of it.")),
                    ("partOf", .id("The job that it is made for alone.")),
                    ("parts", .named("JobParts")),
                    ("awaitsApproval", .flag("Whether it is held until that was seen and it is approved.")),
                    (
                        "place",
                        .text("Among what its user has waiting in the project: texts sort as the jobs do.")
                    ),
                    ("maxAttempts", .whole(1...100)),
                    ("timeoutSeconds", .whole(1...604_800)), ("notBefore", .time()), ("dependsOn", .list(.id())),
                    ("attempt", .count("How often it was claimed.")),
                    ("countedAttempts", .count("Attempts that count against `maxAttempts`.")),
                    ("progress", .number("0 to 1.")), ("stage", .text()), ("message", .text()),
                    ("etaSeconds", .number()),
                    ("preview", .count("Another number is another picture at `/api/v1/jobs/{job}/preview`.")),
                    ("cancelRequested", .flag()), ("worker", .id()),
                    ("failure", .named("JobFailure")), ("credits", .count("What it costs.")), ("creditsHeld", .count()),
                    ("takes", .list(.id())), ("createdAt", .time()), ("queuedAt", .time()), ("startedAt", .time()),
                    ("finishedAt", .time()),
                    ("attempts", .list(.named("JobAttempt"), "Where one job is asked for.")),
                    ("files", .list(.named("JobFile"), "What it made beside a take; where one job is asked for.")),
                    ("links", .named("JobLinks")),
                ],
                optional: [
                    "notBefore", "stage", "message", "etaSeconds", "worker", "failure", "queuedAt", "startedAt",
                    "finishedAt", "attempts", "previewJob", "preview", "shot", "files", "partOf", "parts",
                ])
        ),
        (
            "JobParts",
            .object(
                [
                    ("jobs", .list(.id(), "The jobs that make them.")), ("done", .count()), ("running", .count()),
                    ("total", .count()),
                    (
                        "dropped",
                        .flag(
                            "Whether one of them could not be made of its source, so that the film is made in one piece."
                        )
                    ),
                ], "How far the jobs are that make the chunks of a film; where one job is asked for.")
        ),
        (
            "JobFile",
            .object(
                [
                    ("port", .text("The function's output.")), ("primary", .flag("Whether `job:<id>` means it.")),
                    ("path", .text("Relative to the project.")), ("fileName", .text()), ("mediaType", .text()),
                    ("sha256", .text(pattern: "^[0-9a-f]{64}$")), ("sizeBytes", .count()),
                    ("probe", .anything("What the file is, where it is media.")), ("createdAt", .time()),
                    ("removedAt", .time("Since when it is no longer there.")), ("link", .text("Where its bytes are.")),
                ], optional: ["probe", "removedAt"])
        ),
    ]

    private static let takeSchemas: [(String, OpenAPISchema)] = [
        (
            "Take",
            .object(
                [
                    ("id", .id()), ("project", projectName), ("job", .id()), ("shot", shot),
                    ("version", .whole(1...9999)), ("number", .whole(1...Int.max)),
                    ("path", .text("Relative to the project.")), ("fileName", .text()), ("mediaType", .text()),
                    ("sha256", .text(pattern: "^[0-9a-f]{64}$")), ("sizeBytes", .count()),
                    ("probe", .anything("What the file is: streams, duration, size of the picture.")),
                    ("provenance", .anything("What made it: job, function, parameters, hashes of the inputs.")),
                    ("commit", .text("The Git commit that holds it.")),
                    ("files", .list(.named("JobFile"), "The files beside it; where one take is asked for.")),
                    ("rating", .whole(1...5)), ("circled", .flag()),
                    ("revision", .whole(1...Int.max, "Raised by every rating; the ETag is `r` and it.")),
                    ("createdAt", .time()), ("publishedAt", .time()),
                    (
                        "links",
                        .object(
                            [("self", .text()), ("media", .text()), ("thumbnail", .text()), ("job", .text())],
                            optional: ["thumbnail"])
                    ),
                ], optional: ["sha256", "sizeBytes", "probe", "provenance", "commit", "files", "rating", "publishedAt"])
        ),
        (
            "Rerun",
            .object(
                [
                    ("priority", .whole(0...9, "Default that of the take's job.")),
                    ("allowChangedInputs", .flag("Whether inputs may be other files by now; default false.")),
                ], optional: ["priority", "allowChangedInputs"], isClosed: true)
        ),
        (
            "Rating",
            .object(
                [("rating", .nullable(.whole(0...5, "0 and null take it away."))), ("circled", .flag())],
                optional: ["rating", "circled"], isClosed: true, "What is left out stays as it is.")
        ),
    ]
}
