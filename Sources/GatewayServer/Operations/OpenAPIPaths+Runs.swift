import StudioCore

extension OpenAPIPaths {
    private static let run = OpenAPIOperation.Parameter.path("run", "The run's id.")
    private static let accepted = OpenAPIOperation.Answer(
        status: 202, detail: "The run.", contents: [.json("RunReceipt")], headers: [("Location", "The run's address.")])

    /// Runs of canvases.
    static let runs: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects/{project}/canvases/{canvas}/runs", tag: "Runs",
            summary: "Run a canvas",
            detail:
                "All of the canvas is checked first; then its nodes become jobs in one transaction, whole or not at all. A "
                + "node whose result is there, whoever in the tenant had it made, is taken from the cache, and one that is "
                + "being made is waited for. With `dryRun=true` the answer is 200 with what would be made and what it "
                + "would cost (`RunPreview`), and nothing is kept.",
            permission: .work,
            parameters: [
                .project, .path("canvas", "The canvas' name.", OpenAPISchemas.cutName),
                .query("dryRun", "Whether to look ahead only; default false.", .flag()),
            ], body: .json("NewRun"), isBodyRequired: false,
            answers: [
                .ok("RunPreview", "What a run would come to, with `dryRun=true`."),
                accepted,
            ],
            problems: [.quotaExceeded, .insufficientCredits, .conflict, .exportExists], takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/runs", tag: "Runs",
            summary: "A project's runs, newest first",
            permission: .read,
            parameters: [.project, .query("canvas", "Only this canvas'.", .text())] + OpenAPIOperation.Parameter.page,
            answers: [.page(of: "Run")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/runs/{run}", tag: "Runs", summary: "A run with its nodes", permission: .read,
            parameters: [run], answers: [.ok("Run", "The run, with cost and time of each node.")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/runs/{run}/cancel", tag: "Runs", summary: "Cancel what is not finished",
            detail: "What others wait for goes on without this run. Asking again changes nothing.", permission: .work,
            parameters: [run], answers: [.ok("Run", "The run afterwards.")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/runs/{run}/resume", tag: "Runs",
            summary: "Let a failed or cancelled run go on",
            detail: "What is finished stays; what is not is made again, and paid for by who resumes.",
            permission: .work,
            parameters: [run], answers: [accepted],
            problems: [.conflict, .quotaExceeded, .insufficientCredits, .exportExists], takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/runs/{run}/repeat", tag: "Runs", summary: "Run the same graph anew",
            detail:
                "A new run of the graph as it was, with the functions that it was made with, whatever the catalogue says "
                + "today. Nodes whose function nobody understands any more are named.",
            permission: .work, parameters: [run], answers: [accepted],
            problems: [.conflict, .quotaExceeded, .insufficientCredits, .exportExists, .invalid],
            takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/takes/{take}/graph", tag: "Runs", summary: "The graph that made a take",
            permission: .read, parameters: [.path("take", "The take's id.")],
            answers: [.ok("TakeGraph", "The graph, and the node that published the take.")], problems: [.noGraph]),
    ]
}
