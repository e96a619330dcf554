import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres

/// Listing, reading and rating takes.
struct TakeRoutes: RouteGroup {
    let directory: ProjectDirectory
    let takes: TakeStore
    let files: JobFileStore
    let announcer: EventAnnouncer
    let rerun: TakeRerun

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/projects/{project}/takes", use: list)
        router.get("/api/v1/takes/{take}", use: get)
        router.put("/api/v1/takes/{take}/rating", use: rate)
        router.post("/api/v1/takes/{take}/rerun", use: makeAgain)
    }

    @Sendable private func makeAgain(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let take: TakeID = try context.identifier("take")
        let body = try await request.collectBytes(limit: 4096)
        return try await rerun.rerun(
            take, request: request, body: body.withUnsafeReadableBytes { Data($0) }, caller: caller, context: context)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let page = try PageRequest(request)
        let (shot, version) = try Self.filter(request)
        let rows = try await takes.list(
            project: project.id, shot: shot, version: version, limit: page.limit + 1,
            before: try page.after(TakeID.self))
        return try .json(
            Page(rows, for: page, key: { $0.id.description }) { TakeDocument($0, project: project.name) })
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let (take, project) = try await find(context, caller: caller)
        return try await answer(take, project: project)
    }

    @Sendable private func rate(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let (take, project) = try await find(context, caller: caller)
        let body = try TakeRating(try JSONBody.decode(JSONValue.self, from: try await request.collectJSON(limit: 4096)))
        let rated = try await takes.rate(
            take.id, tenant: caller.tenantID, rating: body.rating, circled: body.circled,
            expectedRevision: try request.ifMatchRevision())
        await announcer.announce()
        return try await answer(rated, project: project)
    }

    private func answer(_ take: TakeRecord, project: ProjectRecord) async throws -> Response {
        try .json(
            TakeDocument(take, project: project.name, files: try await files.list(of: take.job)),
            headers: [.eTag: TakeDocument.etag(of: take).description])
    }

    /// The take that a request names, and its project.
    private func find(
        _ context: GatewayContext, caller: Caller
    ) async throws -> (take: TakeRecord, project: ProjectRecord) {
        guard let take = try await takes.get(try context.identifier("take"), tenant: caller.tenantID) else {
            throw StudioError(.notFound, "there is no such take")
        }
        return (take, try await directory.project(take.project))
    }

    private static func filter(_ request: Request) throws(StudioError) -> (shot: String?, version: Int?) {
        let query = request.uri.queryParameters
        var findings: [Finding] = []
        var shot: String?
        if let text = query["shot"] {
            do { shot = try ShotName(String(text)).text } catch { findings += error.findings }
        }
        var version: Int?
        if let text = query["version"] {
            version = Int(text)
            if !(version.map((1...9999).contains) ?? false) {
                findings.append(Finding(pointer: "/version", code: "range", detail: "versions are 1 to 9999"))
            }
        }
        guard findings.isEmpty else { throw .invalid(findings) }
        return (shot, version)
    }
}

/// What people think of a take: `{"rating": 1…5 | null, "circled": true | false}`; what is left out stays as it is.
struct TakeRating: Sendable {
    /// 0 takes the rating away; nil leaves it.
    let rating: Int?
    let circled: Bool?

    init(_ body: JSONValue) throws(StudioError) {
        guard let members = body.objectValue else {
            throw .invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        var findings: [Finding] = []
        switch members["rating"] {
        case nil: rating = nil
        case .null: rating = 0
        case .some(let value):
            rating = value.intValue
            if !(rating.map((0...5).contains) ?? false) {
                findings.append(
                    Finding(pointer: "/rating", code: "range", detail: "must be a whole number from 0 to 5"))
            }
        }
        circled = members["circled"]?.boolValue
        if let value = members["circled"], value.boolValue == nil {
            findings.append(Finding(pointer: "/circled", code: "type", detail: "must be true or false"))
        }
        for key in members.keys.sorted() where key != "rating" && key != "circled" {
            findings.append(
                Finding(pointer: "/" + JSONPointer.escaped(key), code: "unknown-member", detail: "is not known here"))
        }
        guard findings.isEmpty else { throw .invalid(findings) }
    }
}
