import QueueProtocol
import StudioRedis
import StudioTestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct ServedQueuesTests {
    private func message(_ queue: String) -> TaskMessage {
        .render(job: JobID(), queue: queue, priority: TaskPriority(urgency: 5))
    }

    @Test func aQueueIsServedFromTheWordOnAndNoLongerThanThat() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { _, queue, consumer in
                let extra = message("extra")
                try await queue.push([extra])
                #expect(try await consumer.reserve(upTo: 5).isEmpty)
                let waiting = Task { try await consumer.waitForWork() }
                consumer.serve(["studio", "extra"])
                try await waiting.value
                #expect(consumer.queues == ["studio", "extra"])
                let taken = try await consumer.reserve(upTo: 5)
                #expect(taken.map(\.message) == [extra])

                // Whoever waits is woken by the new list as by the old ones.
                try await consumer.acknowledge(taken)
                let woken = Task {
                    var tasks: [ReservedTask] = []
                    while tasks.isEmpty {
                        try await consumer.waitForWork()
                        tasks = try await consumer.reserve(upTo: 1)
                    }
                    return tasks
                }
                let later = message("extra")
                try await queue.push([later])
                let tasks = try await woken.value
                #expect(tasks.map(\.message) == [later])

                // What was taken goes back to where it came from, though it is not served any more.
                consumer.serve(["studio"])
                try await consumer.giveBack(tasks)
                #expect(try await queue.depths(of: ["extra"]).map(\.count).reduce(0, +) == 1)
                #expect(try await consumer.reserve(upTo: 5).isEmpty)

                consumer.serve([])
                try await queue.push([message("studio")])
                #expect(try await consumer.reserve(upTo: 5).isEmpty)
                consumer.serve(["studio"])
                try await consumer.waitForWork()
                #expect(try await consumer.reserve(upTo: 5).count == 1)
            }
        }
    }
}
