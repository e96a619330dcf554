import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioRedis
import StudioSystem

/// `/api/v1/admin/dead-messages`: what came over the queues and nobody could read. For operators, who may put it back or
/// forget it.
struct DeadMessageRoutes: RouteGroup {
    let queue: TaskQueue
    /// The queues that workers serve.
    let queues: @Sendable () -> [String]

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/admin/dead-messages", use: list)
        router.post("/api/v1/admin/dead-messages/{message}/requeue", use: requeue)
        router.delete("/api/v1/admin/dead-messages/{message}", use: remove)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.requireOperator()
        let page = try PageRequest(request)
        let all = try await queue.deadMessages(limit: TaskQueue.deadMessagesKept).map(DeadMessage.init)
        // The same bytes may be there twice: they have one name, and are one thing to look at.
        var seen: Set<String> = []
        var rows = all.filter { seen.insert($0.id).inserted }
        if let cursor = page.cursor {
            guard let last = rows.firstIndex(where: { $0.id == cursor }) else {
                guard SHA256Digest(hex: cursor) != nil else { throw PageRequest.badCursor }
                return try .json(Page([], for: page, key: \DeadMessage.id, item: DeadMessageDocument.init))
            }
            rows.removeSubrange(...last)
        }
        return try .json(
            Page(Array(rows.prefix(page.limit + 1)), for: page, key: \.id, item: DeadMessageDocument.init))
    }

    @Sendable private func requeue(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.requireOperator()
        let message = try await message(context)
        guard try await queue.requeueDead(message.raw, to: StudioKeys.defaultQueue, among: queues()) else {
            throw Self.missing
        }
        context.logger.notice("a dead message is back on its queue", metadata: ["message": "\(message.id)"])
        return try .json(DeadMessageDocument(message), status: .accepted)
    }

    @Sendable private func remove(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.requireOperator()
        let message = try await message(context)
        guard try await queue.removeDead(message.raw) else { throw Self.missing }
        context.logger.notice("a dead message is forgotten", metadata: ["message": "\(message.id)"])
        return Response(status: .noContent)
    }

    private func message(_ context: GatewayContext) async throws -> DeadMessage {
        let id = try context.parameter("message")
        let all = try await queue.deadMessages(limit: TaskQueue.deadMessagesKept)
        guard let raw = all.first(where: { SHA256.hex(of: $0) == id }) else { throw Self.missing }
        return DeadMessage(raw)
    }

    private static let missing = StudioError(.notFound, "there is no such message")
}

/// A message that nobody could read, and why.
struct DeadMessage: Sendable {
    /// The SHA-256 of its bytes.
    let id: String
    let raw: [UInt8]
    /// The message, where its envelope can be read.
    let message: TaskMessage?
    let reason: String

    init(_ raw: [UInt8]) {
        self.raw = raw
        id = SHA256.hex(of: raw)
        do throws(TaskMessageError) {
            let message = try TaskMessage(decoding: raw)
            self.message = message
            do throws(TaskMessageError) {
                _ = try message.call()
                reason = "nobody here could run it"
            } catch {
                reason = error.message
            }
        } catch {
            message = nil
            reason = error.message
        }
    }
}

/// A dead message as operators see it. Of what it says only the beginning: the rest is for whoever looks into Redis.
struct DeadMessageDocument: Encodable, Sendable {
    /// How much of a message is shown.
    private static let shown = 2048

    let id: String
    let reason: String
    let bytes: Int
    let task: String?
    let taskId: String?
    let queue: String?
    let text: String

    init(_ dead: DeadMessage) {
        id = dead.id
        reason = dead.reason
        bytes = dead.raw.count
        task = dead.message?.task
        taskId = dead.message?.id
        queue = dead.message?.routingKey
        text = String(decoding: dead.raw.prefix(Self.shown), as: UTF8.self)
    }

    private enum CodingKeys: String, CodingKey { case id, reason, bytes, task, taskId, queue, text }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(reason, forKey: .reason)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(task, forKey: .task)
        try container.encode(taskId, forKey: .taskId)
        try container.encode(queue, forKey: .queue)
        try container.encode(text, forKey: .text)
    }
}
