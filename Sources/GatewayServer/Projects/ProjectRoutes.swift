import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Making, listing, changing, pausing and archiving projects.
struct ProjectRoutes: RouteGroup {
    static let bodyLimit = 64 << 10

    let directory: ProjectDirectory
    let projects: ProjectStore
    let creation: ProjectCreation
    let manifests: ProjectManifests
    let dispatcher: Dispatcher
    let announcer: EventAnnouncer

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/projects", use: list)
        router.post("/api/v1/projects", use: create)
        router.get("/api/v1/projects/{project}", use: get)
        router.patch("/api/v1/projects/{project}", use: change)
        router.post("/api/v1/projects/{project}/archive", use: archive)
        router.post("/api/v1/projects/{project}/restore", use: restore)
        router.post("/api/v1/projects/{project}/pause") { try await set(isPaused: true, $1) }
        router.post("/api/v1/projects/{project}/resume") { try await set(isPaused: false, $1) }
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let page = try PageRequest(request)
        let query = request.uri.queryParameters
        let archived = query["archived"]
        guard archived == nil || archived == "true" || archived == "false" else {
            throw StudioError.invalid([Finding(pointer: "/archived", code: "type", detail: "must be true or false")])
        }
        let rows = try await projects.list(
            tenant: caller.tenantID, search: query["search"].map(String.init), includeArchived: archived == "true",
            limit: page.limit + 1, before: try page.after(ProjectID.self))
        return try .json(Page(rows, for: page, key: { $0.id.description }, item: ProjectDocument.init))
    }

    @Sendable private func create(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.produce)
        let data = try await request.collectJSON(limit: Self.bodyLimit)
        let claim = try request.idempotency(body: data, caller: caller)
        let body = try ProjectBody(try JSONBody.decode(JSONValue.self, from: data), creating: true)
        // Both are there: the body was read as one that makes a project.
        guard let text = body.name, let title = body.title else {
            throw StudioError(.internalFault, "a checked body lacks what was checked")
        }
        let project = NewProject(
            id: ProjectID(), tenant: caller.tenantID, name: try ProjectName(text), title: title,
            description: body.description ?? "", quality: body.quality ?? .standard, createdBy: caller.userID)
        switch try await creation.create(
            project, tenantName: caller.tenantName, author: ProjectAuthor(caller), idempotency: claim)
        {
        case .replayed(let answer):
            return JSONAnswer(replaying: answer)
        case .made(let record):
            await announcer.announce()
            context.logger.info("project made", metadata: [LogKey.project: "\(record.name)"])
            return try ProjectDocument.created(record)
        }
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        return try Self.answer(try await directory.visible(try context.parameter("project"), caller: caller))
    }

    @Sendable private func change(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.produce)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let data = try await request.collectJSON(limit: Self.bodyLimit)
        let body = try ProjectBody(try JSONBody.decode(JSONValue.self, from: data), creating: false)
        let revision = try request.ifMatchRevision()
        try await manifests.requireReadable(project)
        let changed = try await projects.update(
            project.id, title: body.title, description: body.description, quality: body.quality,
            expectedRevision: revision, by: caller.author(context))
        await announcer.announce()
        do {
            try await manifests.bringUpToDate(changed.id, author: ProjectAuthor(caller))
        } catch {
            // The change is made, and the file is due until it is written: to send the request again would be in vain.
            context.logger.warning(
                "project.json cannot be written now; it follows", error: error,
                metadata: [LogKey.project: "\(changed.name)"])
        }
        context.logger.info("project changed", metadata: [LogKey.project: "\(changed.name)"])
        return try Self.answer(changed)
    }

    @Sendable private func archive(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.produce)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let archived = try await projects.archive(project.id, by: caller.author(context))
        await announcer.announce()
        context.logger.info("project archived", metadata: [LogKey.project: "\(archived.name)"])
        return try Self.answer(archived)
    }

    @Sendable private func restore(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.produce)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let restored = try await projects.restore(project.id, by: caller.author(context))
        await announcer.announce()
        context.logger.info("project restored", metadata: [LogKey.project: "\(restored.name)"])
        return try Self.answer(restored)
    }

    private func set(isPaused: Bool, _ context: GatewayContext) async throws -> Response {
        let caller = try context.require(.produce)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let changed = try await projects.set(project.id, isPaused: isPaused, by: caller.author(context))
        dispatcher.lookAtEverything()
        await announcer.announce()
        context.logger.info(
            isPaused ? "project paused" : "project resumed", metadata: [LogKey.project: "\(changed.name)"])
        return try Self.answer(changed)
    }

    private static func answer(_ project: ProjectRecord) throws -> Response {
        try .json(ProjectDocument(project), headers: [.eTag: ProjectDocument.etag(of: project).description])
    }
}
