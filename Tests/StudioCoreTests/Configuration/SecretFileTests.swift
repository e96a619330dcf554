import FoundationEssentials
import StudioCore
import Testing

@Suite("Secrets as files") struct SecretFileTests {
    private struct Missing: Error {}

    private func read(
        _ environment: [String: String], files: [String: String], program: StudioConfiguration.Program = .gateway
    ) throws -> StudioConfiguration {
        try StudioConfiguration(environment: environment, program: program) { path in
            guard let text = files[path] else { throw Missing() }
            return text
        }
    }

    private static let files = [
        "/s/db": "postgresql://u:verysecret@h/db\n", "/s/redis": "redis://:hidden@h/0\r\n",
        "/s/jwt": String(repeating: "k", count: 40) + "\n\n", "/s/admin": "correct horse battery",
        "/s/tenant": "another long password", "/s/comfy": "http://ada:word@gpu:8188\n",
    ]
    private static let named = [
        "DATABASE_URL_FILE": "/s/db", "REDIS_URL_FILE": "/s/redis", "JWT_SECRET_FILE": "/s/jwt",
        "STUDIO_ADMIN_PASSWORD_FILE": "/s/admin", "TENANT_ADMIN_PASSWORD_FILE": "/s/tenant",
        "COMFYUI_URLS_FILE": "/s/comfy",
    ]

    @Test("Every secret may come from a file, without the end of its last line, and none is shown")
    func all() throws {
        let configuration = try read(Self.named, files: Self.files)
        #expect(configuration.common.databaseURL == "postgresql://u:verysecret@h/db")
        #expect(configuration.common.redisURL == "redis://:hidden@h/0")
        #expect(configuration.gateway.tokenSecret == String(repeating: "k", count: 40))
        #expect(configuration.gateway.adminPassword == "correct horse battery")
        #expect(configuration.gateway.tenantAdminPassword == "another long password")
        #expect(configuration.worker.comfyServers.map(\.absoluteString) == ["http://ada:word@gpu:8188"])
        let shown = configuration.effective.map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
        for secret in ["verysecret", "hidden", "kkk", "correct", "another", "word@"] {
            #expect(!shown.contains(secret))
        }
    }

    @Test(
        "A file that is not there or has nothing in it is a broken rule, not a setting that is missing",
        arguments: Array(named.keys).sorted())
    func bad(_ name: String) {
        for text in [nil, "", "\n"] as [String?] {
            var files = Self.files
            files[Self.named[name] ?? ""] = text
            let error = #expect(throws: StudioError.self) { try read(Self.named, files: files) }
            #expect(error?.findings.map(\.pointer) == [name])
        }
    }

    @Test("A setting that is no secret may come from a file as well; the variable itself goes first")
    func others() throws {
        let environment = Self.named.merging(["WORKER_SLOTS_FILE": "/s/slots", "PORT_FILE": "/s/port", "PORT": "81"]) {
            $1
        }
        let configuration = try read(environment, files: Self.files.merging(["/s/slots": "7", "/s/port": "80"]) { $1 })
        #expect(configuration.worker.slots == 7)
        #expect(configuration.gateway.port == 81)
    }

    @Test("Who only asks a running program needs no secrets; a broken rule leaves the other settings as they are")
    func bystander() throws {
        #expect(try read(["PORT": "9000"], files: [:], program: .bystander).gateway.port == 9000)
        let (configuration, broken) = StudioConfiguration.read(
            environment: ["PORT": "x", "DATABASE_URL": "postgresql:///a"], program: .gateway
        ) { _ in throw Missing() }
        #expect(Set(broken.map(\.pointer)) == ["PORT", "REDIS_URL", "JWT_SECRET"])
        #expect(configuration.common.databaseURL == "postgresql:///a")
    }

    @Test("The engine gate's settings", arguments: ["relative", "/", "/a/../b", "/a//b"])
    func gate(_ folder: String) throws {
        let good = try read(
            ["ENGINE_GATE_LISTEN": "tcp://0.0.0.0:2375", "ENGINE_GATE_FOLDERS": "/srv/studio/, /models"], files: [:],
            program: .bystander)
        #expect(good.engineGate.listen == .tcp("0.0.0.0:2375"))
        #expect(good.engineGate.folders == ["/srv/studio", "/models"])
        let error = #expect(throws: StudioError.self) {
            try read(
                ["ENGINE_GATE_FOLDERS": folder, "ENGINE_GATE_LISTEN": "http://a"], files: [:], program: .bystander)
        }
        #expect(Set(error?.findings.map(\.pointer) ?? []) == ["ENGINE_GATE_FOLDERS", "ENGINE_GATE_LISTEN"])
    }
}
