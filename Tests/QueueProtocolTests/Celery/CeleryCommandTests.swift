import QueueProtocol
import Testing

@Suite struct CeleryCommandTests {
    private func read(_ method: String, _ arguments: String) throws -> CeleryCommand {
        let object = try WireJSON(decoding: Array(arguments.utf8)).objectValue
        return try CeleryCommand(method: method, arguments: try #require(object))
    }

    @Test(arguments: [
        ("pidbox_ping", CeleryCommand.ping), ("pidbox_active", .active(safe: false)), ("pidbox_stats", .stats),
        ("pidbox_reserved", .reserved), ("pidbox_scheduled", .scheduled), ("pidbox_revoked", .revoked),
        ("pidbox_registered", .registered(settings: [])), ("pidbox_active_queues", .activeQueues),
        ("pidbox_clock", .clock), ("pidbox_enable_events", .enableEvents), ("pidbox_shutdown", .shutdown),
        ("pidbox_hello", .hello(from: "w1@vm", revoked: [])), ("pidbox_pool_grow", .grow(by: 1)),
        ("pidbox_add_consumer", .addConsumer(queue: "extra")),
        ("pidbox_cancel_consumer", .cancelConsumer(queue: "extra")),
        ("pidbox_rate_limit", .rateLimit(task: "p.add", TaskRate.reading("10/m"))),
        ("pidbox_time_limit", .timeLimit(task: "p.add", soft: 5, hard: 8)),
        ("pidbox_revoke_reply", .revoke(["f87ab019-db92-4ec4-89c9-1fd76c83f36f"], terminate: true)),
        ("pidbox_revoke_noreply", .revoke(["242ba316-9763-4d98-a2cf-230e76c84ed0"], terminate: false)),
        (
            "pidbox_query_task",
            .queryTask([
                "3e0aa80f-6cef-4b15-9bc6-769d45ce9dba", "242ba316-9763-4d98-a2cf-230e76c84ed0",
                "f569b8c9-6b5e-49e4-80bd-fcce42a37fdf",
            ])
        ),
    ])
    func whatCelerySentIsUnderstood(name: String, expected: CeleryCommand) throws {
        let message = try PidboxCommand(decoding: try Fixture(name: name).bytes)
        #expect(try CeleryCommand(method: message.method, arguments: message.arguments) == expected)
    }

    @Test func oneIdAndMoreArgumentsAreTakenAsCeleryTakesThem() throws {
        #expect(
            try read("revoke", #"{"task_id": ["a", "b"], "terminate": 1}"#) == .revoke(["a", "b"], terminate: true))
        #expect(try read("terminate", #"{"signal": "KILL", "task_id": "a"}"#) == .revoke(["a"], terminate: true))
        #expect(try read("ping", #"{"more": 1}"#) == .ping)
        #expect(try read("pool_shrink", "{}") == .grow(by: -1))
        #expect(try read("rate_limit", #"{"task_name": "t", "rate_limit": 0}"#) == .rateLimit(task: "t", nil))
        #expect(try read("rate_limit", #"{"task_name": "t", "rate_limit": null}"#) == .rateLimit(task: "t", nil))
        #expect(
            try read("time_limit", #"{"task_name": "t", "soft": 0.5}"#) == .timeLimit(task: "t", soft: 0.5, hard: nil))
    }

    @Test(arguments: [
        ("nosuch", "{}", "KeyError('nosuch')"),
        ("revoke", "{}", "TypeError(\"revoke() takes a list of texts as 'task_id'\")"),
        ("revoke", #"{"task_id": [1]}"#, "task_id"),
        ("rate_limit", #"{"task_name": "t", "rate_limit": "often"}"#, "Invalid rate limit string"),
        ("rate_limit", #"{"task_name": "t", "rate_limit": "-1/s"}"#, "Invalid rate limit string"),
        ("rate_limit", #"{"task_name": "t", "rate_limit": "1/y"}"#, "Invalid rate limit string"),
        ("rate_limit", #"{"rate_limit": "1/s"}"#, "task_name"),
        ("time_limit", #"{"task_name": "t", "hard": "soon"}"#, "hard"),
        ("time_limit", #"{"task_name": "t", "soft": NaN}"#, "soft"), ("pool_grow", #"{"n": 0}"#, "'n'"),
        ("pool_grow", #"{"n": "many"}"#, "'n'"), ("add_consumer", #"{"queue": ""}"#, "queue"),
        ("add_consumer", "{\"queue\": \"a\\u0006b\"}", "queue"), ("query_task", "{}", "ids"),
        ("hello", "{}", "from_node"),
    ])
    func whatCannotBeObeyedIsRefusedInWords(method: String, arguments: String, words: String) throws {
        let refusal = #expect(throws: CeleryRefusal.self) { try read(method, arguments) }
        #expect(refusal?.description.contains(words) ?? false, "\(refusal?.description ?? "")")
    }

    @Test(arguments: [("10", 10), ("0.5/s", 0.5), ("30/m", 0.5), ("36/h", 0.01), ("0", 0)])
    func ratesAreASecond(text: String, perSecond: Double) throws {
        #expect(try #require(TaskRate.reading(text)).perSecond == perSecond)
    }
}
