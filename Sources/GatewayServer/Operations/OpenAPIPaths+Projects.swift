import StudioCore

extension OpenAPIPaths {
    private static let etag = ("ETag", "The project's version, for `If-Match`.")

    /// Projects.
    static let projects: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects", tag: "Projects", summary: "The tenant's projects, newest first",
            permission: .read,
            parameters: OpenAPIOperation.Parameter.page + [
                .query("search", "Text to look for in names and titles.", .text()),
                .query("archived", "Whether archived projects are listed too; default false.", .flag()),
            ],
            answers: [.page(of: "Project")]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects", tag: "Projects", summary: "Make a project",
            detail: "Scaffolds the folder, writes the manifest, makes the Git repository and its first commit.",
            permission: .produce, body: .json("NewProject"),
            answers: [
                .init(
                    status: 201, detail: "The project.", contents: [.json("Project")],
                    headers: [("Location", "The project's address."), etag])
            ],
            problems: [.conflict, .storageFull], takesIdempotencyKey: true),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}", tag: "Projects", summary: "A project", permission: .read,
            parameters: [.project], answers: [.ok("Project", "The project.", headers: [etag])]),
        OpenAPIOperation(
            method: "PATCH", path: "/api/v1/projects/{project}", tag: "Projects",
            summary: "Change a project's settings",
            detail: "`project.json` follows with a commit: at once, or as soon as the project's repository lets it.",
            permission: .produce, parameters: [.project], body: .json("ProjectChange"),
            answers: [.ok("Project", "The project afterwards.", headers: [etag])],
            problems: [.conflict, .schemaVersionUnsupported, .storageFull], needsIfMatch: true),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects/{project}/archive", tag: "Projects", summary: "Archive a project",
            detail: "Read-only and hidden from lists; nothing on disk is deleted. Repeating it changes nothing.",
            permission: .produce, parameters: [.project],
            answers: [.ok("Project", "The project afterwards.", headers: [etag])]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects/{project}/restore", tag: "Projects",
            summary: "Bring an archived project back", permission: .produce, parameters: [.project],
            answers: [.ok("Project", "The project afterwards.", headers: [etag])]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects/{project}/pause", tag: "Projects", summary: "Pause a project",
            detail: "None of its jobs is started; what runs goes on. Repeating it changes nothing.",
            permission: .produce, parameters: [.project],
            answers: [.ok("Project", "The project afterwards.", headers: [etag])]),
        OpenAPIOperation(
            method: "POST", path: "/api/v1/projects/{project}/resume", tag: "Projects",
            summary: "Go on with a paused project", permission: .produce, parameters: [.project],
            answers: [.ok("Project", "The project afterwards.", headers: [etag])]),
    ]

    /// The function catalogue.
    static let functions: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/functions", tag: "Functions", summary: "The function catalogue, by name",
            permission: .read, parameters: OpenAPIOperation.Parameter.page, answers: [.page(of: "Function")]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/functions/{function}", tag: "Functions", summary: "A function",
            permission: .read, parameters: [.path("function", "The function's name.", .text())],
            answers: [.ok("Function", "The function, with the JSON Schema of its parameters.")]),
    ]

    private static let stored = [("Location", "Its address."), ("ETag", "Its SHA-256, as GET says it too.")]

    /// Files of people.
    static let files: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "PUT", path: "/api/v1/projects/{project}/files/{path}", tag: "Files", summary: "Upload a file",
            detail:
                "Below `01_Assets/` and `02_Source_Creative/`; `path` may have slashes. Streamed to disk, hashed on "
                + "the way and committed. With `Content-Range: bytes first-last/total` a file may come in parts; "
                + "`Content-Range: bytes */total` asks how much has come, and finishes an upload whose parts have all come. "
                + "A file that is there is replaced only with `If-Match` and its `ETag`, and only where the project's "
                + "checkout has no uncommitted changes of it; where the commit fails the file before is back.",
            permission: .work,
            parameters: [
                .project, .path("path", "The file's path in the project; may have slashes.", .text()),
                .header("Content-Range", "Which part of the file the body is."),
                .header("If-Match", "The `ETag` of the file that is replaced, or `*`; needed where there is one."),
                .header("If-None-Match", "`*` where there must be no such file yet."),
            ],
            body: .init(mediaType: "application/octet-stream", schema: .bytes),
            answers: [
                .ok("StoredFile", "The file took the place of an older one.", headers: stored),
                .init(
                    status: 201, detail: "The file is new.", contents: [.json("StoredFile")], headers: stored),
                .init(
                    status: 308, detail: "Parts are missing.",
                    headers: [("Range", "What has come; missing where nothing has.")]),
            ],
            problems: [.conflict, .preconditionFailed, .preconditionRequired, .storageFull]),
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/files/{path}", tag: "Files", summary: "Download a file",
            permission: .read,
            parameters: [.project, .path("path", "The file's path in the project; may have slashes.", .text())]
                + OpenAPIOperation.Parameter.download,
            answers: downloads("*/*"), problems: [.invalid, .rangeNotSatisfiable, .preconditionFailed]),
    ]

    /// The answers of what serves a file that a storage may serve itself.
    static func media() -> [OpenAPIOperation.Answer] {
        downloads("*/*") + [
            .init(
                status: 307,
                detail:
                    "The storage serves it (`STORAGE=s3://…`): at an address that is good for a while, without a token. "
                    + "`Prefer: inline-media` has the bytes come from here.",
                headers: [("Location", "Where it is served."), ("ETag", "The file's version.")])
        ]
    }

    /// The answers of everything that serves a file.
    static func downloads(_ mediaType: String) -> [OpenAPIOperation.Answer] {
        let headers = [
            ("ETag", "The file's version."), ("Accept-Ranges", "`bytes`."), ("Last-Modified", "When it was written."),
            ("Content-Disposition", "What it is called."),
        ]
        let bytes = OpenAPIOperation.Content(mediaType: mediaType, schema: .bytes)
        return [
            .init(status: 200, detail: "The file.", contents: [bytes], headers: headers),
            .init(
                status: 206, detail: "A range of it.", contents: [bytes],
                headers: headers + [("Content-Range", "Which bytes, of how many.")]),
            .init(status: 304, detail: "The client has this version.", headers: [headers[0]]),
        ]
    }
}
