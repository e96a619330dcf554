import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// Listing, reading, saving, merging, deleting and restoring canvases.
struct CanvasRoutes: RouteGroup {
    let directory: ProjectDirectory
    let files: CanvasFiles
    let history: CanvasHistory
    let saving: CanvasSaving
    let news: CanvasNews

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/projects/{project}/canvases", use: list)
        router.get("/api/v1/projects/{project}/canvases/{canvas}", use: get)
        router.put("/api/v1/projects/{project}/canvases/{canvas}", use: put)
        router.delete("/api/v1/projects/{project}/canvases/{canvas}", use: delete)
        router.get("/api/v1/projects/{project}/canvases/{canvas}/history", use: versions)
        router.post("/api/v1/projects/{project}/canvases/{canvas}/restore", use: restore)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        return try .json(try await files.list(of: project, PageRequest(request)))
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let name = try context.canvas()
        let version =
            if let commit = request.uri.queryParameters["commit"] {
                try await history.version(of: name, at: String(commit), in: project, pointer: "/commit")
            } else {
                try await files.read(name, of: project)
            }
        if let known = request.headers[.ifNoneMatch].map(EntityTagCondition.init), known.matchesWeakly(version.etag) {
            return Response(status: .notModified, headers: [.eTag: version.etag.description])
        }
        return Self.answer(version)
    }

    @Sendable private func put(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let name = try context.canvas()
        let condition = try CanvasCondition(request)
        let merges = try request.flag("merge")
        let version = try await canvas(in: request)
        let saved = try await saving.save(
            CanvasSaving.Wish(
                name: name, version: version, condition: condition, merges: merges, author: ProjectAuthor(caller)),
            in: project)
        return await finish(saved, name, project, caller, context)
    }

    @Sendable private func restore(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let name = try context.canvas()
        let condition = try CanvasCondition(request)
        let body = try await request.decode(Restoring.self, limit: 4096, context: context)
        let version = try await history.version(of: name, at: body.commit, in: project, pointer: "/commit")
        let saved = try await saving.save(
            CanvasSaving.Wish(
                name: name, version: version, condition: condition,
                message: "Restore the canvas \(name.text) of \(body.commit.prefix(12))", author: ProjectAuthor(caller)),
            in: project)
        return await finish(saved, name, project, caller, context)
    }

    private struct Restoring: Decodable {
        let commit: String
    }

    @Sendable private func delete(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let name = try context.canvas()
        let condition = try CanvasCondition(request)
        try await saving.delete(name, condition, of: project, author: ProjectAuthor(caller))
        await news.deleted(name, project, caller, context)
        return .noContent
    }

    @Sendable private func versions(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        return try .json(try await history.list(of: try context.canvas(), in: project, PageRequest(request)))
    }

    /// The canvas that a request's body is. Large ones are read on the threads for that.
    private func canvas(in request: Request) async throws -> CanvasVersion {
        let data = try await request.collectJSON(limit: CanvasVersion.longest)
        return try await files.folders.interruptible(bytes: Int64(data.count)) { _ in
            try CanvasVersion(sent: JSONBody.decode(JSONValue.self, from: data))
        }
    }

    private func finish(
        _ saved: CanvasSaving.Saved, _ name: CanvasName, _ project: ProjectRecord, _ caller: Caller,
        _ context: GatewayContext
    ) async -> Response {
        await news.saved(saved, name, project, caller, context)
        var headers: HTTPFields = [:]
        if saved.isMerged { headers[.canvasMerged] = "true" }
        if saved.isNew { headers[.location] = Self.path(of: name, in: project) }
        return Self.answer(saved.version, status: saved.isNew ? .created : .ok, headers: headers)
    }

    static func path(of name: CanvasName, in project: ProjectRecord) -> String {
        "/api/v1/projects/\(project.name)/canvases/\(name.text)"
    }

    /// The canonical text itself: the ETag is of what is sent.
    private static func answer(
        _ version: CanvasVersion, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.eTag] = version.etag.description
        return JSONAnswer(encoded: Data(version.text), status: status, headers: headers).response
    }
}

extension HTTPField.Name {
    /// `Canvas-Merged`: what is answered is not what was sent, but that together with what others had saved.
    static let canvasMerged = Self(known: "canvas-merged")
}

extension GatewayContext {
    /// The canvas that the path names.
    func canvas() throws -> CanvasName { try CanvasName(try parameter("canvas"), pointer: "/canvas") }
}
