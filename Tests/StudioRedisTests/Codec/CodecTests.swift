import StudioRedis
import Testing

@Suite("Codec", .timeLimit(.minutes(10)))
struct CodecTests {
    @Test func everyKindOfReplyIsRead() async throws {
        try await RedisServer.run { server in
            let connection = try await server.connect()
            let script = """
                return {1, 'two', false, {3, {}}, redis.status_reply('FINE'), redis.error_reply('MINE is broken')}
                """
            let reply = try await connection.send(RedisCommand("EVAL", .text(script), 0))
            #expect(
                reply
                    == .array([
                        .integer(1), .bulk(Array("two".utf8)), .null, .array([.integer(3), .array([])]),
                        .status("FINE"), .error(RedisError(.server(prefix: "MINE"), "MINE is broken")),
                    ]))
            await connection.close()
        }
    }

    @Test func anyBytesGoThereAndBack() async throws {
        try await RedisServer.run { server in
            let connection = try await server.connect()
            let all = (0...255).map { UInt8($0) }
            let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for value in [all, [], [0], [13, 10], large] {
                _ = try await connection.send(RedisCommand("SET", "key", .bytes(value)))
                #expect(try await connection.send(RedisCommand("GET", "key")) == .bulk(value))
            }
            #expect(try await connection.send(RedisCommand("ECHO", "")).text == "")
            #expect(try await connection.send(RedisCommand("INCRBY", "n", .integer(Int.min))).integer == Int.min)
            await connection.close()
        }
    }

    @Test func errorsOfTheServerAreTyped() async throws {
        try await RedisServer.run { server in
            let connection = try await server.connect()
            _ = try await connection.send(RedisCommand("LPUSH", "list", "x"))
            let wrong = await #expect(throws: RedisError.self) {
                try await connection.send(RedisCommand("GET", "list"))
            }
            #expect(wrong?.code == .server(prefix: "WRONGTYPE"))
            let unknown = await #expect(throws: RedisError.self) {
                try await connection.send(RedisCommand("NOSUCH", "secret-argument"))
            }
            #expect(unknown?.code == .server(prefix: "ERR"))
            #expect(unknown?.message.contains("secret") == false)
            #expect(connection.isOpen)
            await connection.close()
        }
    }

    @Test func replyBeyondTheBoundClosesTheConnection() async throws {
        try await RedisServer.run { server in
            var configuration = server.configuration
            configuration.maximumReplyBytes = 100_000
            let connection = try await RedisConnection.connect(configuration, on: eventLoops)
            _ = try await connection.send(RedisCommand("SET", "key", .bytes(Array(repeating: 1, count: 90_000))))
            for _ in 0..<20 { #expect(try await connection.send(RedisCommand("GET", "key")).bytes?.count == 90_000) }
            _ = try await connection.send(RedisCommand("APPEND", "key", .bytes(Array(repeating: 1, count: 90_000))))
            let error = await #expect(throws: RedisError.self) { try await connection.send(RedisCommand("GET", "key")) }
            #expect(error?.code == .protocolViolation)
            #expect(!connection.isOpen)
        }
    }
}
