import StudioCore

extension OpenAPIPaths {
    private static let job = OpenAPIOperation.Parameter.path("job", "The job's id.")
    private static let port = OpenAPIOperation.Parameter.path("port", "The name of the function's output.")
    private static let take = OpenAPIOperation.Parameter.path("take", "The take's id.")
    private static let etag = ("ETag", "The version of what people think of the take, for `If-Match`.")
    private static let shot = OpenAPIOperation.Parameter.query(
        "shot", "Of one shot only.", .text(pattern: "^[A-Z0-9][A-Z0-9-]{0,31}$"))

    /// Jobs.
    static let jobs: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects/{project}/jobs", tag: "Jobs", summary: "Submit a job",
            detail:
                "The 202 is a promise: the job is committed. A refusal leaves nothing behind. Checked in this order: "
                + "token, role, project, body, function and parameters, inputs, quota, credits.",
            permission: .work, parameters: [.project], body: .json("Submission"),
            answers: [
                .init(
                    status: 202, detail: "The job.", contents: [.json("JobReceipt")],
                    headers: [("Location", "The job's address.")])
            ],
            problems: [.quotaExceeded, .insufficientCredits, .conflict], takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects/{project}/jobs:batch", tag: "Jobs", summary: "Submit many jobs",
            detail:
                "Up to 1,000 submissions, admitted in their order in one transaction: all of them or, where one is "
                + "refused, none. With `partial=true` the good ones are admitted, and it is refused only where none is.",
            permission: .work,
            parameters: [.project, .query("partial", "Whether to admit the good ones beside refused ones.", .flag())],
            body: .json("SubmissionBatch"),
            answers: [
                .init(status: 202, detail: "What became of each, in their order.", contents: [.json("BatchReceipt")])
            ],
            problems: [.quotaExceeded, .insufficientCredits, .conflict], takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/jobs", tag: "Jobs",
            summary: "A project's jobs, newest first",
            permission: .read,
            parameters: [.project] + OpenAPIOperation.Parameter.page + [
                .query("state", "Only in these states, by comma.", .text()), shot,
                .query("function", "Of one function only.", .text()),
                .query("since", "Created at or after this time.", .time()),
            ],
            answers: [.page(of: "Job")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/jobs", tag: "Jobs", summary: "The jobs of all projects, newest first",
            detail:
                "Of the caller's tenant. Follow it with the WebSocket: `subscribe` to `all` tells of every change of a state.",
            permission: .read,
            parameters: OpenAPIOperation.Parameter.page + [
                .query("state", "Only in these states, by comma.", .text()),
                .query("function", "Of one function only.", .text()),
                .query("user", "That this user submitted: an id, or `me`.", .text()),
            ],
            answers: [.page(of: "Job")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/jobs/{job}", tag: "Jobs", summary: "A job with its attempts",
            permission: .read,
            parameters: [job], answers: [.ok("Job", "The job.")]),
        OpenAPIOperation(
            method: "PATCH", path: "/api/v1/jobs/{job}", tag: "Jobs", summary: "Change a job that has not started",
            detail:
                "Its priority, whether it is held back, and its place: before or after another job of the project that has "
                + "not started. Priority goes before shares, and shares before place.",
            permission: .work, parameters: [job], body: .json("JobChange"),
            answers: [.ok("Job", "The job afterwards.")], problems: [.conflict]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/jobs/{job}/cancel", tag: "Jobs", summary: "Cancel a job",
            detail:
                "Repeating it changes nothing, nor does cancelling a finished job. A running job is `cancelRequested` "
                + "until its worker has stopped it.",
            permission: .work, parameters: [job], answers: [.ok("Job", "The job afterwards.")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/jobs/{job}/retry", tag: "Jobs",
            summary: "Try a failed or cancelled job again",
            detail: "Counts against the quota and holds credits anew; the history of attempts is kept.",
            permission: .work, parameters: [job],
            answers: [
                .init(
                    status: 202, detail: "The job.", contents: [.json("JobReceipt")],
                    headers: [("Location", "The job's address.")])
            ],
            problems: [.conflict, .exportExists, .quotaExceeded, .insufficientCredits, .tooLarge],
            takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/jobs/{job}/approve", tag: "Jobs",
            summary: "Let a job go on whose preview was seen",
            detail:
                "Of a job that was submitted with `sparse`: it is held until this is asked for, by its own id or by its "
                + "preview's. Repeating it changes nothing; one whose preview is not made yet is a conflict.",
            permission: .work, parameters: [job], answers: [.ok("Job", "The approved job.")], problems: [.conflict]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/jobs/{job}/preview", tag: "Jobs",
            summary: "The newest picture of what a running job makes",
            detail:
                "Of runners that show one; at most one a second, 64 KiB at most, gone soon after the last. Progress events "
                + "say by `preview` that there is another.",
            permission: .read, parameters: [job],
            answers: [
                .init(
                    status: 200, detail: "The picture.",
                    contents: ["image/jpeg", "image/png", "image/webp"].map { .init(mediaType: $0, schema: .bytes) })
            ]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/jobs/{job}/log", tag: "Jobs", summary: "The runner's log",
            detail:
                "With `Accept: text/event-stream` it is followed: events `log` with `attempt`, `at` and `lines`, each "
                + "with an id to resume after, and `end` when the job has finished. Without an `end` it ends with the token "
                + "and with the gateway: come back with `Last-Event-ID`.",
            permission: .read,
            parameters: [
                job, .query("attempt", "Of one attempt only.", .whole(1...1_000_000)),
                .header("Last-Event-ID", "Where a followed log goes on."),
            ],
            answers: [
                .init(
                    status: 200, detail: "The log.",
                    contents: [
                        .init(mediaType: "text/plain", schema: .text()),
                        .init(mediaType: "text/event-stream", schema: .text()),
                    ])
            ]),
    ]

    /// What jobs made beside takes' media.
    static let jobFiles: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/jobs/{job}/files/{port}", tag: "Jobs",
            summary: "The bytes of a file that a job made",
            detail:
                "Of a job whose destination is the cache or an export, and of a take's further outputs. One that another "
                + "job has replaced since is not found.",
            permission: .read, parameters: [job, port] + OpenAPIOperation.Parameter.media, answers: media(),
            problems: [.rangeNotSatisfiable, .preconditionFailed]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/takes/{take}/files/{port}", tag: "Takes",
            summary: "The bytes of a file beside a take",
            permission: .read, parameters: [take, port] + OpenAPIOperation.Parameter.media,
            answers: media(),
            problems: [.rangeNotSatisfiable, .preconditionFailed]),
    ]

    /// Takes.
    static let takes: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/takes", tag: "Takes",
            summary: "A project's takes, newest first", permission: .read,
            parameters: [.project] + OpenAPIOperation.Parameter.page + [
                shot, .query("version", "Of one version only.", .whole(1...9999)),
            ],
            answers: [.page(of: "Take")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/takes/{take}", tag: "Takes", summary: "A take: its probe and provenance",
            permission: .read, parameters: [take], answers: [.ok("Take", "The take.", headers: [etag])]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/takes/{take}/media", tag: "Takes", summary: "A take's bytes",
            permission: .read,
            parameters: [take] + OpenAPIOperation.Parameter.media, answers: media(),
            problems: [.rangeNotSatisfiable, .preconditionFailed]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/takes/{take}/thumbnail", tag: "Takes", summary: "A take's thumbnail",
            permission: .read, parameters: [take] + OpenAPIOperation.Parameter.download,
            answers: downloads("image/jpeg"), problems: [.rangeNotSatisfiable, .preconditionFailed]),
        OpenAPIOperation(
            method: "PUT", path: "/api/v1/takes/{take}/rating", tag: "Takes", summary: "Rate or circle a take",
            permission: .work, parameters: [take], body: .json("Rating"),
            answers: [.ok("Take", "The take afterwards.", headers: [etag])], needsIfMatch: true),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/takes/{take}/rerun", tag: "Takes", summary: "Make a take again",
            detail:
                "A new job of the same shot and version, with the very revision of the function, the parameters, the seed "
                + "and the inputs that made the take. An input that is gone or is another file now refuses it, unless "
                + "`allowChangedInputs` is set.",
            permission: .work, parameters: [take], body: .json("Rerun"), isBodyRequired: false,
            answers: [
                .init(
                    status: 202, detail: "The job.", contents: [.json("JobReceipt")],
                    headers: [("Location", "The job's address.")])
            ],
            problems: [.quotaExceeded, .insufficientCredits, .conflict], takesIdempotencyKey: true),
    ]
}
