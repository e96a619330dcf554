import StudioCore

extension OpenAPIPaths {
    /// What lies in projects' asset folders.
    static let assets: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/assets", tag: "Assets",
            summary: "The files of a project's asset folder, by path",
            detail:
                "As they were taken in: a file counts once it was left alone for the settle time "
                + "(`INGEST_SETTLE_MS`). `asset.changed` tells of each.",
            permission: .read,
            parameters: [.project] + OpenAPIOperation.Parameter.page + [
                .query("under", "Only what lies in this folder, however deep.", .text())
            ],
            answers: [.page(of: "Asset")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/assets/{path}", tag: "Assets",
            summary: "A file of the asset folder, with its probe and what was made of it",
            detail:
                "Pictures that differ in their last number alone are one sequence where there are 24 or more in a folder: "
                + "the probe and what was made are then those of the whole `sequence`, whichever of its pictures is asked for.",
            permission: .read,
            parameters: [.project, .path("path", "The file's path in the project; may have slashes.", .text())],
            answers: [.ok("Asset", "The file.", headers: [("ETag", "The version of its content.")])],
            problems: [.invalid]),
    ]
}

extension OpenAPISchemas {
    /// What lies in projects' asset folders.
    static let assets: [(String, OpenAPISchema)] = [
        (
            "Asset",
            .object(
                [
                    ("path", .text("Relative to the project.")), ("fileName", .text()), ("mediaType", .text()),
                    ("sha256", .text(pattern: "^[0-9a-f]{64}$")), ("sizeBytes", .count()), ("changedAt", .time()),
                    ("probe", .anything("What the file is, where it is media and once that is known.")),
                    (
                        "derivatives",
                        .list(
                            .object(
                                [
                                    ("kind", .word(AssetDerivative.allCases.map(\.rawValue))), ("job", .id()),
                                    ("state", .word(JobState.allCases.map(\.rawValue))),
                                    ("link", .text("Where its bytes are, once there are any.")),
                                ], optional: ["link"]), "Where one asset is asked for.")
                    ),
                    (
                        "sequence",
                        .object(
                            [
                                ("pattern", .text("The names, with `#` for each digit of the number.")),
                                ("first", .count()), ("last", .count()),
                                ("padding", .count()), ("count", .count()), ("missingCount", .count()),
                            ], optional: ["padding"])
                    ),
                    ("links", .object([("self", .text()), ("file", .text())])),
                ], optional: ["probe", "derivatives", "sequence"])
        )
    ]
}
