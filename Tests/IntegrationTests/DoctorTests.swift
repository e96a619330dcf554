import FoundationEssentials
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// Both programs' `doctor`, as an operator types it.
@Suite("Doctors", .serialized, .timeLimit(.minutes(10)))
struct DoctorTests {
    private func look(
        _ program: ProgramUnderTest, _ environment: [String: String]
    ) async throws -> (exit: ChildProcess.Exit, checks: [String: JSONValue]) {
        let done = try await program.run(
            ["doctor", "--json", "--timeout", "30"], environment: environment)
        let report = try JSONText.decode(JSONValue.self, from: done.output)
        #expect((report["healthy"] == true) == (done.exit == .code(0)))
        let checks = report["checks"]?.arrayValue ?? []
        return (
            done.exit, Dictionary(checks.map { ($0["check"]?.stringValue ?? "", $0) }, uniquingKeysWith: { $1 })
        )
    }

    @Test("A whole studio is well; its doctor leaves nothing behind")
    func well() async throws {
        let stack = try await Stack.start(workers: 0)
        let before = try FileManager.default.contentsOfDirectory(atPath: stack.workspace).sorted()
        for program in ProgramUnderTest.allCases {
            let (exit, checks) = try await look(program, stack.environment)
            #expect(exit == .code(0), "\(program): \(checks.values.filter { $0["verdict"] == "failed" })")
            for check in [
                "configuration", "postgres", "postgres-migrations", "redis", "redis-eviction", "workspace-renames",
            ] {
                #expect(checks[check]?["verdict"] == "ok", "\(program) \(check): \(String(describing: checks[check]))")
            }
            if program == .worker {
                #expect(checks["codecs"]?["verdict"] == "ok", "\(String(describing: checks["codecs"]))")
                #expect(checks["sandbox"]?["verdict"] != "failed", "\(String(describing: checks["sandbox"]))")
            }
            let people = try await program.run(["doctor"], environment: stack.environment)
            #expect(people.output.contains("ok       postgres-version"), "\(people.output)")
            for secret in [Stack.secret, Stack.password] { #expect(!people.output.contains(secret)) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: stack.workspace).sorted() == before)
        try await stack.stop()
    }

    @Test("Where everything is wrong, everything is told, each with a remedy")
    func ill() async throws {
        let workspace = try TemporaryDirectory("ill")
        try workspace.write(Array("{".utf8), to: "Library/Pipeline_Templates/torn/function.json")
        let environment = [
            "DATABASE_URL": "postgresql://studio:verysecret@127.0.0.1:1/studio",
            "REDIS_URL": "redis://:hidden@127.0.0.1:1/0",
            "PORT": "x", "STUDIO_ENV": "production", "WORKSPACE_ROOT": workspace.path,
            "DOCKER_HOST": "tcp://127.0.0.1:1",
            "COMFYUI_URLS": "http://ada:word@127.0.0.1:1",
        ]
        for program in ProgramUnderTest.allCases {
            let (exit, checks) = try await look(program, environment)
            #expect(exit == .code(1))
            var failures = ["configuration", "postgres", "redis", "function torn"]
            if program == .worker { failures += ["engine", "comfyui 127.0.0.1:1"] }
            for check in failures {
                #expect(
                    checks[check]?["verdict"] == "failed", "\(program) \(check): \(String(describing: checks[check]))")
                #expect(checks[check]?["remedy"]?.stringValue?.isEmpty == false, "\(check)")
            }
            #expect(checks["workspace"]?["verdict"] == "ok")
            let people = try await program.run(["doctor"], environment: environment)
            #expect(people.exit == .code(1))
            #expect(people.output.contains("FAILED   postgres"))
            for secret in ["verysecret", "hidden", "word@"] { #expect(!people.output.contains(secret)) }
        }
    }

    @Test("A worker whose engine and workspace are well is told so; one that was given another workspace is not")
    func engine() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makeTool()
        let stack = try await Stack.start(workers: 0, settings: ["DOCKER_HOST": docker.host])
        let (_, checks) = try await look(.worker, stack.environment)
        #expect(checks["engine"]?["verdict"] == "ok", "\(checks)")
        #expect(checks["engine-paths"]?["verdict"] == "ok", "\(checks)")
        let (exit, others) = try await look(
            .worker, stack.environment.merging(["WORKSPACE_HOST_ROOT": "/nonexistent/workspace"]) { $1 })
        #expect(exit == .code(1))
        #expect(others["engine-paths"]?["remedy"]?.stringValue?.contains("WORKSPACE_HOST_ROOT") == true, "\(others)")
        try await stack.stop()
    }
}
