import StudioCore

extension OpenAPIPaths {
    private static let path = "/api/v1/projects/{project}/canvases/{canvas}"
    private static let named: [OpenAPIOperation.Parameter] = [
        .project,
        .path("canvas", "The canvas' name: its file's without the extension.", OpenAPISchemas.cutName),
    ]
    private static let etag = [("ETag", "The version: Git's name for this text.")]
    private static let merged = etag + [("Canvas-Merged", "`true` where the answer is not what was sent alone.")]

    /// Documents of the Production Canvas.
    static let canvases: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/canvases", tag: "Canvases",
            summary: "A project's canvases by name", permission: .read,
            parameters: [.project] + OpenAPIOperation.Parameter.page, answers: [.page(of: "CanvasLine")]),
        OpenAPIOperation(
            method: "GET", path: path, tag: "Canvases", summary: "A canvas as it is now, or was",
            detail:
                "What is in `02_Source_Creative/Canvases/<canvas>.json` counts, whoever wrote it. The answer is its "
                + "canonical text: keys sorted, without what only says how it looks on one page at the moment.",
            permission: .read,
            parameters: named + [
                .query("commit", "A commit of the history; default what is there now.", .text()), .ifNoneMatch,
            ],
            answers: [
                .ok("Canvas", "The canvas.", headers: etag),
                .init(status: 304, detail: "The client has this version.", headers: etag),
            ],
            problems: [.invalid, .conflict]),
        OpenAPIOperation(
            method: "POST", path: path + "/validate", tag: "Canvases", summary: "All that is wrong with a canvas",
            detail: "Of the canvas that is sent, or without a body of the saved one. Nothing is started or kept.",
            permission: .read, parameters: named, body: .json("Canvas"), isBodyRequired: false,
            answers: [.ok("CanvasValidation", "What was found; `valid` where nothing keeps a run from starting.")],
            problems: [.conflict]),
        OpenAPIOperation(
            method: "GET", path: path + "/export", tag: "Canvases", summary: "A canvas as one file",
            detail: "With the functions that it uses, and the names and digests of the files and takes that it names.",
            permission: .read, parameters: named, answers: [.ok("CanvasBundle", "The file.")],
            problems: [.invalid, .conflict]),
        OpenAPIOperation(
            method: "PUT", path: path, tag: "Canvases", summary: "Save a canvas",
            detail:
                "A commit by the caller; what says the same as what is there makes none. The main canvas, `main_canvas`, is "
                + "kept in `project.json` too, by the same commit. Send `If-Match` with the ETag of the version that was "
                + "changed, or `If-None-Match: *` for a new canvas. A stale save is refused with `currentETag` and, where "
                + "the version is known, `changes`: what others changed since, by node, edge and field, with who and when. "
                + "With `merge=true` it is brought together with those: different nodes, different fields and places never "
                + "conflict, and of two places the later save's counts; otherwise 409 `canvas-conflict` names every field "
                + "with `base`, `theirs` and `yours`. At most \(CanvasVersion.mostNodes) nodes and "
                + "\(CanvasVersion.longest >> 20) MiB. The caller's autosave is removed.",
            permission: .work,
            parameters: named + [
                .query("merge", "Whether a stale save is merged; default false.", .flag()),
                .header("If-Match", "The `ETag` of the version that was changed, or `*`."),
                .header("If-None-Match", "`*` for a new canvas."),
            ],
            body: .json("Canvas"),
            answers: [
                .ok("Canvas", "The canvas as it is now.", headers: merged),
                .init(
                    status: 201, detail: "It is new.", contents: [.json("Canvas")],
                    headers: etag + [("Location", "The canvas' address.")]),
            ],
            problems: [
                .conflict, .canvasConflict, .schemaVersionUnsupported, .preconditionFailed, .preconditionRequired,
                .storageFull,
            ]),
        OpenAPIOperation(
            method: "DELETE", path: path, tag: "Canvases", summary: "Delete a canvas",
            detail: "By a commit: its history stays, and any version of it can be restored. Not `main_canvas`.",
            permission: .work, parameters: named,
            answers: [.init(status: 204, detail: "It is gone.")], problems: [.invalid, .conflict], needsIfMatch: true),
        OpenAPIOperation(
            method: "GET", path: path + "/history", tag: "Canvases",
            summary: "The versions of a canvas, newest first",
            detail: "Saves and people's own commits of the file. A page is shorter where the versions are large.",
            permission: .read, parameters: named + OpenAPIOperation.Parameter.page,
            answers: [.page(of: "CanvasHistoryLine")]),
        OpenAPIOperation(
            method: "POST", path: path + "/restore", tag: "Canvases", summary: "Save an earlier version again",
            detail: "As saving it would; what came after it stays in the history. A deleted canvas is restored with "
                + "`If-None-Match: *`.",
            permission: .work,
            parameters: named + [
                .header("If-Match", "The `ETag` of the version that is replaced, or `*`."),
                .header("If-None-Match", "`*` where the canvas was deleted."),
            ],
            body: .json("CanvasRestoring"),
            answers: [
                .ok("Canvas", "The canvas as it is now.", headers: merged),
                .init(
                    status: 201, detail: "It is there again.", contents: [.json("Canvas")],
                    headers: etag + [("Location", "The canvas' address.")]),
            ],
            problems: [
                .conflict, .schemaVersionUnsupported, .preconditionFailed, .preconditionRequired, .storageFull,
            ]),
        OpenAPIOperation(
            method: "POST", path: path + "/import", tag: "Canvases", summary: "Save a canvas that came as one file",
            detail:
                "As saving it would; the answer says what of it is not in this project, or is another than it was made "
                + "with. With `comfy=true` the body is a ComfyUI workflow in API format, or `{\"graph\": …}` with "
                + "`parameters`, `inputs`, `outputs`, `seed` and `filenames` as a node's `data.workflow` has them, and the "
                + "canvas has it as its one node.",
            permission: .work,
            parameters: named + [
                .query("comfy", "Whether the body is a ComfyUI workflow; default false.", .flag()),
                .header("If-Match", "The `ETag` of the version that is replaced, or `*`."),
                .header("If-None-Match", "`*` for a new canvas."),
            ],
            body: .init(
                mediaType: "application/json",
                schema: .either([.named("CanvasBundle"), .anything("A ComfyUI workflow.")])),
            answers: [
                .ok("CanvasImport", "It is saved.", headers: etag),
                .init(
                    status: 201, detail: "It is new.", contents: [.json("CanvasImport")],
                    headers: etag + [("Location", "The canvas' address.")]),
            ],
            problems: [
                .conflict, .schemaVersionUnsupported, .preconditionFailed, .preconditionRequired, .storageFull,
            ]),
        OpenAPIOperation(
            method: "PUT", path: path + "/autosave", tag: "Canvases", summary: "Keep the caller's unsaved state",
            detail:
                "A file below `04_Project_Files/Auto_Saves/` that Git passes over, in the place of the one before; it goes "
                + "when the caller saves. Of at most \(CanvasAutosaves.most) canvases of a project.",
            permission: .work, parameters: named, body: .json("NewCanvasAutosave"),
            answers: [.ok("CanvasAutosaveKept", "It is kept.")],
            problems: [.conflict, .quotaExceeded, .storageFull]),
        OpenAPIOperation(
            method: "GET", path: path + "/autosave", tag: "Canvases", summary: "The caller's unsaved state",
            detail: "Nobody else sees it.", permission: .read, parameters: named,
            answers: [.ok("CanvasAutosave", "The state, and the version that it was made from.")],
            problems: [.invalid]),
        OpenAPIOperation(
            method: "DELETE", path: path + "/autosave", tag: "Canvases", summary: "Discard the caller's unsaved state",
            permission: .work, parameters: named, answers: [.init(status: 204, detail: "There is none now.")],
            problems: [.invalid, .conflict]),
    ]
}

