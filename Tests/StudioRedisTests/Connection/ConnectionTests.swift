import QueueProtocol
import StudioRedis
import Testing

@Suite("Connection", .timeLimit(.minutes(10)))
struct ConnectionTests {
    @Test func fiftyTasksShareOneConnection() async throws {
        try await RedisServer.run { server in
            let connection = try await server.connect()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<50 {
                    group.addTask {
                        for round in 0..<200 {
                            let text = "\(task)/\(round)"
                            // Each gets its own answer, and its own order is kept.
                            let echo = try await connection.send(RedisCommand("ECHO", .text(text)))
                            let count = try await connection.send(RedisCommand("INCR", .text("n\(task)")))
                            #expect(echo.text == text)
                            #expect(count.integer == round + 1)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await information("clients", connection).contains("connected_clients:1"))
            await connection.close()
        }
    }

    @Test func pipelinesKeepErrorsInTheirPlace() async throws {
        try await RedisServer.run { server in
            let connection = try await server.connect()
            let replies = try await connection.pipeline([
                RedisCommand("SET", "a", "text"), RedisCommand("LPUSH", "a", "x"), RedisCommand("GET", "a"),
            ])
            #expect(replies.count == 3)
            #expect(replies[0] == .status("OK"))
            #expect(throws: RedisError.self) { try replies[1].get() }
            #expect(replies[2].text == "text")
            #expect(try await connection.pipeline([]) == [])
            await connection.close()
        }
    }

    @Test func aSilentServerIsATimeoutForEverythingUnderWay() async throws {
        try await RedisServer.run { server in
            var configuration = server.configuration
            configuration.commandTimeout = .seconds(1)
            let connection = try await RedisConnection.connect(configuration, on: eventLoops)
            let other = try await server.connect()
            server.freeze()
            let first = Task { try await connection.send(RedisCommand("PING")) }
            let second = Task { try await connection.send(RedisCommand("PING")) }
            let one = await #expect(throws: RedisError.self) { _ = try await first.value }
            let two = await #expect(throws: RedisError.self) { _ = try await second.value }
            #expect(one?.code == .timeout)
            #expect(two?.code == .timeout)
            #expect(!connection.isOpen)
            let later = await #expect(throws: RedisError.self) { try await connection.send(RedisCommand("PING")) }
            #expect(later?.code == .timeout)
            server.thaw()
            #expect(try await other.send(RedisCommand("PING")).text == "PONG")
            await other.close()
        }
    }

    @Test(arguments: [["DEBUG", "SLEEP", "60"], ["CLIENT", "PAUSE", "60000"]])
    func aSlowCommandIsATimeout(words: [String]) async throws {
        try await RedisServer.run { server in
            var configuration = server.configuration
            configuration.commandTimeout = .seconds(1)
            let connection = try await RedisConnection.connect(configuration, on: eventLoops)
            let error = await #expect(throws: RedisError.self) {
                _ = try await connection.send(
                    RedisCommand(words[0], arguments: words.dropFirst().map { .text($0) }))
                _ = try await connection.send(RedisCommand("SET", "a", "b"))
            }
            #expect(error?.code == .timeout)
        }
    }

    @Test func cancellingACallerLeavesTheOthersAlone() async throws {
        try await RedisServer.run { server in
            let connection = try await server.connect()
            let blocked = Task { try await connection.send(RedisCommand("BLPOP", "nothing", 1)) }
            let next = Task { try await connection.send(RedisCommand("ECHO", "still here")) }
            blocked.cancel()
            let error = await #expect(throws: RedisError.self) { _ = try await blocked.value }
            #expect(error?.code == .cancelled)
            #expect(try await next.value.text == "still here")
            await connection.close()
        }
    }

    @Test func moreThanTheBoundIsRefusedAndNothingElseSuffers() async throws {
        try await RedisServer.run { server in
            var configuration = server.configuration
            configuration.maximumCommandsInFlight = 4
            configuration.maximumBytesInFlight = 1000
            let connection = try await RedisConnection.connect(configuration, on: eventLoops)
            let many = await #expect(throws: RedisError.self) {
                try await connection.pipeline(Array(repeating: RedisCommand("PING"), count: 5))
            }
            #expect(many?.code == .overloaded)
            let large = await #expect(throws: RedisError.self) {
                try await connection.send(RedisCommand("SET", "a", .bytes(Array(repeating: 0, count: 1000))))
            }
            #expect(large?.code == .overloaded)
            for _ in 0..<10 {
                #expect(try await connection.pipeline([RedisCommand("PING"), RedisCommand("PING")]).count == 2)
            }
            await connection.close()
        }
    }

    @Test func aWrongPasswordIsTypedAndNotRepeated() async throws {
        try await RedisServer.run(["--requirepass", "right"]) { server in
            for (user, password) in [(nil, "hunter2"), ("nobody", "hunter2"), (nil, nil)] as [(String?, String?)] {
                var configuration = server.configuration
                configuration.username = user
                configuration.password = password
                let error = await #expect(throws: RedisError.self) {
                    _ = try await RedisConnection.connect(configuration, on: eventLoops)
                }
                #expect(error?.code == .authentication)
                #expect(error?.message.contains("hunter2") == false)
            }
            var configuration = server.configuration
            configuration.password = "right"
            configuration.database = 3
            let connection = try await RedisConnection.connect(configuration, on: eventLoops)
            #expect(try await connection.send(RedisCommand("CLIENT", "INFO")).text?.contains(" db=3 ") == true)
            await connection.close()
        }
    }

    @Test func noServerIsUnavailable() async throws {
        for endpoint in [
            RedisConfiguration.Endpoint.unixSocket(path: "/nonexistent/redis.sock"), .host("127.0.0.1", port: 1),
        ] {
            let error = await #expect(throws: RedisError.self) {
                _ = try await RedisConnection.connect(RedisConfiguration(endpoint: endpoint), on: eventLoops)
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test func aKilledConnectionFailsWhatIsUnderWay() async throws {
        try await RedisServer.run { server in
            let connection = try await server.connect()
            let other = try await server.connect()
            let id = try await connection.send(RedisCommand("CLIENT", "ID")).integer ?? 0
            let blocked = Task { try await connection.send(RedisCommand("BLPOP", "nothing", 0)) }
            try await untilBlocked(1, other)
            _ = try await other.send(RedisCommand("CLIENT", "KILL", "ID", .integer(id)))
            let error = await #expect(throws: RedisError.self) { _ = try await blocked.value }
            #expect(error?.code == .unavailable)
            await other.close()
        }
    }
}

/// Waits until so many connections block in the server.
func untilBlocked(_ count: Int, _ connection: RedisConnection) async throws {
    while try await !information("clients", connection).contains("blocked_clients:\(count)") {
        try Task.checkCancellation()
    }
}

/// The lines of a section of INFO.
func information(_ section: String, _ connection: RedisConnection) async throws -> [Substring] {
    try await connection.send(RedisCommand("INFO", .text(section))).text?.split(whereSeparator: \.isNewline) ?? []
}
