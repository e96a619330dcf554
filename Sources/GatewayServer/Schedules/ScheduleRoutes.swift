import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// A project's recurring jobs. Whoever changes one last pays for its jobs.
struct ScheduleRoutes: RouteGroup {
    /// As large as a submission may be, and the schedule around it.
    static let bodyLimit = JobRoutes.bodyLimit + 4096

    let database: Database
    let directory: ProjectDirectory
    let schedules: ScheduleStore
    let check: ScheduleCheck
    /// Called after a schedule was made or changed: it may be due before any other.
    let onChange: @Sendable () -> Void

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/projects/{project}/schedules", use: list)
        router.post("/api/v1/projects/{project}/schedules", use: create)
        router.get("/api/v1/projects/{project}/schedules/{schedule}", use: get)
        router.patch("/api/v1/projects/{project}/schedules/{schedule}", use: change)
        router.delete("/api/v1/projects/{project}/schedules/{schedule}", use: remove)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let page = try PageRequest(request)
        let rows = try await schedules.list(
            project: project.id, limit: page.limit + 1, before: try page.after(ScheduleID.self))
        return try .json(Page(rows, for: page, key: { $0.id.description }, item: ScheduleDocument.init))
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        return try Self.answer(try await schedule(context, of: project))
    }

    @Sendable private func create(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let name = try context.parameter("project")
        let data = try await request.collectJSON(limit: Self.bodyLimit)
        let id = ScheduleID()
        let claim = try request.idempotency(body: data, caller: caller)
        let project: ProjectRecord
        let definition: ScheduleDefinition
        let times: ScheduleCheck.Times
        do {
            project = try await directory.writable(name, caller: caller)
            let body = ScheduleBody(try JSONBody.decode(JSONValue.self, from: data), creating: true)
            (definition, times) = try await check.check(body, body.definition, project: project, caller: caller)
        } catch {
            // A repeated request gets its first answer, also when the world has moved on since and it would be refused.
            guard let claim, let first = try await check.submission.idempotency.find(claim) else { throw error }
            return JSONAnswer(replaying: first).response
        }
        let response = try await IdempotentRoute(database).respond(to: request, body: data, caller: caller) {
            [schedules] connection in
            let made = try schedules.create(
                id, definition, project: project, user: caller.userID, next: times.next(after:), on: connection)
            try ActionLog.write(
                ScheduleStore.action(.scheduleCreated, made), by: caller.author(context), on: connection)
            return try .created(
                ScheduleDocument(made), location: ScheduleDocument.path(of: made),
                etag: EntityTag(revision: made.revision))
        }
        onChange()
        context.logger.info("schedule made", metadata: Self.metadata(id, project))
        return response
    }

    @Sendable private func change(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let data = try await request.collectJSON(limit: Self.bodyLimit)
        let old = try await schedule(context, of: project)
        try request.requireIfMatch(EntityTag(revision: old.revision))
        let body = ScheduleBody(try JSONBody.decode(JSONValue.self, from: data), creating: false)
        let (definition, times) = try await check.check(
            body, body.changed(old.definition), project: project, caller: caller)
        let changed = try await schedules.update(
            old.id, definition, project: project.id, user: caller.userID, expectedRevision: old.revision,
            by: caller.author(context), next: times.next(after:))
        onChange()
        context.logger.info("schedule changed", metadata: Self.metadata(old.id, project))
        return try Self.answer(changed)
    }

    @Sendable private func remove(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let id: ScheduleID = try context.identifier("schedule")
        let revision = request.headers[.ifMatch] == nil ? nil : try request.ifMatchRevision()
        try await schedules.delete(
            id, project: project.id, expectedRevision: revision, by: caller.author(context))
        context.logger.info("schedule removed", metadata: Self.metadata(id, project))
        return .noContent
    }

    private func schedule(_ context: GatewayContext, of project: ProjectRecord) async throws -> ScheduleRecord {
        guard let found = try await schedules.get(try context.identifier("schedule"), project: project.id) else {
            throw StudioError(.notFound, "there is no such schedule")
        }
        return found
    }

    private static func answer(_ schedule: ScheduleRecord) throws -> Response {
        try .json(
            ScheduleDocument(schedule), headers: [.eTag: EntityTag(revision: schedule.revision).description])
    }

    private static func metadata(_ id: ScheduleID, _ project: ProjectRecord) -> Logger.Metadata {
        [ScheduleFiring.scheduleKey: "\(id)", LogKey.project: "\(project.name)"]
    }
}
