import StudioCore
import StudioPostgres

extension OpenAPISchemas {
    private static let node = OpenAPISchema.text("The node's id in its canvas.")
    private static let index = OpenAPISchema.count("Which of the node's jobs, where it is fanned out.")
    private static let key = OpenAPISchema.text(
        "Names the result by all that it is made from.", pattern: "^[0-9a-f]{64}$")
    private static let runState = OpenAPISchema.word(RunRecord.State.allCases.map(\.rawValue))
    private static let cached = OpenAPISchema.list(
        .object(
            [("node", node), ("index", index), ("key", key), ("job", .id("The job that made it."))],
            optional: ["index", "job"]), "What was there.")
    private static let waiting = OpenAPISchema.list(
        .object([("node", node), ("index", index), ("job", .id())], optional: ["index"]),
        "What is being made for another run or another node.")

    /// Runs of canvases.
    static let runs: [(String, OpenAPISchema)] = [
        (
            "NewRun",
            .object(
                [
                    ("targets", .list(.text(), "The nodes whose results are wanted; default all.")),
                    (
                        "from",
                        .text("A node that is made again with all that is made of it, also where there are results.")
                    ),
                    ("document", .anything("The canvas as it is to be run; default the saved one.")),
                    ("priority", .whole(0...9, "The higher the sooner; default 5.")),
                ], optional: ["targets", "from", "document", "priority"], isClosed: true)
        ),
        (
            "RunReceipt",
            .object([
                ("id", .id()), ("project", projectName), ("canvas", .text()), ("state", runState),
                ("credits", .count("What is held for what it makes.")), ("createdAt", .time()),
                (
                    "jobs",
                    .list(
                        .object(
                            [
                                ("node", node), ("index", index), ("job", .id()), ("function", .text()),
                                ("state", states), ("credits", .count()),
                            ], optional: ["index"]), "What it makes.")
                ), ("cached", cached), ("waiting", waiting),
            ])
        ),
        (
            "RunPreview",
            .object([
                ("canvas", .text()), ("credits", .count("What it would cost.")),
                (
                    "jobs",
                    .list(
                        .object(
                            [("node", node), ("index", index), ("function", .text()), ("credits", .count())],
                            optional: ["index"]), "What it would make.")
                ), ("cached", cached), ("waiting", waiting),
                ("findings", .list(.anything("What is worth knowing; those of the severity `error` would refuse it."))),
            ])
        ),
        (
            "RunNode",
            .object(
                [
                    ("node", node), ("index", index), ("state", states), ("job", .id()),
                    ("cached", .flag("Whether its result was there.")),
                    ("shared", .flag("Whether it was under way for another run or another node.")),
                    ("function", .text()), ("functionVersion", .text()), ("key", key), ("credits", .count()),
                    ("startedAt", .time()), ("finishedAt", .time()), ("seconds", .number("From its start to its end.")),
                    ("failure", .named("JobFailure")), ("take", .id("The take that it was published as.")),
                    ("file", .text("The file it made, below the folder of its project, while it is there.")),
                    ("fileProject", .text("The project that the file is in, where that is another one.")),
                ],
                optional: [
                    "index", "job", "startedAt", "finishedAt", "seconds", "failure", "take", "file", "fileProject",
                ])
        ),
        (
            "Run",
            .object(
                [
                    ("id", .id()), ("project", projectName), ("canvas", .text()), ("state", runState),
                    ("user", .id("Who started it.")), ("etag", .text("The saved version that it is of.")),
                    ("commit", .text("The commit that version came with.")),
                    ("asked", .anything("What was asked for: targets, from, priority, the run that it repeats.")),
                    ("credits", .count()), ("nodeCount", .count()), ("openNodes", .count()), ("failedNodes", .count()),
                    ("createdAt", .time()), ("finishedAt", .time()), ("cancelledAt", .time()),
                    ("nodes", .list(.named("RunNode"), "Not in lists.")),
                ], optional: ["etag", "commit", "finishedAt", "cancelledAt", "nodes"])
        ),
        (
            "TakeGraph",
            .object(
                [
                    ("run", .id()), ("node", node), ("index", index), ("project", projectName), ("canvas", .text()),
                    ("etag", .text("The saved version that was run.")),
                    ("commit", .text("The commit that version came with.")),
                    ("document", .anything("The canvas as it was run.")),
                ], optional: ["index", "etag", "commit"])
        ),
    ]
}
