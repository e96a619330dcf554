import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Whom the gateway takes a request for where proxies stand before it. The tests' own address is 127.0.0.1.
@Suite("Forwarded addresses") struct ForwardedAddressTests {
    private func settings(trusting networks: String...) -> TestGateway.Settings {
        var settings = TestGateway.Settings()
        settings.trustedProxies = TrustedProxies(networks.compactMap { IPNetwork($0) })
        settings.throttle.perAddress = 2
        settings.throttle.perAccount = 100
        return settings
    }

    /// Tries to sign in as somebody who is not there, so that the address alone is counted.
    private func guess(
        _ gateway: TestGateway, _ number: Int, _ headers: [String] = [], answers status: Int,
        at place: SourceLocation = #_sourceLocation
    ) async throws {
        let body = try JSONText.string(["email": "nobody-\(number)@example.com", "password": "wrong"])
        let answer = try await gateway.request("POST", LoginRoutes.path, headers: headers, body: body)
        #expect(answer.status == status, sourceLocation: place)
    }

    @Test("Two people behind one proxy are throttled apart")
    func apart() async throws {
        try await TestGateway.run(settings(trusting: "127.0.0.1")) { gateway in
            let (ada, bob) = ("X-Forwarded-For: 198.51.100.1", "x-forwarded-for: 2001:db8::7, 127.0.0.1")
            for number in 0..<2 { try await guess(gateway, number, [ada], answers: 401) }
            try await guess(gateway, 2, [ada], answers: 429)
            try await guess(gateway, 3, [bob], answers: 401)
            // Nothing that Ada writes herself, left of what the proxy appended or in a line of its own, makes her another.
            try await guess(gateway, 4, ["X-Forwarded-For: 203.0.113.9, 198.51.100.1"], answers: 429)
            try await guess(gateway, 5, ["X-Forwarded-For: 203.0.113.9", ada], answers: 429)
            try await guess(gateway, 6, ["X-Forwarded-For: ::ffff:198.51.100.1"], answers: 429)
        }
    }

    @Test("Who is no trusted proxy is taken for nobody else")
    func spoofed() async throws {
        for settings in [settings(), settings(trusting: "192.0.2.0/24")] {
            try await TestGateway.run(settings) { gateway in
                for number in 0..<2 {
                    try await guess(gateway, number, ["X-Forwarded-For: 198.51.100.\(number)"], answers: 401)
                }
                try await guess(gateway, 2, ["X-Forwarded-For: 198.51.100.2"], answers: 429)
                try await guess(gateway, 3, ["Forwarded: for=198.51.100.3", "X-Real-IP: 198.51.100.3"], answers: 429)
            }
        }
    }

    @Test("What cannot be read counts as the proxy's own request")
    func malformed() async throws {
        try await TestGateway.run(settings(trusting: "127.0.0.1")) { gateway in
            for (number, header) in ["unknown", "198.51.100.1, x"].enumerated() {
                try await guess(gateway, number, ["X-Forwarded-For: \(header)"], answers: 401)
            }
            try await guess(gateway, 2, answers: 429)
            try await guess(gateway, 3, ["X-Forwarded-For: 198.51.100.1"], answers: 401)
        }
    }

    @Test("Access log and audit name the client")
    func told() async throws {
        try await TestGateway.run(settings(trusting: "127.0.0.1")) { gateway in
            let body = try JSONText.string(["email": "admin@example.com", "password": TestGateway.password])
            let login = try await gateway.request(
                "POST", LoginRoutes.path, headers: ["X-Forwarded-For: 198.51.100.1"], body: body)
            #expect(login.status == 200)
            // The line is written when the answer has been sent.
            try await eventually("the access log line") {
                gateway.log.lines.contains { $0.contains("remote=198.51.100.1") }
            }
            let addresses = try await gateway.studio.database.withConnection { connection in
                try connection.query("SELECT detail->>'address' AS address FROM actions").map {
                    try $0.decode("address", as: String?.self)
                }
            }
            #expect(addresses == ["198.51.100.1"])
        }
    }

    @Test("No answer names scheme or host: a proxy needs to tell neither")
    func noAbsoluteAddresses() async throws {
        try await TestGateway.run(settings(trusting: "127.0.0.1")) { gateway in
            let user: JSONValue = [
                "email": "new@example.com", "password": "a password that is long", "roles": ["artist"],
            ]
            let body = try JSONText.string(user)
            let made = try await gateway.request(
                "POST", "/api/v1/admin/users", token: try gateway.token(),
                headers: ["X-Forwarded-Proto: https", "X-Forwarded-Host: studio.example.com"], body: body)
            #expect(made.status == 201)
            #expect(made.headers["location"]?.hasPrefix("/api/v1/admin/users/") == true)
            #expect(!made.text.contains("studio.example.com") && !made.text.contains("://"))
        }
    }
}
