import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore

/// A person's own unsaved state of a canvas. Nobody else sees it.
struct CanvasAutosaveRoutes: RouteGroup {
    private static let bodyLimit = CanvasVersion.longest + 4096

    let directory: ProjectDirectory
    let autosaves: CanvasAutosaves

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/projects/{project}/canvases/{canvas}/autosave", use: get)
        router.put("/api/v1/projects/{project}/canvases/{canvas}/autosave", use: put)
        router.delete("/api/v1/projects/{project}/canvases/{canvas}/autosave", use: delete)
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        guard let state = try await autosaves.get(context.canvas(), user: caller.userID, in: project) else {
            throw StudioError(.notFound, "you have nothing unsaved of this canvas")
        }
        return try .json(state)
    }

    @Sendable private func put(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let name = try context.canvas()
        let data = try await request.collectJSON(limit: Self.bodyLimit)
        let state = try await autosaves.folders.interruptible(bytes: Int64(data.count)) { _ in
            try Autosave(sent: JSONBody.decode(JSONValue.self, from: data), at: Date())
        }
        try await autosaves.put(state, of: name, user: caller.userID, in: project)
        return try .json(Kept(base: state.base, savedAt: state.savedAt))
    }

    @Sendable private func delete(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        try await autosaves.remove(context.canvas(), user: caller.userID, in: project)
        return .noContent
    }

    private struct Kept: Encodable {
        let base: String?
        let savedAt: Date

        private enum Key: String, CodingKey { case base, savedAt }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(base, forKey: .base)
            try container.encode(savedAt, forKey: .savedAt)
        }
    }
}