extension OpenAPISchemas {
    private static let kept = OpenAPISchema.anything("Kept as it is.")
    private static let base = OpenAPISchema.nullable(
        .text("The ETag of the version it was made from; null for a canvas that was never saved."))

    /// Documents of the Production Canvas.
    static let canvases: [(String, OpenAPISchema)] = [
        (
            "Canvas",
            .object(
                [
                    (
                        "nodes",
                        .list(
                            .object(
                                [
                                    ("id", .text()), ("type", .text()), ("position", .anything("`x` and `y`.")),
                                    ("data", .anything("What the node says, by its type.")), ("parentId", .text()),
                                ], optional: ["data", "parentId"], others: kept))
                    ),
                    (
                        "edges",
                        .list(
                            .object(
                                [
                                    ("id", .text()), ("source", .text()), ("target", .text()),
                                    ("sourceHandle", .nullable(.text())), ("targetHandle", .nullable(.text())),
                                ], optional: ["sourceHandle", "targetHandle"], others: kept))
                    ), ("viewport", .anything("What part is seen: `x`, `y` and `zoom`.")),
                ], optional: ["nodes", "edges", "viewport"], others: kept,
                "A graph in Svelte Flow's own shape; members that the server does not know are kept.")
        ),
        (
            "CanvasLine",
            .object(
                [
                    ("name", cutName), ("etag", .text()), ("nodes", .count()), ("edges", .count()),
                    ("updatedAt", .time()), ("updatedBy", .text("Who; missing for a change that is not committed.")),
                    ("problem", .text("Why the file cannot be read as a canvas.")),
                ], optional: ["updatedBy", "problem"])
        ),
        (
            "CanvasHistoryLine",
            .object(
                [
                    ("commit", .text(pattern: "^[0-9a-f]{40}$")),
                    ("etag", .text("Missing where the commit removed the canvas, or has a file that is none.")),
                    ("author", .text()), ("at", .time()), ("message", .text("The first line.")),
                ], optional: ["etag"])
        ),
        (
            "CanvasRestoring",
            .object([("commit", .text("The commit that has the version.", pattern: "^[0-9a-f]{40}$"))])
        ),
        (
            "NewCanvasAutosave",
            .object([("base", base), ("document", .named("Canvas"))], optional: ["base"], isClosed: true)
        ),
        ("CanvasAutosave", .object([("base", base), ("savedAt", .time()), ("document", .named("Canvas"))])),
        ("CanvasAutosaveKept", .object([("base", base), ("savedAt", .time())])),
        (
            "CanvasValidation",
            .object([
                ("valid", .flag()),
                (
                    "findings",
                    .list(
                        .object(
                            [
                                ("node", .text()), ("edge", .text()), ("pointer", .text("Into the canvas.")),
                                ("code", .text()), ("detail", .text()), ("severity", .word(["error", "warning"])),
                            ], optional: ["node", "edge"]))
                ),
            ])
        ),
        (
            "CanvasBundle",
            .object(
                [
                    ("format", .word([CanvasBundle.format])), ("formatVersion", .whole(1...CanvasBundle.formatVersion)),
                    ("name", .text()), ("canvas", .named("Canvas")),
                    (
                        "functions",
                        .list(
                            .object([
                                ("name", .text()), ("version", .text()), ("digest", .text()),
                                ("manifest", .anything("As the catalogue has it.")),
                            ]))
                    ),
                    (
                        "files",
                        .list(
                            .object(
                                [("path", .text()), ("sha256", .text()), ("bytes", .count())], optional: ["bytes"]))
                    ), ("takes", .list(.object([("take", .id()), ("sha256", .text())]))),
                ], optional: ["name", "functions", "files", "takes"])
        ),
        (
            "CanvasImport",
            .object([
                ("etag", .text()),
                (
                    "missing",
                    .object([
                        (
                            "functions",
                            .list(
                                .object(
                                    [
                                        ("name", .text()), ("version", .text("That it was made with.")),
                                        ("found", .text("That is there.")),
                                    ], optional: ["version", "found"]))
                        ),
                        (
                            "files",
                            .list(
                                .object(
                                    [
                                        ("path", .text()), ("sha256", .text("That it was made with.")),
                                        ("found", .text("That is there.")),
                                    ], optional: ["sha256", "found"]))
                        ), ("takes", .list(.id())),
                    ])
                ),
            ])
        ),
        (
            "CanvasChange",
            .object(
                [
                    ("node", .text()), ("edge", .text()), ("kind", .word(CanvasChange.Kind.allCases.map(\.rawValue))),
                    ("fields", .list(.text("A JSON pointer below the node, the edge or the document."))),
                    ("by", .text("Who changed it last, where that is known.")), ("at", .time()),
                ], optional: ["node", "edge", "by", "at"])
        ),
        (
            "CanvasConflict",
            .object(
                [
                    ("node", .text()), ("edge", .text()),
                    ("field", .text("A JSON pointer; empty where one side deleted the whole of it.")),
                    ("base", .anything("What it was; missing where it was not there.")),
                    ("theirs", .anything("What was saved meanwhile.")), ("yours", .anything("What was sent.")),
                ], optional: ["node", "edge", "base", "theirs", "yours"])
        ),
    ]
}
