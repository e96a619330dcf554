import StudioCore

extension OpenAPIPaths {
    /// Folders of projects.
    static let folders: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/api/v1/projects/{project}/folder", tag: "Files",
            summary: "What lies in a project's folder, by name",
            detail: "Files and folders; hidden ones and links are left out. Its files are read at `…/files/{path}`.",
            permission: .read,
            parameters: [
                .project, .query("path", "The folder's path in the project; the project's own by default.", .text()),
            ]
                + OpenAPIOperation.Parameter.page,
            answers: [.page(of: "FolderEntry")])
    ]
}

extension OpenAPISchemas {
    /// Folders of projects.
    static let folders: [(String, OpenAPISchema)] = [
        (
            "FolderEntry",
            .object(
                [
                    ("name", .text()), ("kind", .word(["file", "folder"])), ("sizeBytes", .count("Of a file.")),
                    ("mediaType", .text("Of a file, by its name.")), ("changedAt", .time()),
                ], optional: ["sizeBytes", "mediaType"])
        )
    ]
}
