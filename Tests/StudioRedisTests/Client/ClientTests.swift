import StudioRedis
import Synchronization
import Testing

@Suite("Client", .timeLimit(.minutes(10)))
struct ClientTests {
    @Test func comesBackAfterTheServerWasShutDownAndRestarted() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                for round in 0..<3 {
                    _ = try? await client.send(RedisCommand("SHUTDOWN", "NOSAVE"))
                    try await untilAway(client)
                    let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
                    #expect(error?.code == .unavailable)
                    try await server.kill()
                    try await server.start()
                    try await client.waitUntilConnected()
                    #expect(try await client.send(RedisCommand("ECHO", .integer(round))).text == "\(round)")
                }
            }
        }
    }

    @Test func comesBackAfterItsConnectionWasKilled() async throws {
        try await RedisServer.run { server in
            let other = try await server.connect()
            try await server.withClient { client in
                let id = try await client.send(RedisCommand("CLIENT", "ID")).integer ?? 0
                _ = try await other.send(RedisCommand("CLIENT", "KILL", "ID", .integer(id)))
                // It may be back before anybody could see that it was away.
                var now = id
                while now == id {
                    try Task.checkCancellation()
                    try await client.waitUntilConnected()
                    now = (try? await client.send(RedisCommand("CLIENT", "ID")).integer) ?? id
                }
            }
            await other.close()
        }
    }

    @Test func comesBackAfterTheServerWasSilent() async throws {
        try await RedisServer.run { server in
            try await server.withClient {
                $0.commandTimeout = .seconds(1)
            } _: { client in
                server.freeze()
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
                #expect(error?.code == .timeout)
                server.thaw()
                while (try? await client.send(RedisCommand("PING")).text) != "PONG" {
                    try Task.checkCancellation()
                    try await client.waitUntilConnected()
                }
            }
        }
    }

    @Test func theReasonOfBeingAwayIsTold() async throws {
        try await RedisServer.run(["--requirepass", "right"]) { server in
            let clock = StoppedClock()
            var configuration = server.configuration
            configuration.password = "wrong"
            let client = RedisClient(configuration: configuration, group: eventLoops, clock: clock, logger: silent)
            try await running({ await client.run() }) {
                try await clock.untilAsleep()
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
                #expect(error?.code == .authentication)
            }
        }
    }

    @Test func pausesGrowUpToTheirLimit() async throws {
        let clock = StoppedClock()
        var configuration = RedisConfiguration(endpoint: .unixSocket(path: "/nonexistent/redis.sock"))
        configuration.reconnectDelay = .seconds(1)
        configuration.maximumReconnectDelay = .seconds(8)
        let client = RedisClient(configuration: configuration, group: eventLoops, clock: clock, logger: silent)
        try await running({ await client.run() }) {
            for step in [1, 2, 4, 8, 8, 8] {
                let pause = try await clock.untilAsleep()
                #expect(pause <= .seconds(step))
                #expect(pause >= .seconds(step) / 2)
                clock.advance(by: pause)
            }
        }
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect(error?.code == .unavailable)
    }

    @Test func aServerThatLoadsIsAway() async throws {
        try await RedisServer.run { server in
            let connection = try await server.connect()
            for index in 0..<200 { _ = try await connection.send(RedisCommand("SET", .text("k\(index)"), "v")) }
            _ = try await connection.send(RedisCommand("SAVE"))
            await connection.close()
            try await server.kill()
            // 10 ms for each key: two seconds of loading.
            let loading = Task { try await server.start(["--key-load-delay", "10000"]) }
            try await server.withClient { client in
                // waitUntilConnected returned: the data is there.
                let size = try await client.send(RedisCommand("DBSIZE"))
                #expect(size.integer == 200)
            }
            try await loading.value
        }
    }

    @Test func scriptsAreSentAgainToAServerThatForgotThem() async throws {
        try await RedisServer.run { server in
            try await server.withClient { client in
                let script = RedisScript("return {KEYS[1], ARGV[1], redis.call('INCR', 'runs')}")
                for run in 1...4 {
                    if run == 3 { _ = try await client.send(RedisCommand("SCRIPT", "FLUSH")) }
                    let reply = try await client.run(script, keys: ["k"], arguments: ["a"])
                    #expect(reply.array?.compactMap(\.text) == ["k", "a"])
                    #expect(reply.array?.last?.integer == run)
                }
                let failing = RedisScript("return redis.call('INCR', 'k', 'too', 'many')")
                for _ in 0..<2 {
                    let error = await #expect(throws: RedisError.self) { try await client.run(failing, keys: []) }
                    #expect(error?.code == .server(prefix: "ERR"))
                }
            }
        }
    }

    @Test func waitingEndsWithTheTask() async throws {
        let client = RedisClient(
            configuration: RedisConfiguration(endpoint: .unixSocket(path: "/nonexistent")), group: eventLoops,
            logger: silent)
        let waiting = Task { try await client.waitUntilConnected() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}

/// A clock that stands still until it is moved, and tells when somebody sleeps by it.
final class StoppedClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleepers: [(until: Instant, continuation: AsyncStream<Void>.Continuation)] = []
    }

    private let state = Mutex(State())
    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        state.withLock { $0.sleepers.append((deadline, continuation)) }
        for await _ in stream {}
        try Task.checkCancellation()
    }

    /// Waits until somebody sleeps; how long.
    @discardableResult
    func untilAsleep() async throws -> Duration {
        while true {
            if let pause = state.withLock({ state in state.sleepers.first.map { state.now.duration(to: $0.until) } }) {
                return pause
            }
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let now = state.now
            let woken = state.sleepers.filter { $0.until <= now }
            state.sleepers.removeAll { $0.until <= now }
            return woken
        }
        for sleeper in woken { sleeper.continuation.finish() }
    }
}
