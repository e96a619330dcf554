import FoundationEssentials
import QueueProtocol
import StudioRedis
import Testing

/// Writing results, and what follows them, once and in their order.
@Suite("Celery's results", .timeLimit(.minutes(10)))
struct CeleryResultsTests {
    private let keys = StudioKeys()
    private let sender = CelerySender(origin: "gateway@test")

    private func task(_ id: String, _ more: String = "", embed: String = "{}") throws -> CeleryTask {
        try CeleryTask(
            stored: #"{"id": "\#(id)", "name": "t", "headers": {"root_id": "root"\#(more)}, "embed": \#(embed)}"#)
    }

    private func stored(_ id: String, _ client: RedisClient) async throws -> [String: JSONValue] {
        let text = try await client.send(RedisCommand("GET", .text(keys.celeryResult(id)))).text
        return try text.map { try JSONText.decode(JSONValue.self, from: $0).objectValue ?? [:] } ?? [:]
    }

    private func length(_ list: String, _ client: RedisClient) async throws -> Int? {
        try await client.send(RedisCommand("LLEN", .text(list))).integer
    }

    @Test func nothingFollowsAFinalResultAndNothingOlderANewer() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                let results = CeleryResults(client: client, keys: keys)
                let task = try task("a")
                #expect(try await results.note(CeleryResult(.started), of: task, attempt: 1))
                #expect(try await results.note(CeleryResult(.retry), of: task, attempt: 1))
                #expect(try await !results.note(CeleryResult(.progress), of: task, attempt: 1), "it comes late")
                #expect(try await results.note(CeleryResult(.started), of: task, attempt: 2))
                #expect(try await !results.note(CeleryResult(.retry), of: task, attempt: 1))
                #expect(try await stored("a", client)["status"] == "STARTED")
                #expect(try await results.answered(["a", "b"]) == [])
                try await results.answer(try CeleryAnswer(task, .success(.integer(1)), from: sender), from: sender)
                #expect(try await !results.note(CeleryResult(.started), of: task, attempt: 3))
                try await results.answer(try CeleryAnswer(task, .revoked("revoked"), from: sender), from: sender)
                #expect(try await stored("a", client)["status"] == "SUCCESS")
                #expect(try await results.answered(["a", "b"]) == ["a"])
                // What somebody else ended stays as it is, also where it is spelt otherwise.
                for (id, text) in [("x", #"{"status": "REVOKED"}"#), ("y", #"{ "task_id":"y","status":"FAILURE"}"#)] {
                    _ = try await client.send(RedisCommand("SET", .text(keys.celeryResult(id)), .text(text)))
                    #expect(try await !results.note(CeleryResult(.started), of: self.task(id), attempt: 1))
                }
                let ttl = try await client.send(RedisCommand("TTL", .text(keys.celeryResult("a")))).integer ?? 0
                #expect((86_000...86_400).contains(ttl))
            }
        }
    }

    @Test func whatIsStoredIsPublishedInOneStep() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let heard = try await subscriber.subscribe(
                    to: [keys.celeryResult("a")], buffering: .complete(8))
                try await untilListening(client, keys.celeryResult("a"))
                let results = CeleryResults(client: client, keys: keys)
                try await results.answer(try CeleryAnswer(task("a"), .success(.null), from: sender), from: sender)
                for await event in heard {
                    guard case .message(_, let payload) = event else { continue }
                    let text = try await client.send(RedisCommand("GET", .text(keys.celeryResult("a")))).bytes
                    #expect(text == payload)
                    break
                }
            }
        }
    }

    @Test func anAnswerIsGivenOnceByHoweverMany() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                let results = CeleryResults(client: client, keys: keys)
                let next = #"{"task": "n", "args": [], "kwargs": {}, "options": {"queue": "q"}, "subtask_type": null}"#
                let task = try task("a", embed: #"{"callbacks": [\#(next)], "chain": [\#(next)]}"#)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let answer = try CeleryAnswer(task, .success(.integer(1)), from: sender)
                            #expect(try await results.answer(answer, from: sender))
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await length("q", client) == 2)
                #expect(try await stored("a", client)["children"]?.arrayValue?.count == 2)
            }
        }
    }

    @Test func theLastPartOfAChordSendsItsBodyOnceAlsoWhereTheClaimWasLeftBehind() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                let results = CeleryResults(client: client, keys: keys)
                let body = #"{"task": "b", "args": [], "kwargs": {}, "options": {"queue": "q", "task_id": "body"}}"#
                func member(_ index: Int) throws -> CeleryTask {
                    try self.task(
                        "m\(index)", #", "group": "g", "group_index": \#(index)"#, embed: #"{"chord": \#(body)}"#)
                }
                _ = try await client.send(RedisCommand("SET", .text(keys.celeryGroup("g", ".s")), "3"))
                for index in [2, 0] {
                    let answer = try CeleryAnswer(member(index), .success(.integer(index)), from: sender)
                    for _ in 0..<2 { #expect(try await results.answer(answer, from: sender)) }
                }
                #expect(try await length("q", client) == 0)
                let last = try CeleryAnswer(member(1), .success(.integer(1)), from: sender)
                // Another program has claimed the end and may be dead: it is left to it until the claim runs out.
                _ = try await client.send(RedisCommand("SET", .text(keys.celeryGroup("g", ".c")), "python"))
                #expect(try await !results.answer(last, from: sender))
                // A gateway of ours claimed it and died.
                _ = try await client.send(RedisCommand("SET", .text(keys.celeryGroup("g", ".c")), "studio:m1"))
                for _ in 0..<3 { #expect(try await results.answer(last, from: sender)) }
                let sent = try await client.send(RedisCommand("LRANGE", "q", 0, -1)).array ?? []
                #expect(sent.count == 1)
                let message = try TaskMessage(decoding: try #require(sent.first?.bytes))
                #expect(try message.call().arguments == [[0, 1, 2]] && message.id == "body")
                for part in [".j", ".t", ".s", ".d"] {
                    #expect(
                        try await client.send(RedisCommand("EXISTS", .text(keys.celeryGroup("g", part)))).integer == 0)
                }
            }
        }
    }

    @Test func aFailedPartFailsTheBodyAndAWordAfterTheEndChangesNothing() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                let results = CeleryResults(client: client, keys: keys)
                let errback = #"{"task": "e", "args": [], "kwargs": {}, "options": {"queue": "errors"}}"#
                let body = #"{"task": "b", "options": {"task_id": "body", "link_error": [\#(errback)]}}"#
                let task = try task("m", #", "group": "g", "group_index": 0"#, embed: #"{"chord": \#(body)}"#)
                _ = try await client.send(RedisCommand("SET", .text(keys.celeryGroup("g", ".s")), "1"))
                let failure = CeleryAnswer.Outcome.failure(CeleryFailure(code: "not-found", "gone"), traceback: nil)
                for _ in 0..<2 {
                    let answer = try CeleryAnswer(task, failure, from: sender)
                    #expect(try await results.answer(answer, from: sender))
                }
                #expect(try await stored("m", client)["status"] == "FAILURE")
                let end = try await stored("body", client)
                #expect(end["status"] == "FAILURE" && end["result"]?["exc_type"] == "ChordError")
                #expect(try await length("errors", client) == 1)
            }
        }
    }

    @Test func messagesAreHandedOnOnceInTheirOrderAndDeadOnesRaised() async throws {
        try await RedisServer.run { server in
            try await server.withConsumer { client, queue, consumer in
                let messages = (0..<20).map { _ in TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 9))
                }
                try await queue.push(messages)
                let taken = try await consumer.reserve(upTo: 20)
                for _ in 0..<2 { try await consumer.forward(taken, to: StudioKeys.celeryQueue) }
                #expect(try await length(StudioKeys.celeryQueue, client) == 20)
                #expect(try await length(keys.processing(consumer.worker), client) == 0)
                let next = TaskConsumer(
                    worker: WorkerID(), queues: [StudioKeys.celeryQueue], client: client, keys: keys, group: eventLoops,
                    logger: silent)
                let again = try await next.reserve(upTo: 20)
                #expect(again.map(\.message.id) == messages.map(\.id))
                try await next.bury(Array(again.prefix(2)))
                let dead = try await queue.deadMessages(limit: 9)
                #expect(try await queue.requeueDead(dead[0], to: "studio", among: ["studio"]))
                #expect(try await !queue.requeueDead(dead[0], to: "studio", among: ["studio"]))
                #expect(try await queue.removeDead(dead[1]))
                #expect(try await queue.deadMessages(limit: 9).isEmpty)
                #expect(try await length("studio", client) == 1)
            }
        }
    }
}
