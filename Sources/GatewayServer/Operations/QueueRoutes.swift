import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis

/// What waits and how long; operators pause queues.
struct QueueRoutes: RouteGroup {
    let jobs: JobStore
    let pauses: QueuePauses
    let queue: TaskQueue
    let library: FunctionLibrary
    let dispatcher: Dispatcher
    let history: QueueHistory
    var now: @Sendable () -> Date = { Date() }

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/queues", use: list)
        router.get("/api/v1/queues/history", use: history)
        router.post("/api/v1/queues/{queue}/pause") { try await set(isPaused: true, $1) }
        router.post("/api/v1/queues/{queue}/resume") { try await set(isPaused: false, $1) }
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.produce)
        let page = try PageRequest(request)
        let documents = try await documents(for: caller) { names in
            Array(names.drop { name in page.cursor.map { name <= $0 } ?? false }.prefix(page.limit + 1))
        }
        return try .json(Page(documents, for: page, key: \.name) { $0 })
    }

    @Sendable private func history(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.produce)
        let page = try PageRequest(request)
        let minutes = try await history.read(of: caller.isOperator ? nil : caller.tenantID)
        let documents = QueueHistoryDocument.all(minutes)
            .drop { document in page.cursor.map { document.name <= $0 } ?? false }.prefix(page.limit + 1)
        return try .json(Page(Array(documents), for: page, key: \.name) { $0 })
    }

    private func set(isPaused: Bool, _ context: GatewayContext) async throws -> Response {
        let caller = try context.requireOperator()
        let name = try context.parameter("queue")
        // A name that is spelt wrong would pause nothing, and nobody would know.
        guard try await documents(for: caller, among: { $0.filter { $0 == name } }).first != nil else {
            throw StudioError(.notFound, "there is no such queue")
        }
        try await pauses.set(name, isPaused: isPaused, by: caller.author(context))
        dispatcher.lookAtEverything()
        context.logger.notice(isPaused ? "queue paused" : "queue resumed", metadata: ["queue": "\(name)"])
        guard let document = try await documents(for: caller, among: { $0.filter { $0 == name } }).first else {
            // It was known by its pause alone.
            return .noContent
        }
        return try .json(document)
    }

    /// The queues that functions name, that unfinished jobs wait in, and that are paused, as far as they are chosen.
    private func documents(
        for caller: Caller, among choose: ([String]) -> [String]
    ) async throws -> [QueueDocument] {
        let load = try await jobs.load(of: caller.isOperator ? nil : caller.tenantID)
        let paused = try await pauses.names()
        // A queue that only waiting jobs name, since its function is gone, is still one to look at.
        var known = library.queues + load.map(\.queue)
        if caller.isOperator { known += paused }
        let names = choose(Set(known).sorted())
        let denied = caller.isOperator ? try await queue.denied(among: names) : []
        // The runway is everybody's: its length says how much others have submitted.
        let depths = caller.isOperator ? try await queue.depths(of: names.filter { !denied.contains($0) }) : nil
        let now = now()
        return names.map { name in
            let waiting = load.first { $0.queue == name }
            return QueueDocument(
                name: name, paused: paused.contains(name), queued: waiting?.queued ?? 0,
                running: waiting?.running ?? 0,
                onRunway: depths?.filter { $0.queue == name }.reduce(0) { $0 + $1.count },
                denied: caller.isOperator ? denied.contains(name) : nil,
                oldestAgeSeconds: waiting?.oldestReadyAt.map { max(0, now.timeIntervalSince($0)) })
        }
    }
}

/// A queue: for operators with everybody's jobs, for others with those of their tenant.
struct QueueDocument: Encodable, Sendable {
    let name: String
    /// Whether nothing is started from it.
    let paused: Bool
    /// Jobs that are ready and not claimed, pushed or not.
    let queued: Int
    let running: Int
    /// Messages in Redis; for operators.
    let onRunway: Int?
    /// Whether an access rule of Redis keeps the studio from the queue's lists: nothing of it is dispatched. For operators.
    let denied: Bool?
    /// How long the oldest queued job has waited.
    let oldestAgeSeconds: Double?
}

/// How a queue went in the last hour, minute by minute.
struct QueueHistoryDocument: Encodable, Sendable {
    /// One minute; without counts of what waits where no gateway was there to look.
    struct Minute: Encodable, Sendable {
        let at: Date
        let queued: Int?
        let running: Int?
        let oldestAgeSeconds: Double?
        let succeeded: Int
        let failed: Int
        let cancelled: Int

        init(_ minute: QueueMinute) {
            at = minute.minute
            queued = minute.queued
            running = minute.running
            oldestAgeSeconds = minute.oldestSeconds
            succeeded = minute.succeeded
            failed = minute.failed
            cancelled = minute.cancelled
        }
    }

    let name: String
    let minutes: [Minute]

    /// The queues of minutes that stand by queue and time.
    static func all(_ minutes: [QueueMinute]) -> [Self] {
        Dictionary(grouping: minutes, by: \.queue).sorted { $0.key < $1.key }
            .map { Self(name: $0.key, minutes: $0.value.map(Minute.init)) }
    }
}
