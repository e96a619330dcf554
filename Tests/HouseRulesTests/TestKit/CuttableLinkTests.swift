import FoundationEssentials
import StudioTestKit
import Testing

@Suite("A line that can be cut")
struct CuttableLinkTests {
    @Test("It carries both servers' words, large ones too, and many at once")
    func carries() async throws {
        let postgres = try await PrivatePostgres.shared()
        let redis = try await PrivateRedis()
        let (toPostgres, toRedis) = try (CuttableLink(to: postgres), CuttableLink(to: redis))
        let database = toPostgres.postgresURL(try await postgres.database())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...8 {
                group.addTask {
                    let rows = try await postgres.sql(
                        "SELECT length(repeat('x', 3000000)), repeat('y', 1000000 + \(number))", in: database)
                    #expect(rows == ["3000000|" + String(repeating: "y", count: 1_000_000 + number)])
                }
            }
            try await group.waitForAll()
        }
        #expect(try await Self.redis(toRedis, "SET", "a", String(repeating: "z", count: 100_000)) == "OK")
        #expect(try await redis.command("STRLEN", "a") == "100000")
        #expect(try await Self.redis(toRedis, "-n", "3", "GET", "a") == "")
        #expect(toRedis.redisURL(3) == "redis://127.0.0.1:\(toRedis.port)/3")
    }

    @Test("Cut, an open connection stays open and hears nothing; mended, what was sent arrives")
    func cutAndMended() async throws {
        let redis = try await PrivateRedis()
        let link = try CuttableLink(to: redis)
        let blocked = try ChildProcess("redis-cli", ["-p", "\(link.port)", "BLPOP", "list", "0"])
        try await eventually("it waits") { try await redis.command("CLIENT", "LIST").contains("cmd=blpop") }
        link.cut()
        try await redis.command("RPUSH", "list", "word")
        // Whoever comes now is let in and hears nothing.
        let newcomer = try ChildProcess("redis-cli", ["-p", "\(link.port)", "SET", "b", "1"])
        let impatient = try await ChildProcess.run("timeout", ["0.3", "redis-cli", "-p", "\(link.port)", "PING"])
        #expect(impatient.exit == .code(124) && impatient.output.isEmpty, "\(impatient)")
        #expect(blocked.ended == nil && blocked.output.isEmpty)
        #expect(newcomer.ended == nil)
        #expect(try await redis.command("EXISTS", "b") == "0")
        #expect(link.connections == 1)
        link.restore()
        #expect(try await blocked.drained() == .code(0))
        #expect(blocked.output == ["list", "word"])
        #expect(try await newcomer.drained() == .code(0))
        #expect(try await redis.command("GET", "b") == "1")
        try await eventually("all have hung up") { link.connections == 0 }
    }

    @Test("Cut on the way back, what is asked is done and the answer waits")
    func answersCut() async throws {
        let redis = try await PrivateRedis()
        let link = try CuttableLink(to: redis)
        link.cut(.answers)
        let caller = try ChildProcess("redis-cli", ["-p", "\(link.port)", "SET", "c", "1"])
        try await eventually("it is done") { try await redis.command("GET", "c") == "1" }
        #expect(caller.ended == nil && caller.output.isEmpty)
        link.restore()
        #expect(try await caller.drained() == .code(0))
        #expect(caller.output == ["OK"])
    }

    @Test("Forgotten connections hang for good, and new ones pass")
    func forgotten() async throws {
        let redis = try await PrivateRedis()
        let link = try CuttableLink(to: redis)
        let forgotten = try ChildProcess("redis-cli", ["-p", "\(link.port)", "BLPOP", "list", "0"])
        try await eventually("it waits") { try await redis.command("CLIENT", "LIST").contains("cmd=blpop") }
        link.forget()
        try await redis.command("RPUSH", "list", "word")
        #expect(try await Self.redis(link, "PING") == "PONG")
        link.cut()
        link.restore()
        #expect(try await Self.redis(link, "LLEN", "list") == "0")
        #expect(forgotten.ended == nil && forgotten.output.isEmpty)
    }

    @Test("Refusing or severed, nobody gets in; severed, those inside are thrown out; the port stays the same")
    func severed() async throws {
        let redis = try await PrivateRedis()
        let link = try CuttableLink(to: redis)
        let inside = try ChildProcess("redis-cli", ["-p", "\(link.port)", "BLPOP", "list", "0"])
        try await eventually("it is inside") { link.connections == 1 }
        link.cut(newcomers: .refused)
        #expect(try await Self.redis(link, "PING").contains("refused"))
        #expect(inside.ended == nil)
        link.restore()
        #expect(try await Self.redis(link, "PING") == "PONG")
        for _ in 1...3 {
            link.sever()
            #expect(try await Self.redis(link, "PING").contains("refused"))
            link.restore()
            #expect(try await Self.redis(link, "PING") == "PONG")
        }
        try await inside.drained()
        #expect(inside.lines.contains { $0.text.contains("reset") || $0.text.contains("closed") }, "\(inside.lines)")
        try await redis.stop()
        #expect(try await Self.redis(link, "PING") != "PONG")
        try await redis.start()
        #expect(try await Self.redis(link, "PING") == "PONG")
    }

    /// What `redis-cli` prints when it goes through the line.
    private static func redis(_ link: CuttableLink, _ command: String...) async throws -> String {
        let done = try await ChildProcess.run("redis-cli", ["-p", "\(link.port)"] + command)
        return done.output + done.errors
    }
}
