import QueueProtocol
import StudioRedis
import Testing

@Suite("Waiting for work", .timeLimit(.minutes(10)))
struct WaitingTests {
    @Test("an idle worker is woken by a push to any list", arguments: [0, 3, 6, 9])
    func wakes(urgency: Int) async throws {
        try await RedisServer.run { server in
            let probe = try await server.connect()
            try await server.withConsumer { client, queue, consumer in
                for _ in 0..<20 {
                    let waiting = Task { try await consumer.waitForWork() }
                    try await untilBlocked(4, probe)
                    let message = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: urgency))
                    try await queue.push([message])
                    try await waiting.value
                    // Waking takes nothing.
                    #expect(try await queue.depths(of: ["studio"]).map(\.count).reduce(0, +) == 1)
                    let tasks = try await consumer.reserve(upTo: 5)
                    #expect(tasks.map(\.message) == [message])
                    try await consumer.acknowledge(tasks)
                }
            }
            await probe.close()
        }
    }

    @Test func whatWasThereBeforeIsFound() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { _, queue, consumer in
                try await queue.push([TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 1))])
                try await consumer.waitForWork()
                #expect(try await consumer.reserve(upTo: 1).count == 1)
            }
        }
    }

    @Test func aLocalWakeEndsTheWait() async throws {
        try await RedisServer.run { server in
            let probe = try await server.connect()
            try await server.withConsumer { _, _, consumer in
                let waiting = Task { try await consumer.waitForWork() }
                try await untilBlocked(4, probe)
                consumer.wake()
                try await waiting.value
                consumer.wake()
                try await consumer.waitForWork()
            }
            await probe.close()
        }
    }

    @Test func cancellingEndsTheWait() async throws {
        try await RedisServer.run { server in
            let probe = try await server.connect()
            try await server.withConsumer { _, _, consumer in
                let waiting = Task { try await consumer.waitForWork() }
                try await untilBlocked(4, probe)
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
            }
            // The consumer has ended: its connections are closed and nobody blocks any more.
            try await untilBlocked(0, probe)
            await probe.close()
        }
    }

    @Test func killingTheWaitingConnectionsLosesNothing() async throws {
        try await RedisServer.run { server in
            let probe = try await server.connect()
            try await server.withConsumer { client, queue, consumer in
                for _ in 0..<5 {
                    let waiting = Task { try await consumer.waitForWork() }
                    try await untilBlocked(4, probe)
                    let message = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 4))
                    // In one step for the server: the element comes and the connections that it woke are gone.
                    let push = RedisCommand("LPUSH", "studio\u{6}\u{16}3", .bytes(message.encoded()))
                    _ = try await probe.pipeline([
                        RedisCommand("MULTI"), push, RedisCommand("CLIENT", "KILL", "TYPE", "normal"),
                        RedisCommand("EXEC"),
                    ])
                    try await waiting.value
                    var tasks: [ReservedTask] = []
                    while tasks.isEmpty {
                        try await client.waitUntilConnected()
                        tasks = (try? await consumer.reserve(upTo: 5)) ?? []
                    }
                    #expect(tasks.map(\.message) == [message])
                    while (try? await consumer.acknowledge(tasks)) == nil { try await client.waitUntilConnected() }
                }
            }
            await probe.close()
        }
    }

    @Test func waitingOutlastsARestart() async throws {
        try await RedisServer.run { server in
            let probe = try await server.connect()
            try await server.withConsumer { client, queue, consumer in
                let waiting = Task { try await consumer.waitForWork() }
                try await untilBlocked(4, probe)
                try await server.kill()
                try await untilAway(client)
                try await server.start()
                try await client.waitUntilConnected()
                try await queue.push([TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 1))])
                try await waiting.value
                #expect(try await consumer.reserve(upTo: 5).count == 1)
            }
        }
    }

    @Test func manyWorkersShareWithoutTakingTwice() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                let queue = TaskQueue(client: client, keys: StudioKeys())
                let messages = (0..<1000).map { index in
                    TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: index % 10))
                }
                let taken = try await withThrowingTaskGroup(of: [String].self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            let consumer = TaskConsumer(
                                worker: WorkerID(), queues: ["studio"], client: client, keys: StudioKeys(),
                                group: eventLoops, logger: silent)
                            return try await running({ await consumer.run() }) {
                                var ids: [String] = []
                                while true {
                                    let tasks = try await consumer.reserve(upTo: 3)
                                    ids += tasks.map(\.message.id)
                                    try await consumer.acknowledge(tasks)
                                    if tasks.isEmpty {
                                        if try await client.send(RedisCommand("EXISTS", "stop")).integer == 1 { break }
                                        try await consumer.waitForWork()
                                    }
                                }
                                try await consumer.retire()
                                return ids
                            }
                        }
                    }
                    for start in stride(from: 0, to: 1000, by: 50) {
                        try await queue.push(Array(messages[start..<start + 50]))
                    }
                    while try await queue.depths(of: ["studio"]).contains(where: { $0.count > 0 }) {}
                    _ = try await client.send(RedisCommand("SET", "stop", "1"))
                    // Junk wakes whoever still waits.
                    while try await !queue.workersWithMessages().isEmpty {
                        _ = try await client.send(RedisCommand("LPUSH", "studio", "wake"))
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(taken.count == 1000)
                #expect(Set(taken) == Set(messages.map(\.id)))
            }
        }
    }
}
