import Foundation
import QueueProtocol
import StudioRedis
import Testing

@Suite("Task queue", .timeLimit(.minutes(10)))
struct TaskQueueTests {
    private let keys = StudioKeys()

    @Test func takesInOrderOfUrgencyThenAge() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { _, queue, consumer in
                let urgencies = [0, 5, 9, 2, 8, 9, 5, 3, 0]
                let messages = urgencies.map { TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: $0)) }
                try await queue.push(messages)
                #expect(try await queue.depths(of: ["studio"]).map(\.count) == [3, 2, 2, 2])
                var taken: [TaskMessage] = []
                while true {
                    let some = try await consumer.reserve(upTo: 2)
                    if some.isEmpty { break }
                    #expect(some.count <= 2)
                    taken += some.map(\.message)
                }
                // Within one list the oldest first; lists in the order of their steps.
                let expected = TaskPriority.wireSteps.flatMap { step in messages.filter { $0.priority.wireStep == step }
                }
                #expect(taken == expected)
                #expect(try await queue.depths(of: ["studio"]).allSatisfy { $0.count == 0 })
            }
        }
    }

    @Test func manyMessagesArePushedInOrder() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { _, queue, consumer in
                let messages = (0..<5000).map { index in
                    TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: index % 2 == 0 ? 9 : 0))
                }
                try await queue.push(messages)
                let taken = try await consumer.reserve(upTo: 5000).map(\.message.id)
                #expect(
                    taken == messages.filter { $0.priority.urgency == 9 }.map(\.id)
                        + messages.filter { $0.priority.urgency == 0 }.map(\.id))
            }
        }
    }

    @Test func queuesAreServedInTheOrderGiven() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                let consumer = TaskConsumer(
                    worker: WorkerID(), queues: ["gpu", "studio"], client: client, keys: keys, group: eventLoops,
                    logger: silent)
                func message(_ queue: String, _ urgency: Int) -> TaskMessage {
                    .render(job: JobID(), queue: queue, priority: TaskPriority(urgency: urgency))
                }
                let (a, b, c, d) = (message("studio", 9), message("gpu", 0), message("gpu", 9), message("studio", 0))
                try await TaskQueue(client: client, keys: keys).push([a, b, c, d])
                #expect(try await consumer.reserve(upTo: 10).map(\.message) == [c, a, b, d])
            }
        }
    }

    @Test func aMessageIsHeldUntilItIsAcknowledged() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { client, queue, consumer in
                try await queue.push(
                    (0..<3).map { _ in TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 5)) })
                #expect(try await consumer.reserve(upTo: 0).isEmpty)
                let tasks = try await consumer.reserve(upTo: 3)
                let list = RedisCommand("LLEN", .text(keys.processing(consumer.worker)))
                #expect(try await client.send(list).integer == 3)
                #expect(try await queue.workersWithMessages() == [consumer.worker])
                try await consumer.acknowledge([tasks[1]])
                #expect(try await client.send(list).integer == 2)
                try await consumer.retire()
                #expect(try await queue.workersWithMessages() == [consumer.worker])
                try await consumer.acknowledge([tasks[0], tasks[2], tasks[2]])
                try await consumer.retire()
                #expect(try await queue.workersWithMessages().isEmpty)
                #expect(try await client.send(list).integer == 0)
            }
        }
    }

    @Test func whatIsNoMessageGoesToTheDeadList() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { client, queue, consumer in
                let good = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 9))
                let junk = ["not json", "[1,2]", "7", "", "{\"headers\": {}}", "{\"a\": ", "null"]
                for text in junk { _ = try await client.send(RedisCommand("LPUSH", "studio", .text(text))) }
                try await queue.push([good])
                #expect(try await consumer.reserve(upTo: 10).map(\.message) == [good])
                let dead = try await queue.deadMessages(limit: 100).map { String(decoding: $0, as: UTF8.self) }
                #expect(Set(dead) == Set(junk))
                #expect(
                    try await client.send(RedisCommand("LLEN", .text(keys.processing(consumer.worker)))).integer == 1)
            }
        }
    }

    @Test func theDeadListIsBounded() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { client, queue, consumer in
                for batch in 0..<15 {
                    let junk = (0..<100).map { RedisArgument.text("junk \(batch * 100 + $0)") }
                    _ = try await client.send(RedisCommand("LPUSH", arguments: ["studio"] + junk))
                }
                let good = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 9))
                try await queue.push([good])
                var taken: [ReservedTask] = []
                while taken.isEmpty { taken = try await consumer.reserve(upTo: 1) }
                let dead = try await queue.deadMessages(limit: 5000)
                #expect(dead.count == 1000)
                #expect(dead.first == Array("junk 1499".utf8))
                try await consumer.bury(taken)
                #expect(try await queue.deadMessages(limit: 1) == [good.encoded()])
                #expect(try await queue.deadMessages(limit: 5000).count == 1000)
            }
        }
    }

    @Test func givenBackIsServedNextAndMarked() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { _, queue, consumer in
                let messages = (0..<4).map { _ in TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 5)) }
                try await queue.push(messages)
                let taken = try await consumer.reserve(upTo: 2)
                try await consumer.giveBack(taken)
                let again = try await consumer.reserve(upTo: 4).map(\.message)
                #expect(again.map(\.id) == messages.map(\.id))
                #expect(again.map(\.isRedelivered) == [true, true, false, false])
            }
        }
    }

    @Test func theRunwayIsMissingAfterEveryRestart() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                let queue = TaskQueue(client: client, keys: keys)
                guard case .missing(let run) = try await queue.runway() else {
                    Issue.record("a fresh server has a mark")
                    return
                }
                #expect(try await queue.runway() == .missing(run: run))
                try await queue.markRunway(run)
                #expect(try await queue.runway() == .laid)
                // With its data or without it: the mark may be back, the messages since the snapshot are not.
                for saved in [true, false] {
                    if saved { _ = try await client.send(RedisCommand("SAVE")) }
                    try await server.kill()
                    try await untilAway(client)
                    if !saved {
                        _ = try? FileManager.default.removeItem(atPath: server.path("dump.rdb"))
                    }
                    try await server.start()
                    try await client.waitUntilConnected()
                    let stored = try await client.send(RedisCommand("EXISTS", .text(keys.runwayMark))).integer
                    #expect(stored == (saved ? 1 : 0))
                    guard case .missing(let next) = try await queue.runway() else {
                        Issue.record("the restart was not noticed")
                        return
                    }
                    #expect(next != run)
                    // The mark of a run that is over marks nothing.
                    try await queue.markRunway(run)
                    #expect(try await queue.runway() == .missing(run: next))
                }
                _ = try await client.send(RedisCommand("FLUSHALL"))
                #expect(try await queue.runway() != .laid)
            }
        }
    }

    @Test func aFullServerSaysSoAndCanStillBeEmptied() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { client, queue, consumer in
                let first = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 5))
                try await queue.push([first])
                _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
                let error = await #expect(throws: RedisError.self) {
                    try await queue.push([TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 5))])
                }
                #expect(error?.code == .server(prefix: "OOM"))
                #expect(error?.isTransient == true)
                let taken = try await consumer.reserve(upTo: 5)
                #expect(taken.map(\.message) == [first])
                try await consumer.giveBack(taken)
                let again = try await consumer.reserve(upTo: 5)
                #expect(again.count == 1)
                try await consumer.acknowledge(again)
                #expect(try await consumer.reserve(upTo: 5).isEmpty)
            }
        }
    }
}
