import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// Who runs what: for operators all of it, for the administrators and producers of a tenant what concerns its jobs.
struct WorkerRoutes: RouteGroup {
    let workers: WorkerStore
    let bus: EventBus
    /// How long after its last sign of life a worker is shown as lost.
    let silence: Duration

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/workers", use: list)
        router.post("/api/v1/workers/{worker}/drain", use: drain)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.produce)
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
        let caller = try context.requireOperator()
        let id: WorkerID = try context.identifier("worker")
        guard let worker = try await workers.drain(id, by: caller.author(context)) else {
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
        WorkerDocument(worker, isSilent: worker.silence > silence, showsMachine: showsMachine)
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
        state = Self.state(of: worker, isSilent: isSilent)
        startedAt = worker.startedAt
        seenAt = worker.seenAt
        running = worker.running.map { Claim(job: $0.job, attempt: $0.attempt) }
        blockedFunctions = machine == nil ? nil : worker.blockedFunctions
    }

    /// What a worker is called: one that has not stopped and is silent for too long is lost.
    static func state(of worker: WorkerRecord, isSilent: Bool) -> String {
        isSilent && worker.state != .stopped ? "lost" : worker.state.rawValue
    }
}
