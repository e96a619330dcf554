import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// Who runs what, and what waits: for operators all of it, for the administrators of a tenant what concerns its jobs.
struct WorkerRoutes: RouteGroup {
    let workers: WorkerStore
    let jobs: JobStore
    let queue: TaskQueue
    let bus: EventBus
    let library: FunctionLibrary
    /// How long after its last sign of life a worker is shown as lost.
    let silence: Duration
    var now: @Sendable () -> Date = { Date() }

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/workers", use: list)
        router.post("/api/v1/workers/{worker}/drain", use: drain)
        router.get("/api/v1/queues", use: queues)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let page = try PageRequest(request)
        let after = try page.after(WorkerID.self)
        let rows = try await workers.list(runningFor: caller.isOperator ? nil : caller.tenantID)
            .sorted { $0.registration.id < $1.registration.id }
            .drop { worker in after.map { worker.registration.id <= $0 } ?? false }
            .prefix(page.limit + 1)
        return try .json(
            Page(Array(rows), for: page, key: { $0.registration.id.description }) {
                document($0, showsMachine: caller.isOperator)
            })
    }

    /// The row first, the message after: a gateway that dies in between has told the worker all the same.
    @Sendable private func drain(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.requireOperator()
        let id: WorkerID = try context.identifier("worker")
        guard let worker = try await workers.drain(id) else {
            throw StudioError(.notFound, "there is no worker of this id")
        }
        guard worker.state != .stopped else { return try .json(document(worker, showsMachine: true)) }
        context.logger.notice("a worker is asked to drain", metadata: [LogKey.worker: "\(id)"])
        do {
            try await bus.send(.drain, to: id)
        } catch {
            context.logger.notice(
                "the worker hears of the drain at its next heartbeat", error: error, metadata: [LogKey.worker: "\(id)"])
        }
        return try .json(document(worker, showsMachine: true), status: .accepted)
    }

    private func document(_ worker: WorkerRecord, showsMachine: Bool) -> WorkerDocument {
        let silent = now().timeIntervalSince(worker.seenAt) > Double(silence.components.seconds)
        return WorkerDocument(worker, isSilent: silent, showsMachine: showsMachine)
    }

    @Sendable private func queues(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let page = try PageRequest(request)
        let load = try await jobs.load(of: caller.isOperator ? nil : caller.tenantID)
        // A queue that only waiting jobs name, since its function is gone, is still one to look at.
        let names = Set(library.queues).union(load.map(\.queue)).sorted()
            .drop { name in page.cursor.map { name <= $0 } ?? false }.prefix(page.limit + 1)
        // The runway is everybody's: its length says how much others have submitted.
        let depths = caller.isOperator ? try await queue.depths(of: Array(names)) : nil
        let now = now()
        return try .json(
            Page(Array(names), for: page, key: { $0 }) { name in
                let waiting = load.first { $0.queue == name }
                return QueueDocument(
                    name: name, queued: waiting?.queued ?? 0, running: waiting?.running ?? 0,
                    onRunway: depths?.filter { $0.queue == name }.reduce(0) { $0 + $1.count },
                    oldestAgeSeconds: waiting?.oldestReadyAt.map { max(0, now.timeIntervalSince($0)) })
            })
    }
}

/// A worker as operators see it. Others see that it works for them, not what machine it is.
struct WorkerDocument: Encodable, Sendable {
    struct Claim: Encodable, Sendable {
        let job: JobID
        let attempt: Int
    }

    let id: WorkerID
    let name: String
    let hostname: String?
    let pid: Int?
    let version: String?
    let queues: [String]?
    let slots: Int?
    /// `serving`, `draining`, `stopped`, or `lost` for one that should be there and gives no sign of life.
    let state: String
    let startedAt: Date
    let seenAt: Date
    let running: [Claim]
    /// Functions it is not given, because it failed them again and again.
    let blockedFunctions: [String]?

    /// What is answered of a worker.
    ///
    /// - Parameters:
    ///   - worker: The worker, with the jobs that the caller may know of.
    ///   - isSilent: Whether it has given no sign of life for too long.
    ///   - showsMachine: Whether the caller may know where it runs and what it can do.
    init(_ worker: WorkerRecord, isSilent: Bool, showsMachine: Bool) {
        let machine = showsMachine ? worker.registration : nil
        id = worker.registration.id
        name = worker.registration.name
        hostname = machine?.hostname
        pid = machine?.pid
        version = machine?.version
        queues = machine?.queues
        slots = machine?.slots
        state = isSilent && worker.state != .stopped ? "lost" : worker.state.rawValue
        startedAt = worker.startedAt
        seenAt = worker.seenAt
        running = worker.running.map { Claim(job: $0.job, attempt: $0.attempt) }
        blockedFunctions = machine == nil ? nil : worker.blockedFunctions
    }
}

/// A queue: for operators with everybody's jobs, for others with those of their tenant.
struct QueueDocument: Encodable, Sendable {
    let name: String
    /// Jobs that are ready and not claimed, pushed or not.
    let queued: Int
    let running: Int
    /// Messages in Redis; for operators.
    let onRunway: Int?
    /// How long the oldest queued job has waited.
    let oldestAgeSeconds: Double?
}
