import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// The programs' own commands, as an operator types them.
@Suite("Commands", .serialized)
struct CommandTests {
    @Test("A project made without PostgreSQL is the same folder, and a gateway that starts knows it")
    func projectWithoutDatabase() async throws {
        let stack = try await Stack.start(workers: 0)
        let gateway = await stack.gateway
        gateway.send(SIGTERM)
        try await gateway.exit()
        try await stack.postgres.stop()
        let made = try await ProgramUnderTest.gateway.run(
            ["project", "create", "offline", "--title", "Made offline"], environment: stack.environment)
        #expect(made.exit == .code(0), "\(made.errors)")
        #expect(try await stack.person("git", "log", "--format=%s", project: "offline").isEmpty == false)
        try await stack.postgres.start()
        try await stack.restartGateway()
        let shown = try await stack.api.get("/api/v1/projects/offline")
        #expect(shown.status == 200)
        #expect(shown.json["title"] == "Made offline")
        let again = try await ProgramUnderTest.gateway.run(
            ["project", "create", "OFFLINE"], environment: stack.environment)
        #expect(again.exit != .code(0))
        try await stack.stop()
    }

    @Test("A damaged project is found, repaired, and sound again")
    func projectRepair() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        let folder = stack.folder(of: "film")
        try FileManager.default.removeItem(atPath: folder + "/02_Source_Creative/Scripts")
        try FileManager.default.removeItem(atPath: folder + "/.gitattributes")
        let found = try await ProgramUnderTest.gateway.run(["project", "check"], environment: stack.environment)
        #expect(found.exit != .code(0))
        #expect(found.output.contains("02_Source_Creative/Scripts"))
        let repaired = try await ProgramUnderTest.gateway.run(
            ["project", "check", "--repair"], environment: stack.environment)
        #expect(repaired.exit == .code(0), "\(repaired.output)\(repaired.errors)")
        let sound = try await ProgramUnderTest.gateway.run(["project", "check"], environment: stack.environment)
        #expect(sound.exit == .code(0), "\(sound.output)")
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("The first login is made once; the configuration is shown without its secrets")
    func loginAndConfiguration() async throws {
        let stack = try await Stack.start(workers: 0)
        let again = try await ProgramUnderTest.gateway.run(
            ["first-login", "--json"], environment: stack.environment)
        #expect(again.exit == .code(0))
        #expect(again.output.isEmpty)
        func login(_ argument: String, _ changes: [String: String] = [:]) async throws -> ChildProcess.Completed {
            try await ProgramUnderTest.gateway.run(
                ["first-login", argument], environment: stack.environment.merging(changes) { $1 })
        }
        #expect(try await login("--check").exit == .code(0))
        // As after a restore: what is set is not what the database has.
        let other = ["STUDIO_ADMIN_PASSWORD": "another horse, another staple"]
        #expect(try await login("--check", other).exit == .code(3))
        let nobody = try await login("--reset", ["STUDIO_ADMIN_EMAIL": "nobody@studio.local"])
        #expect(nobody.exit == .code(1) && nobody.errors.contains("no user with this email address"))
        #expect(try await login("--reset", other).exit == .code(0))
        #expect(try await login("--check", other).exit == .code(0))
        #expect(try await login("--check").exit == .code(3))
        let shown = try await ProgramUnderTest.gateway.run(["config", "show"], environment: stack.environment)
        #expect(shown.output.contains("PORT"))
        #expect(!shown.output.contains(Stack.secret))
        #expect(!shown.output.contains(Stack.password))
        let broken = try await ProgramUnderTest.gateway.run(["config", "check"], environment: ["PORT": "x"])
        #expect(broken.exit != .code(0))
        for name in ["DATABASE_URL", "REDIS_URL", "JWT_SECRET", "PORT"] {
            #expect((broken.output + broken.errors).contains(name))
        }
        try await stack.stop()
    }

    @Test("A request's ids are in the lines of both programs; no token and no password is ever logged")
    func quietLogs() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let (request, trace) = ("shot-7_take.3", "4bf92f3577b34da6a3ce929d0e0e4736")
        let id = try await stack.submit(
            "mock-image", parameters: ["prompt": "x", "width": 64, "height": 64],
            headers: ["X-Request-Id": request, "traceparent": "00-\(trace)-00f067aa0ba902b7-01"])
        try await stack.wait(for: id, toBe: "succeeded")
        let gateway = await stack.gateway
        let worker = await stack.workers[0]
        for line in gateway.lines + worker.lines {
            for secret in [Stack.password, Stack.secret, stack.api.token ?? "?"] {
                #expect(!line.text.contains(secret))
            }
        }
        // One search finds the whole way of a request.
        let expected: [String: JSONValue] = [
            "job": .string(id), "request_id": .string(request), "trace_id": .string(trace),
        ]
        for program in [gateway, worker] {
            // Every line is JSON: this is how the stack is set.
            let lines = try program.lines.map { try JSONText.decode(JSONValue.self, from: $0.text) }
            #expect(lines.contains { line in expected.allSatisfy { line[$0.key] == $0.value } }, "\(program.command)")
        }
        try await stack.stop()
    }
}
