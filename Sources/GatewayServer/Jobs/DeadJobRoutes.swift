import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// `/api/v1/admin/dead-jobs`: what failed for good, with the cause of every attempt.
struct DeadJobRoutes: RouteGroup {
    let jobs: JobStore

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/admin/dead-jobs", use: list)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.produce)
        let page = try PageRequest(request)
        let query = request.uri.queryParameters
        var code: FailureCode?
        if let text = query["code"] {
            code = FailureCode(rawValue: String(text))
            if code == nil {
                let known = FailureCode.allCases.map(\.rawValue).joined(separator: ", ")
                throw StudioError.invalid([Finding(pointer: "/code", code: "enum", detail: "codes are \(known)")])
            }
        }
        let rows = try await jobs.dead(
            tenant: caller.tenantID, code: code, function: query["function"].map(String.init), limit: page.limit + 1,
            before: try page.after(JobID.self))
        return try .json(
            Page(rows, for: page, key: { $0.job.id.description }) {
                JobDocument($0.job, report: nil, attempts: $0.attempts)
            })
    }
}
