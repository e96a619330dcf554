import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// `/api/v1/admin/worker-blocks`: the functions that workers are not given because they failed them again and again.
struct WorkerBlockRoutes: RouteGroup {
    let blocks: WorkerBlockStore

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/admin/worker-blocks", use: list)
        router.delete("/api/v1/admin/worker-blocks/{worker}/{function}", use: clear)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.requireOperator()
        let page = try PageRequest(request)
        let rows = try await blocks.list(limit: page.limit + 1, after: try Self.place(of: page.cursor))
        return try .json(
            Page(rows, for: page, key: { "\($0.worker)/\($0.function)" }, item: WorkerBlockDocument.init))
    }

    @Sendable private func clear(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.requireOperator()
        let worker: WorkerID = try context.identifier("worker")
        let function = try context.parameter("function")
        guard try await blocks.clear(worker, function: function, by: caller.author(context)) else {
            throw StudioError(.notFound, "this worker is given this function")
        }
        context.logger.notice(
            "a worker is given a function again",
            metadata: [LogKey.worker: "\(worker)", LogKey.function: "\(function)"])
        return Response(status: .noContent)
    }

    private static func place(of cursor: String?) throws(StudioError) -> (worker: WorkerID, function: String)? {
        guard let cursor else { return nil }
        let parts = cursor.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let worker = WorkerID(String(parts[0])) else { throw PageRequest.badCursor }
        return (worker, String(parts[1]))
    }
}

/// A block as operators see it. With the code alone: the words of a failure may name another tenant's files.
struct WorkerBlockDocument: Encodable, Sendable {
    let worker: WorkerID
    let workerName: String
    let function: String
    let failures: Int
    let lastCode: FailureCode
    let blockedAt: Date

    init(_ block: WorkerBlock) {
        worker = block.worker
        workerName = block.workerName
        function = block.function
        failures = block.failures
        lastCode = block.lastCode
        blockedAt = block.blockedAt
    }
}
