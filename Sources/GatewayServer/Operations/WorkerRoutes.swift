import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis

/// For operators: who runs what, and what waits.
struct WorkerRoutes: RouteGroup {
    let workers: WorkerStore
    let queries: OperatorQueries
    let queue: TaskQueue
    let library: FunctionLibrary
    /// How long after its last sign of life a worker is shown as lost.
    let silence: Duration
    var now: @Sendable () -> Date = { Date() }

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/workers", use: list)
        router.get("/api/v1/queues", use: queues)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let page = try PageRequest(request)
        let after = try page.after(WorkerID.self)
        // The workers are everybody's; what they run is each tenant's own.
        let rows = try await workers.list(holdingOf: caller.tenantID)
            .sorted { $0.registration.id < $1.registration.id }
            .drop { worker in after.map { worker.registration.id <= $0 } ?? false }
            .prefix(page.limit + 1)
        let (now, silence) = (now(), Double(silence.components.seconds))
        return try .json(
            Page(Array(rows), for: page, key: { $0.registration.id.description }) {
                WorkerDocument($0, isSilent: now.timeIntervalSince($0.seenAt) > silence)
            })
    }

    @Sendable private func queues(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.require(.administer)
        let page = try PageRequest(request)
        let names = library.queues.drop { name in page.cursor.map { name <= $0 } ?? false }.prefix(page.limit + 1)
        let depths = try await queue.depths(of: Array(names))
        let backlog = try await queries.backlog()
        let now = now()
        return try .json(
            Page(Array(names), for: page, key: { $0 }) { name in
                let waiting = backlog.first { $0.queue == name }
                return QueueDocument(
                    name: name, queued: waiting?.queued ?? 0, running: waiting?.running ?? 0,
                    onRunway: depths.filter { $0.queue == name }.reduce(0) { $0 + $1.count },
                    oldestAgeSeconds: waiting?.oldestQueuedAt.map { max(0, now.timeIntervalSince($0)) })
            })
    }
}

/// A worker as operators see it.
struct WorkerDocument: Encodable, Sendable {
    struct Claim: Encodable, Sendable {
        let job: JobID
        let attempt: Int
    }

    let id: WorkerID
    let name: String
    let hostname: String
    let pid: Int
    let version: String
    let queues: [String]
    let slots: Int
    /// `serving`, `draining`, `stopped`, or `lost` for one that should be there and gives no sign of life.
    let state: String
    let startedAt: Date
    let seenAt: Date
    let running: [Claim]
    /// Functions it is not given, because it failed them again and again.
    let blockedFunctions: [String]

    init(_ worker: WorkerRecord, isSilent: Bool) {
        id = worker.registration.id
        name = worker.registration.name
        hostname = worker.registration.hostname
        pid = worker.registration.pid
        version = worker.registration.version
        queues = worker.registration.queues
        slots = worker.registration.slots
        state = isSilent && worker.state != .stopped ? "lost" : worker.state.rawValue
        startedAt = worker.startedAt
        seenAt = worker.seenAt
        running = worker.running.map { Claim(job: $0.job, attempt: $0.attempt) }
        blockedFunctions = worker.blockedFunctions
    }
}

/// A queue as operators see it.
struct QueueDocument: Encodable, Sendable {
    let name: String
    /// Jobs that are ready and not claimed, pushed or not.
    let queued: Int
    let running: Int
    /// Messages in Redis.
    let onRunway: Int
    /// How long the oldest queued job has waited.
    let oldestAgeSeconds: Double?
}
