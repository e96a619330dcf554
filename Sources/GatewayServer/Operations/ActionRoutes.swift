import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// `GET /api/v1/audit`: who did what, and when.
struct ActionRoutes: RouteGroup {
    let actions: ActionLog
    let projects: ProjectDirectory

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/audit", use: list)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let page = try PageRequest(request)
        var before: Int64?
        if let cursor = page.cursor {
            before = Int64(cursor)
            if before == nil { throw PageRequest.badCursor }
        }
        var filter = try ActionFilter(query: request)
        if let name = request.uri.queryParameters["project"] {
            filter.project = try await projects.visible(String(name), caller: caller).id
        }
        let rows = try await actions.list(
            tenant: caller.tenantID, filter: filter, limit: page.limit + 1, before: before)
        return try .json(Page(rows, for: page, key: { String($0.id) }, item: ActionDocument.init))
    }
}

extension ActionFilter {
    /// Reads `action` (one or several, by comma; `job` means all that begin with `job.`) and `user`.
    init(query request: Request) throws(StudioError) {
        let query = request.uri.queryParameters
        var findings: [Finding] = []
        var kinds: Set<Action.Kind>?
        if let text = query["action"] {
            let found = text.split(separator: ",", omittingEmptySubsequences: false).map { word in
                Action.Kind.allCases.filter { $0.rawValue == word || $0.rawValue.hasPrefix("\(word).") }
            }
            if found.contains(where: \.isEmpty) {
                let known = Action.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                findings.append(Finding(pointer: "/action", code: "enum", detail: "actions are \(known)"))
            }
            kinds = Set(found.joined())
        }
        var user: UserID?
        if let text = query["user"] {
            user = UserID(String(text))
            if user == nil { findings.append(Finding(pointer: "/user", code: "format", detail: "is a user's id")) }
        }
        guard findings.isEmpty else { throw .invalid(findings) }
        self.init(kinds: kinds, user: user)
    }
}

/// An action as administrators see it.
struct ActionDocument: Encodable, Sendable {
    struct User: Encodable, Sendable {
        let id: UserID
        let email: String
        let displayName: String
    }

    let id: String
    let at: Date
    let action: String
    /// Who; null is the studio itself.
    let user: User?
    let subject: String
    let project: String?
    let detail: JSONValue
    let requestId: String?

    init(_ action: ActionRecord) {
        id = String(action.id)
        at = action.at
        self.action = action.kind
        user = action.user.map {
            User(id: $0, email: action.userEmail ?? "", displayName: action.userName ?? "")
        }
        subject = action.subject
        project = action.projectName
        detail = action.detail
        requestId = action.requestID
    }

    private enum Key: String, CodingKey { case id, at, action, user, subject, project, detail, requestId }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(id, forKey: .id)
        try container.encode(at, forKey: .at)
        try container.encode(action, forKey: .action)
        try container.encode(user, forKey: .user)
        try container.encode(subject, forKey: .subject)
        try container.encodeIfPresent(project, forKey: .project)
        try container.encode(detail, forKey: .detail)
        try container.encodeIfPresent(requestId, forKey: .requestId)
    }
}
