import FoundationEssentials
import StudioCore
import Testing

@Suite("Configuration")
struct ConfigurationTests {
    static let good = [
        "DATABASE_URL": "postgresql://u:verysecret@h/db", "REDIS_URL": "redis://:hidden@h/0",
        "JWT_SECRET": String(repeating: "k", count: 32),
    ]

    private func read(
        _ changes: [String: String] = [:], program: StudioConfiguration.Program = .gateway,
        files: [String: String] = [:]
    ) throws -> StudioConfiguration {
        struct Missing: Error {}
        return try StudioConfiguration(
            environment: Self.good.merging(changes) { $1 }.filter { !$0.value.isEmpty }, program: program,
            readFile: { path in
                guard let text = files[path] else { throw Missing() }
                return text
            })
    }

    @Test("What is not set has its default; the profile decides how logs look")
    func defaults() throws {
        let development = try read()
        #expect(development.gateway.port == 8000)
        #expect(development.gateway.host == "127.0.0.1")
        #expect(development.gateway.maxActiveJobsPerUser == 10_000)
        #expect(try read(["MAX_ACTIVE_JOBS_PER_USER": "0"]).gateway.maxActiveJobsPerUser == 0)
        #expect(development.common.logFormat == .text)
        #expect(development.worker.queues == ["studio"])
        #expect(try read(["STUDIO_ENV": "production"]).common.logFormat == .json)
        #expect(try read(["WORKER_QUEUES": "gpu, studio"]).worker.queues == ["gpu", "studio"])
    }

    @Test("Every broken rule is named at once")
    func allFaults() {
        let error = #expect(throws: StudioError.self) {
            try read([
                "DATABASE_URL": "", "JWT_SECRET": "short", "PORT": "70000", "LOG_LEVEL": "loud", "STUDIO_ENV": "moon",
                "HEARTBEAT_SECONDS": "9",
            ])
        }
        #expect(
            Set(error?.findings.map(\.pointer) ?? []) == [
                "DATABASE_URL", "JWT_SECRET", "PORT", "LOG_LEVEL", "STUDIO_ENV", "HEARTBEAT_SECONDS",
            ])
    }

    @Test("A secret may come from a file, and is never shown")
    func secrets() throws {
        let configuration = try read(
            ["JWT_SECRET": "", "JWT_SECRET_FILE": "/s", "STUDIO_ADMIN_PASSWORD": "correct horse"],
            files: ["/s": String(repeating: "z", count: 40) + "\n"])
        #expect(configuration.gateway.tokenSecret == String(repeating: "z", count: 40))
        let shown = configuration.effective.map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
        for secret in ["verysecret", "hidden", "zzz", "correct horse"] { #expect(!shown.contains(secret)) }
        let error = #expect(throws: StudioError.self) { try read(["JWT_SECRET": "", "JWT_SECRET_FILE": "/nosuch"]) }
        #expect(error?.findings.map(\.pointer) == ["JWT_SECRET_FILE"])
    }

    @Test("ComfyUI servers are addresses, shown without what gives access to them")
    func comfyServers() throws {
        #expect(try read().worker.comfyServers.isEmpty)
        let configuration = try read([
            "COMFYUI_URLS": "http://gpu-1:8188, https://ada:pass%40word@comfy.example.com/a/"
        ])
        #expect(
            configuration.worker.comfyServers.map(\.absoluteString) == [
                "http://gpu-1:8188", "https://ada:pass%40word@comfy.example.com/a/",
            ])
        let shown = configuration.effective.first { $0.name == "COMFYUI_URLS" }?.value ?? ""
        #expect(shown.contains("http://gpu-1:8188") && shown.contains("comfy.example.com"))
        #expect(!shown.contains("pass") && !shown.contains("ada"))
        for bad in ["gpu-1:8188", "ftp://gpu-1", "http://", "http://a,http://a", "http://a?b=c", "http://a,b"] {
            let error = #expect(throws: StudioError.self, "\(bad)") { try read(["COMFYUI_URLS": bad]) }
            #expect(error?.findings.map(\.pointer) == ["COMFYUI_URLS"])
        }
    }

    @Test("Trusted proxies are addresses and networks; what is none, or is everybody, is named")
    func trustedProxies() throws {
        #expect(try read().gateway.trustedProxies.isEmpty)
        let proxies = try read(["TRUSTED_PROXIES": "192.0.2.7, 10.0.0.0/8,2001:db8::/32"]).gateway.trustedProxies
        for text in ["192.0.2.7", "10.255.0.1", "2001:db8:ffff::1"] {
            #expect(proxies.contains(try #require(IPAddress(text))), "\(text)")
        }
        #expect(!proxies.contains(try #require(IPAddress("192.0.2.8"))))
        for bad in ["proxy", "10.0.0.1/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.0/8,x", "10.0.0.0/"] {
            let error = #expect(throws: StudioError.self, "\(bad)") { try read(["TRUSTED_PROXIES": bad]) }
            #expect(error?.findings.map(\.pointer) == ["TRUSTED_PROXIES"], "\(bad)")
            #expect(error?.findings.map(\.code) == ["configuration"])
        }
    }

    @Test("A worker needs no token secret")
    func worker() throws {
        #expect(try read(["JWT_SECRET": ""], program: .worker).gateway.tokenSecret.isEmpty)
    }

    @Test("What stands before keys is what Celery's clients can subscribe to")
    func keyPrefixes() throws {
        #expect(try read().common.redisKeyPrefix.isEmpty)
        let set = try read(["REDIS_KEY_PREFIX": "film:", "REDIS_RESULT_KEY_PREFIX": "film"]).common
        #expect(set.redisKeyPrefix == "film:" && set.redisResultKeyPrefix == "film")
        for bad in ["a b", "a*", "[a]", "ä", String(repeating: "a", count: 129)] {
            let error = #expect(throws: StudioError.self) { try read(["REDIS_KEY_PREFIX": bad]) }
            #expect(error?.findings.map(\.pointer) == ["REDIS_KEY_PREFIX"])
        }
    }
}
