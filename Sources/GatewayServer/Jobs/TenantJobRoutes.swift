import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// `GET /api/v1/jobs`: the jobs of all of a tenant's projects.
struct TenantJobRoutes: RouteGroup {
    let jobs: JobStore
    let board: JobProgressBoard
    let progress: ProgressListener

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/jobs", use: list)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let page = try PageRequest(request)
        let filter = try TenantJobFilter(query: request, caller: caller)
        let rows = try await jobs.list(
            tenant: caller.tenantID, filter: filter, limit: page.limit + 1, before: try page.after(JobID.self))
        for project in Set(rows.lazy.filter { $0.state == .running }.map(\.project)) { progress.watch(project) }
        return try .json(
            Page(rows, for: page, key: { $0.id.description }) { JobDocument($0, report: board.report(of: $0.id)) })
    }
}

extension TenantJobFilter {
    /// Reads `state` (one or several, by comma), `function` and `user` (an id, or `me`); all that is wrong at once.
    init(query request: Request, caller: Caller) throws(StudioError) {
        let query = request.uri.queryParameters
        var findings: [Finding] = []
        let states = JobState.set(query["state"], findings: &findings)
        var user: UserID?
        if let text = query["user"] {
            user = text == "me" ? caller.userID : UserID(String(text))
            if user == nil {
                findings.append(Finding(pointer: "/user", code: "format", detail: "is a user's id, or me"))
            }
        }
        guard findings.isEmpty else { throw .invalid(findings) }
        self.init(states: states, function: query["function"].map(String.init), user: user)
    }
}

extension JobState {
    /// The states that a query names, by comma; nil where it names none. What is no state is found wrong.
    static func set(_ text: Substring?, findings: inout [Finding]) -> Set<JobState>? {
        guard let text else { return nil }
        let names = text.split(separator: ",", omittingEmptySubsequences: false)
        if names.contains(where: { JobState(rawValue: String($0)) == nil }) {
            let known = JobState.allCases.map(\.rawValue).joined(separator: ", ")
            findings.append(Finding(pointer: "/state", code: "enum", detail: "states are \(known)"))
        }
        return Set(names.compactMap { JobState(rawValue: String($0)) })
    }
}
