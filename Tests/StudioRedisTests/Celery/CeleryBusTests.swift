import FoundationEssentials
import QueueProtocol
import StudioRedis
import StudioTestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct CeleryBusTests {
    private static let keys = StudioKeys(keyPrefix: "pfx:")

    @Test func anAnswerGoesToWhomeverStillWaits() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let bus = CeleryBus(client: client, subscriber: subscriber, keys: Self.keys)
                let address = PidboxCommand.ReplyAddress(routingKey: "caller", ticket: .string("t"))
                #expect(try await bus.reply(.null, to: address, from: "w@h", clock: 1) == false)
                #expect(try await client.send(RedisCommand("DBSIZE")).integer == 0, "a list would stay for ever")
                let binding = "caller\u{06}\u{16}\u{06}\u{16}caller.reply.celery.pidbox"
                for member in ["other\u{06}\u{16}\u{06}\u{16}other.reply.celery.pidbox", "rubbish", binding] {
                    let set = RedisArgument.text("pfx:_kombu.binding.reply.celery.pidbox")
                    _ = try await client.send(RedisCommand("SADD", set, .text(member)))
                }
                #expect(try await bus.reply(.bool(true), to: address, from: "w@h", clock: 1))
                let list = RedisArgument.text("pfx:caller.reply.celery.pidbox")
                let element = try #require(try await client.send(RedisCommand("RPOP", list)).bytes)
                #expect(try KombuEnvelope(decoding: element).body == .object(["w@h": .bool(true)]))
            }
        }
    }

    @Test func nodesAreAskedAndTheQuestionLeavesNothingBehind() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let bus = CeleryBus(client: client, subscriber: subscriber, keys: Self.keys)
                let stream = try await bus.commands()
                let node = Task {
                    for await case .value(let command) in stream {
                        guard let address = command.replyTo else { continue }
                        try await bus.reply(.string(command.method), to: address, from: "n@h", clock: command.clock + 1)
                    }
                }
                try await eventually("the node has subscribed") {
                    try await client.send(RedisCommand("PUBSUB", "NUMSUB", .text(Self.keys.pidboxChannel))).array?[1]
                        .integer == 1
                }
                let answers = try await bus.ask(
                    "hello", caller: "me", logicalClock: 3, patience: .seconds(60))
                #expect(answers == ["n@h": .string("hello")])
                #expect(try await client.send(RedisCommand("DBSIZE")).integer == 0)
                node.cancel()
                _ = await node.result
                // Where nobody listens nobody is waited for.
                stream.cancel()
                try await eventually("nobody listens") {
                    try await bus.ask("hello", caller: "me", logicalClock: 3, patience: .zero).isEmpty
                }
                // Who stops asking hangs up too.
                let deaf = try await bus.commands()
                let asking = Task {
                    try await bus.ask("hello", caller: "late", logicalClock: 3, patience: .seconds(600))
                }
                var heard = deaf.makeAsyncIterator()
                _ = await heard.next()
                asking.cancel()
                await #expect(throws: (any Error).self) { try await asking.value }
                #expect(try await client.send(RedisCommand("DBSIZE")).integer == 0)
            }
        }
    }
}
