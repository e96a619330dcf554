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
            ("socket:///run/redis.sock?virtual_host=/5", .unixSocket(path: "/run/redis.sock"), 5),
            ("rediss://h/2", .host("h", port: 6379), 2), ("rediss://h:7?db=6", .host("h", port: 7), 6),
            ("redis://h/2?virtual_host=3&socket_timeout=5", .host("h", port: 6379), 3),
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
        let asked = try RedisConfiguration(
            url: "redis+socket:///run/r.sock?username=stu&password=a%2Bb+c&virtual_host=1")
        #expect(asked.username == "stu")
        #expect(asked.password == "a+b c")
        #expect(asked.database == 1)
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
            "", "localhost", "valkeys://:hunter2@h", "http://h",
            "redis://:hunter2@h?ssl_cert_reqs=none", "unix://:hunter2@/r.sock?ssl_ca_certs=/a",
            "rediss://:hunter2@h?ssl_cert_reqs=hunter2", "rediss://h?ssl_keyfile=/hunter2", "rediss://h?ssl_ca_certs=",
            "rediss://h?ssl_ciphers=hunter2", "redis://h:0", "redis://h:65536", "redis://h:hunter2",
            "redis://h/hunter2", "redis://h/-1", "redis://[::1", "redis://[::1]x", "redis://h%2", "redis://h%zz",
            "redis://h%00", "unix://relative", "unix:///run/r.sock?db=hunter2", "redis+socket://",
            "unix:///" + String(repeating: "x", count: 120), "redis://%ff:hunter2@h",
        ])
    func refused(url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test(
        "TLS as Celery's users write it",
        arguments: [
            ("", RedisTLS.Verification.full), ("?ssl_cert_reqs=required", .full),
            ("?ssl_cert_reqs=CERT_REQUIRED", .full), ("?ssl_cert_reqs=optional", .full),
            ("?ssl_cert_reqs=CERT_OPTIONAL", .full), ("?ssl_cert_reqs=none", .none),
            ("?ssl_cert_reqs=CERT_NONE", .none), ("?ssl_check_hostname=False", .authority),
            ("?ssl_check_hostname=true", .full), ("?ssl_cert_reqs=none&ssl_check_hostname=false", .none),
        ])
    func verification(query: String, verification: RedisTLS.Verification) throws {
        #expect(try RedisConfiguration(url: "rediss://h/0" + query).tls?.verification == verification)
    }

    @Test func certificates() throws {
        let tls = try #require(
            try RedisConfiguration(
                url: "rediss://h?ssl_ca_certs=%2Fca.pem&ssl_ca_path=/roots&ssl_certfile=/c.pem&ssl_keyfile=/k.pem"
            ).tls)
        #expect(tls.authorities == ["/ca.pem", "/roots"])
        #expect(tls.certificate == "/c.pem")
        #expect(tls.key == "/k.pem")
        #expect(try RedisConfiguration(url: "redis://h").tls == nil)
        #expect(try RedisConfiguration(url: "rediss://h/3").description == "rediss://h:6379/3")
    }

    @Test(
        "a file that is not there is found at the start",
        arguments: [
            ("ssl_ca_certs=/nosuch", "ssl_ca_certs"), ("ssl_certfile=/nosuch", "ssl_certfile"),
        ])
    func missingFiles(query: String, member: String) throws {
        let tls = try #require(try RedisConfiguration(url: "rediss://h?\(query)").tls)
        let error = #expect(throws: RedisError.self) { try tls.check() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(member) == true)
    }
}
