import StudioCore
import Testing

@Suite("Where a container engine is") struct EngineAddressTests {
    @Test("Addresses as Docker's own programs read them")
    func addresses() {
        let cases: [(String, String?, EngineAddress?)] = [
            ("unix:///var/run/docker.sock", nil, .unixSocket("/var/run/docker.sock")),
            ("unix:///s", "/certificates", .unixSocket("/s")),
            ("tcp://engine", nil, .tcp("engine:2375")), ("tcp://10.0.0.1:99/", nil, .tcp("10.0.0.1:99")),
            ("tcp://engine", "/c", .tls("engine:2376", certificates: "/c")),
            ("tcp://[fe80::1]", nil, .tcp("[fe80::1]:2375")), ("tcp://[fe80::1]:1", nil, .tcp("[fe80::1]:1")),
            ("unix://relative", nil, nil), ("tcp://", nil, nil), ("tcp://a:b", nil, nil), ("tcp://a/b", nil, nil),
            ("tcp://u@a", nil, nil), ("ssh://a", nil, nil), ("/var/run/docker.sock", nil, nil), ("", nil, nil),
            ("tcp://a b", nil, nil), ("tcp://a:70000", nil, nil),
        ]
        for (text, certificates, address) in cases {
            #expect(EngineAddress(text, certificates: certificates) == address, "\(text)")
        }
    }

    @Test("The worker's settings name the engine, and what is wrong with them")
    func settings() throws {
        func worker(_ more: [String: String]) throws -> StudioConfiguration.Worker {
            let environment = ["DATABASE_URL": "postgres://a", "REDIS_URL": "redis://a"].merging(more) { $1 }
            return try StudioConfiguration(environment: environment, program: .worker) { _ in "" }.worker
        }
        #expect(try worker([:]).engine == .unixSocket("/var/run/docker.sock"))
        let told = try worker([
            "DOCKER_HOST": "tcp://engine:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c", "DOCKER_CONFIG": "/d",
            "WORKSPACE_HOST_ROOT": "/srv",
        ])
        #expect(told.engine == .tls("engine:1", certificates: "/c"))
        #expect(told.registryLogins == "/d")
        #expect(told.workspaceHostRoot == "/srv")
        for (wrong, name) in [
            (["DOCKER_HOST": "ssh://a"], "DOCKER_HOST"),
            (["DOCKER_HOST": "tcp://a", "DOCKER_TLS_VERIFY": "1"], "DOCKER_CERT_PATH"),
            (["WORKSPACE_HOST_ROOT": "srv"], "WORKSPACE_HOST_ROOT"),
        ] {
            let error = #expect(throws: StudioError.self) { try worker(wrong) }
            #expect(error?.findings.map(\.pointer).contains(name) == true)
        }
    }
}
