import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Uploading and downloading a project's files.
struct FileRoutes: RouteGroup {
    let directory: ProjectDirectory
    let upload: FileUpload
    let folders: ProjectFolders
    let digests: FileDigests

    func addRoutes(to router: Router<GatewayContext>) {
        router.put("/api/v1/projects/{project}/files/**", use: put)
        router.get("/api/v1/projects/{project}/files/**", use: get)
    }

    /// 201 or 200 with the file; 308 with `Range` while parts are missing.
    @Sendable private func put(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let path = try FileAccess.writable(try context.pathTail())
        switch try await upload.receive(request, path: path, project: project, caller: caller) {
        case .partial(let size):
            var headers: HTTPFields = [.cacheControl: "no-store"]
            if size > 0 { headers[.range] = "bytes=0-\(size - 1)" }
            return Response(status: .permanentRedirect, headers: headers)
        case .complete(let file):
            context.logger.info(
                "file uploaded",
                metadata: [LogKey.project: "\(project.name)", "file": "\(file.path)", "bytes": "\(file.sizeBytes)"])
            let location =
                "/api/v1/projects/\(project.name)/files/"
                + path.components.map(PercentCoding.encode).joined(separator: "/")
            return try .json(
                file, status: file.isNew ? .created : .ok,
                headers: [.location: location, .eTag: EntityTag(file.sha256).description])
        }
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let path = try FileAccess.readable(try context.pathTail())
        _ = try await folders.storing { () async throws(StorageError) in
            try await folders.objects.restore(
                path, missing: false, of: project.objects, in: folders.path(of: project))
        }
        let unread = try await folders.blocking { [folders, digests] in
            try folders.translating {
                try folders.open(project).status(of: path).map { digests.knows($0) ? 0 : $0.size } ?? 0
            }
        }
        let (file, tag) = try await folders.interruptible(bytes: unread) { [folders, digests] check in
            try folders.translating {
                let opened = try folders.open(project).open(path)
                let content = try digests.hash(of: opened.raw, path: path.text, check: check)
                return (try OpenFile(owning: opened.release()), EntityTag(content))
            }
        }
        return try MediaResponse(
            file: file, contentType: FileTypes.mediaType(of: path.name), etag: tag, fileName: path.name
        ).response(to: request)
    }
}

/// Media types by extension, for downloads.
enum FileTypes {
    private static let types: [String: String] = [
        "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "mkv": "video/x-matroska",
        "webm": "video/webm", "avi": "video/x-msvideo", "mpg": "video/mpeg", "mpeg": "video/mpeg", "ts": "video/mp2t",
        "mxf": "application/mxf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "tif": "image/tiff",
        "tiff": "image/tiff", "webp": "image/webp", "gif": "image/gif", "bmp": "image/bmp", "heic": "image/heic",
        "exr": "image/x-exr", "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "aif": "audio/aiff",
        "aiff": "audio/aiff", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg", "opus": "audio/ogg",
        "json": "application/json", "txt": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8",
        "edl": "text/plain; charset=utf-8", "zip": "application/zip",
    ]

    /// The media type of a file's name; bytes where it says nothing, or something a browser would run.
    static func mediaType(of name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        return types[name[name.index(after: dot)...].lowercased()] ?? "application/octet-stream"
    }
}
