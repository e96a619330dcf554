import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// What lies in a folder of a project.
struct FolderRoutes: RouteGroup {
    let directory: ProjectDirectory
    let folders: ProjectFolders

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/projects/{project}/folder", use: list)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let page = try PageRequest(request)
        let path = try request.uri.queryParameters["path"].flatMap { $0.isEmpty ? nil : String($0) }
            .map(FileAccess.readable)
        let last = try page.cursor.map { cursor in
            guard let name = try? RelativePath(cursor) else { throw PageRequest.badCursor }
            return name
        }
        let entries = try await folders.blocking { [folders] in
            try folders.translating {
                let root = try folders.open(project)
                let folder = try path.map(root.directory) ?? root
                return try folder.entries(limit: page.limit + 1, after: last)
            }
        }
        return try .json(Page(entries, for: page, key: \.name.text, item: FolderEntryDocument.init))
    }
}

/// A file or a folder as a list says it.
private struct FolderEntryDocument: Encodable, Sendable {
    let name: String
    let kind: String
    let sizeBytes: Int64?
    let mediaType: String?
    let changedAt: Date

    init(_ entry: SafeDirectory.Entry) {
        name = entry.name.text
        let isFile = entry.status.kind == .file
        kind = isFile ? "file" : "folder"
        sizeBytes = isFile ? entry.status.size : nil
        mediaType = isFile ? FileTypes.mediaType(of: entry.name.text) : nil
        changedAt = Date(timeIntervalSince1970: Double(entry.status.modifiedSeconds))
    }
}
