import StudioRedis
import Testing

@Suite("Subscriber", .timeLimit(.minutes(10)))
struct SubscriberTests {
    @Test func everyListenerHearsItsChannels() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let both = try await subscriber.subscribe(to: ["a", "b"], buffering: .complete(10))
                let only = try await subscriber.subscribe(to: ["a"], buffering: .complete(10))
                var ofBoth = both.makeAsyncIterator()
                var ofOnly = only.makeAsyncIterator()
                // Subscribed before the connection was there or after: in either case it holds before we go on.
                try await untilListening(client, "a")
                try await untilListening(client, "b")
                #expect(try await client.send(RedisCommand("PUBLISH", "a", "1")).integer == 1)
                #expect(try await client.send(RedisCommand("PUBLISH", "b", "2")).integer == 1)
                #expect(await next(&ofBoth) == "a:1")
                #expect(await next(&ofBoth) == "b:2")
                #expect(await next(&ofOnly) == "a:1")
            }
        }
    }

    @Test func aChannelIsLeftWithItsLastListener() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let first = try await subscriber.subscribe(to: ["a"], buffering: .complete(10))
                try await untilListening(client, "a")
                var second: RedisSubscription? = try await subscriber.subscribe(to: ["a"], buffering: .complete(10))
                #expect(second != nil)
                first.cancel()
                #expect(try await client.send(RedisCommand("PUBLISH", "a", "1")).integer == 1)
                second = nil
                while try await client.send(RedisCommand("PUBSUB", "NUMSUB", "a")).array?[1].integer != 0 {}
                // And again, right behind the UNSUBSCRIBE.
                for round in 0..<50 {
                    let again = try await subscriber.subscribe(to: ["a"], buffering: .complete(10))
                    var iterator = again.makeAsyncIterator()
                    #expect(try await client.send(RedisCommand("PUBLISH", "a", .integer(round))).integer == 1)
                    #expect(await next(&iterator) == "a:\(round)")
                }
                var ended = first.makeAsyncIterator()
                while let _ = await ended.next() {}
            }
        }
    }

    @Test func afterARestartSubscriptionsAreMadeAgainAndToldSo() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let subscription = try await subscriber.subscribe(to: ["a", "b"], buffering: .complete(10))
                var iterator = subscription.makeAsyncIterator()
                try await untilListening(client, "a")
                try await server.kill()
                try await server.start()
                var event = await iterator.next()
                // One more where it had been made before the first connection.
                while event != .reconnected { event = await iterator.next() }
                try await client.waitUntilConnected()
                try await untilListening(client, "b")
                #expect(try await client.send(RedisCommand("PUBLISH", "b", "after")).integer == 1)
                #expect(await next(&iterator) == "b:after")
            }
        }
    }

    @Test func aKilledConnectionIsToldToo() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let first = try await subscriber.subscribe(to: ["a"], buffering: .complete(10))
                try await untilListening(client, "a")
                // This one is made on a live connection, so it hears of no reconnection but the next.
                let subscription = try await subscriber.subscribe(to: ["a"], buffering: .complete(10))
                var iterator = subscription.makeAsyncIterator()
                _ = try await client.send(RedisCommand("CLIENT", "KILL", "TYPE", "pubsub"))
                #expect(await iterator.next() == .reconnected)
                #expect(try await client.send(RedisCommand("PUBLISH", "a", "x")).integer == 1)
                #expect(await next(&iterator) == "a:x")
                first.cancel()
            }
        }
    }

    @Test func aSilentServerIsNoticed() async throws {
        try await RedisServer.run { server in
            var impatient = server.configuration
            impatient.commandTimeout = .seconds(2)
            let configuration = impatient
            let log = RecordedLog()
            let subscriber = RedisSubscriber(configuration: configuration, group: eventLoops, logger: log.logger)
            try await server.withClient { client in
                try await running({ await subscriber.run() }) {
                    let first = try await subscriber.subscribe(to: ["a"], buffering: .complete(10))
                    try await untilListening(client, "a")
                    let subscription = try await subscriber.subscribe(to: ["a"], buffering: .complete(10))
                    var iterator = subscription.makeAsyncIterator()
                    server.freeze()
                    // Nothing but silence tells: the socket stays open.
                    for await line in log.lines where line == "redis.away" { break }
                    server.thaw()
                    #expect(await iterator.next() == .reconnected)
                    first.cancel()
                    _ = try await client.send(RedisCommand("PUBLISH", "a", "x"))
                    #expect(await next(&iterator) == "a:x")
                }
            }
        }
    }

    @Test func theNewestIsKeptWhereThatIsAsked() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let warm = try await subscriber.subscribe(to: ["a"], buffering: .newest(1))
                try await untilListening(client, "a")
                let newest = try await subscriber.subscribe(to: ["a"], buffering: .newest(3))
                let complete = try await subscriber.subscribe(to: ["a"], buffering: .complete(3))
                let fence = try await subscriber.subscribe(to: ["fence"], buffering: .complete(1))
                for index in 0..<500 { _ = try await client.send(RedisCommand("PUBLISH", "a", .integer(index))) }
                _ = try await client.send(RedisCommand("PUBLISH", "fence", "x"))
                var fenced = fence.makeAsyncIterator()
                #expect(await next(&fenced) == "fence:x")
                var ofNewest = newest.makeAsyncIterator()
                for index in 497..<500 { #expect(await next(&ofNewest) == "a:\(index)") }
                var ofComplete = complete.makeAsyncIterator()
                #expect(await ofComplete.next() == .overflowed)
                _ = try await client.send(RedisCommand("PUBLISH", "a", "after"))
                #expect(await next(&ofComplete) == "a:after")
                warm.cancel()
            }
        }
    }

    @Test func readingEndsWithTheTask() async throws {
        try await RedisServer.run { server in
            try await server.withBus { _, subscriber in
                let subscription = try await subscriber.subscribe(to: ["quiet"], buffering: .complete(1))
                let reading = Task {
                    var heard: [RedisSubscriptionEvent] = []
                    for await event in subscription { heard.append(event) }
                    return heard
                }
                reading.cancel()
                #expect(await reading.value.allSatisfy { $0 == .reconnected })
            }
        }
    }
}

func next(_ iterator: inout RedisSubscription.Iterator) async -> String? {
    while let event = await iterator.next() {
        switch event {
        case .message(let channel, let payload): return channel + ":" + String(decoding: payload, as: UTF8.self)
        case .overflowed: return "overflowed"
        case .reconnected: continue
        }
    }
    return nil
}

/// Waits until somebody is subscribed to a channel.
func untilListening(_ client: RedisClient, _ channel: String) async throws {
    while try await client.send(RedisCommand("PUBSUB", "NUMSUB", .text(channel))).array?[1].integer == 0 {
        try Task.checkCancellation()
    }
}
