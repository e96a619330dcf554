import QueueProtocol
import StudioRedis
import Testing

@Suite("Nothing is lost", .timeLimit(.minutes(10)))
struct RecoveryTests {
    private let keys = StudioKeys()

    @Test func aDeadWorkersMessagesAreReturnedOnce() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { client, queue, dead in
                let urgent = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 9))
                let others = (0..<600).map { _ in TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 2)) }
                try await queue.push([urgent] + others)
                #expect(try await dead.reserve(upTo: 500).count == 500)
                // Four gateways at once, none of which knows of the others.
                let moved = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<4 { group.addTask { try await queue.restoreProcessing(of: dead.worker) } }
                    return try await group.reduce(0, +)
                }
                #expect(moved == 500)
                #expect(try await queue.restoreProcessing(of: dead.worker) == 0)
                #expect(try await queue.workersWithMessages().isEmpty)
                let next = TaskConsumer(
                    worker: WorkerID(), queues: ["studio"], client: client, keys: keys, group: eventLoops,
                    logger: silent)
                let taken = try await next.reserve(upTo: 1000).map(\.message)
                #expect(taken.first?.id == urgent.id)
                #expect(Set(taken.map(\.id)) == Set(([urgent] + others).map(\.id)))
                #expect(taken.count == 601)
                #expect(taken.filter(\.isRedelivered).count == 500)
                #expect(taken.last?.isRedelivered == false)
            }
        }
    }

    @Test func theOrderSurvivesARestore() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { _, queue, consumer in
                let messages = (0..<300).map { _ in TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 2))
                }
                try await queue.push(messages)
                #expect(try await consumer.reserve(upTo: 290).count == 290)
                #expect(try await queue.restoreProcessing(of: consumer.worker) == 290)
                #expect(try await consumer.reserve(upTo: 300).map(\.message.id) == messages.map(\.id))
            }
        }
    }

    @Test func messagesOfOtherRoutesAndJunkAreRestoredToo() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { client, queue, consumer in
                let routed = TaskMessage.render(
                    job: JobID(), queue: "elsewhere", priority: TaskPriority(urgency: 9))
                for element in [routed.encoded(), Array("junk".utf8)] {
                    _ = try await client.send(
                        RedisCommand("LPUSH", .text(keys.processing(consumer.worker)), .bytes(element)))
                }
                #expect(try await queue.restoreProcessing(of: consumer.worker) == 2)
                #expect(try await consumer.reserve(upTo: 5).map(\.message.id) == [routed.id])
                #expect(try await queue.deadMessages(limit: 5) == [Array("junk".utf8)])
            }
        }
    }

    @Test func aReservationWhoseReplyWasLostIsHandedOutLater() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { client, queue, consumer in
                let messages = (0..<6).map { _ in TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 2)) }
                try await queue.push(messages)
                let held = try await consumer.reserve(upTo: 1)
                // What a reservation does whose reply never arrives: the messages are taken and nobody has them.
                for _ in 0..<3 {
                    _ = try await client.send(
                        RedisCommand(
                            "LMOVE", .text(keys.list("studio", TaskPriority(urgency: 2))),
                            .text(keys.processing(consumer.worker)), "RIGHT", "LEFT"))
                }
                let lost = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await consumer.reserve(upTo: 1)
                }
                await #expect(throws: RedisError.self) { try await lost.value }
                var later: [String] = []
                while later.count < 5 {
                    let some = try await consumer.reserve(upTo: 2)
                    #expect(some.count <= 2)
                    if some.isEmpty { break }
                    later += some.map(\.message.id)
                }
                #expect(later == messages.dropFirst().map(\.id))
                #expect(held.map(\.message.id) == [messages[0].id])
                let list = RedisCommand("LLEN", .text(keys.processing(consumer.worker)))
                #expect(try await client.send(list).integer == 6)
            }
        }
    }

    @Test func killingConnectionsAndServersAllTheTimeLosesNothing() async throws {
        // The log is what makes this Redis keep its lists over a SIGKILL.
        let options = ["--appendonly", "yes", "--appendfsync", "always"]
        try await RedisServer.run(options) { server in
            try await server.withConsumer { client, queue, consumer in
                let messages = (0..<400).map { _ in TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 2))
                }
                try await queue.push(messages)
                var done: Set<String> = []
                var round = 0
                while done.count < messages.count {
                    round += 1
                    if round % 40 == 20 {
                        try await server.kill()
                        try await server.start(options)
                    } else if round % 10 == 5, let other = try? await server.connect() {
                        _ = try? await other.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal"))
                        await other.close()
                    }
                    do {
                        let tasks = try await consumer.reserve(upTo: 4)
                        if tasks.isEmpty { try await consumer.waitForWork() }
                        try await consumer.acknowledge(tasks)
                        done.formUnion(tasks.map(\.message.id))
                    } catch is RedisError {
                        try await client.waitUntilConnected()
                    }
                }
                #expect(done == Set(messages.map(\.id)))
            }
        }
    }
}
