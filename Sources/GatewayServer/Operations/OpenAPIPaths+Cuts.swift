import StudioCore

extension OpenAPIPaths {
    /// Cuts of takes.
    static let cuts: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "PUT", path: "/api/v1/projects/{project}/cuts/{cut}", tag: "Cuts", summary: "Write a cut of takes",
            detail:
                "Writes `04_Project_Files/EDLs/<cut>.otio`, and `<cut>.edl` where an EDL can say it, and commits them. The "
                + "whole cut is held against its takes first: a take too short for its shot or its dissolve is refused by "
                + "name, and all that is wrong is told at once.",
            permission: .work,
            parameters: [
                .project,
                .path("cut", "The cut's name: a file's name without its extension.", OpenAPISchemas.cutName),
            ],
            body: .json("NewCut"), answers: [.ok("Cut", "The cut as it was written.")],
            problems: [.conflict, .storageFull]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects/{project}/exports", tag: "Cuts", summary: "Export a film",
            detail:
                "Makes `06_Exports/<name>.<ext>` of a cut: the path of an OTIO or EDL file below `04_Project_Files/`, or a "
                + "list of shots. The whole cut is held against the takes and files that are there first, and all that is "
                + "missing, too short or a gap is told by name at once. The 202 is a promise, as of any job. With `split` the "
                + "film is made in chunks: the answer is the job that joins them, and what is done to it is done to them.",
            permission: .work, parameters: [.project], body: .json("NewExport"),
            answers: [
                .init(
                    status: 202, detail: "The job that makes it.", contents: [.json("JobReceipt")],
                    headers: [("Location", "The job's address.")])
            ],
            problems: [.quotaExceeded, .insufficientCredits, .conflict, .exportExists], takesIdempotencyKey: true),
    ]
}
