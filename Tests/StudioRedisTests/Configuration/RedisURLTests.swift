import StudioRedis
import Testing

@Suite("Redis URLs")
struct RedisURLTests {
    @Test(
        "addresses",
        arguments: [
            ("redis://localhost", RedisConfiguration.Endpoint.host("localhost", port: 6379), 0),
            ("redis://", .host("127.0.0.1", port: 6379), 0), ("redis://h:7000/3", .host("h", port: 7000), 3),
            ("REDIS://h/", .host("h", port: 6379), 0), ("redis://[::1]:7/15", .host("::1", port: 7), 15),
            ("redis://[fe80::1]", .host("fe80::1", port: 6379), 0),
            ("redis+socket:///run/redis.sock?virtual_host=2", .unixSocket(path: "/run/redis.sock"), 2),
            ("redis+socket:///run/a%20b.sock", .unixSocket(path: "/run/a b.sock"), 0),
            ("unix:///run/redis.sock?db=4", .unixSocket(path: "/run/redis.sock"), 4),
        ])
    func addresses(url: String, endpoint: RedisConfiguration.Endpoint, database: Int) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(configuration.endpoint == endpoint)
        #expect(configuration.database == database)
        #expect(configuration.password == nil)
    }

    @Test func credentials() throws {
        let both = try RedisConfiguration(url: "redis://stu:p%40ss%3A%2F@h:1/1")
        #expect(both.username == "stu")
        #expect(both.password == "p@ss:/")
        let only = try RedisConfiguration(url: "redis://:word@h")
        #expect(only.username == nil)
        #expect(only.password == "word")
        #expect(try RedisConfiguration(url: "unix://:word@/run/r.sock").password == "word")
    }

    @Test func thePasswordIsNeverShown() throws {
        let configuration = try RedisConfiguration(url: "redis://stu:hunter2@h:1/1")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [
            "\(configuration)", String(reflecting: configuration), dumped, "\(Optional(configuration) as Any)",
        ] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("h:1"))
        }
    }

    @Test(
        "what is refused, without repeating it",
        arguments: [
            "", "localhost", "rediss://:hunter2@h", "http://h", "redis://h:0", "redis://h:65536", "redis://h:hunter2",
            "redis://h/hunter2", "redis://h/-1", "redis://[::1", "redis://[::1]x", "redis://h%2", "redis://h%zz",
            "redis://h%00", "unix://relative", "unix:///run/r.sock?db=hunter2", "redis+socket://",
            "unix:///" + String(repeating: "x", count: 120), "redis://%ff:hunter2@h",
        ])
    func refused(url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test func tlsIsRefusedClearly() {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: "rediss://h") }
        #expect(error?.message.contains("TLS") == true)
    }
}
