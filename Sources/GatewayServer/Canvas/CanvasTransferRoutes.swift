import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// What is wrong with a canvas where it is, and taking it elsewhere as one file.
struct CanvasTransferRoutes: RouteGroup {
    private static let bodyLimit = 2 * CanvasVersion.longest

    let directory: ProjectDirectory
    let files: CanvasFiles
    let saving: CanvasSaving
    let lookup: CanvasLookup
    let news: CanvasNews

    func addRoutes(to router: Router<GatewayContext>) {
        router.post("/api/v1/projects/{project}/canvases/{canvas}/validate", use: validate)
        router.get("/api/v1/projects/{project}/canvases/{canvas}/export", use: export)
        router.post("/api/v1/projects/{project}/canvases/{canvas}/import", use: take)
    }

    @Sendable private func validate(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let name = try context.canvas()
        let document: CanvasDocument
        if request.hasBody {
            let data = try await request.collectJSON(limit: CanvasVersion.longest)
            do {
                document = try await files.folders.interruptible(bytes: Int64(data.count)) { _ in
                    try CanvasDocument(reading: data)
                }
            } catch let error as StudioError where error.code == .invalid {
                return try .json(CanvasFindings(error).json)
            }
        } else {
            document = try await files.read(name, of: project).document
        }
        let compiler = CanvasCompiler(
            try await lookup.surroundings(of: document, in: project), sha256: { SHA256.hex(of: $0) })
        // Many nodes take their time.
        let findings = try await files.folders.interruptible(bytes: ProjectFolders.largeBytes) { _ in
            compiler.validate(document)
        }
        return try .json(findings.json)
    }

    @Sendable private func export(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let name = try context.canvas()
        let version = try await files.read(name, of: project)
        let surroundings = try await lookup.surroundings(of: version.document, in: project)
        let bundle = CanvasBundle(name: name.text, canvas: version.document, surroundings: surroundings)
        return try .json(
            bundle.json,
            headers: [
                .contentDisposition: ContentDisposition.attachment.header(fileName: "\(name.text).studio-canvas.json")
            ])
    }

    @Sendable private func take(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let name = try context.canvas()
        let condition = try CanvasCondition(request)
        let wraps = try request.flag("comfy")
        let data = try await request.collectJSON(limit: Self.bodyLimit)
        let (bundle, version) = try await files.folders.interruptible(bytes: Int64(data.count)) { _ in
            let body = try JSONBody.decode(JSONValue.self, from: data)
            let bundle =
                try wraps
                ? Self.wrapping(body, name: name) : CanvasBundle(body, sha256: { SHA256.hex(of: $0) })
            return (bundle, try CanvasVersion(sent: bundle.canvas.json, pointer: wraps ? "" : "/canvas"))
        }
        let surroundings = try await lookup.surroundings(of: bundle.canvas, in: project)
        let saved = try await saving.save(
            CanvasSaving.Wish(
                name: name, version: version, condition: condition, message: "Import the canvas \(name.text)",
                author: ProjectAuthor(caller)),
            in: project)
        await news.saved(saved, name, project, caller, context)
        let etag = saved.version.etag.description
        var headers: HTTPFields = [.eTag: etag]
        if saved.isNew { headers[.location] = CanvasRoutes.path(of: name, in: project) }
        return try .json(
            ["etag": .string(etag), "missing": bundle.missing(in: surroundings).json] as JSONValue,
            status: saved.isNew ? .created : .ok, headers: headers)
    }

    /// A canvas with a ComfyUI workflow as its one node: the workflow in API format, or `{"graph", …}` with what of it is to
    /// be set from outside.
    private static func wrapping(_ body: JSONValue, name: CanvasName) throws -> CanvasBundle {
        var choice: [String: JSONValue]?
        var graph = body
        if let inner = body["graph"], inner.objectValue != nil, inner["class_type"] == nil {
            graph = inner
            var members = body.objectValue ?? [:]
            members["graph"] = nil
            choice = members.isEmpty ? nil : members
        }
        let node = try CanvasNode.wrapping(graph, id: "workflow", choice: choice)
        return CanvasBundle(
            name: name.text, canvas: CanvasDocument(nodes: [node]),
            surroundings: CanvasSurroundings(functions: CanvasFunctions([])))
    }
}

extension Request {
    /// Whether the request has a body, were it an empty one in pieces.
    fileprivate var hasBody: Bool {
        headers[.contentLength].map { $0 != "0" } ?? (headers[.transferEncoding] != nil)
    }
}
