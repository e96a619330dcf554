import Glibc
import StudioTestKit
import Testing

/// The programs on a machine without `git-lfs`. None of the servers they name has to be there: this comes first.
@Suite("Without git-lfs", .serialized)
struct LFSClientTests {
    private func environment(_ name: String, home: TemporaryDirectory) throws -> [String: String] {
        [
            "STUDIO_ENV": name, "PATH": "", "HOST": "127.0.0.1", "PORT": String(try ProgramUnderTest.freePort()),
            "DATABASE_URL": "postgresql://studio@/studio?host=\(home.path)",
            "REDIS_URL": "unix://\(home.path("redis"))?db=0",
            "WORKSPACE_ROOT": home.path, "JWT_SECRET": Stack.secret, "LOG_LEVEL": "info",
        ]
    }

    @Test("Production does not start, and says how to get it", arguments: ProgramUnderTest.allCases)
    func production(_ program: ProgramUnderTest) async throws {
        let home = try TemporaryDirectory("lfs")
        let done = try await program.run(["serve"], environment: environment("production", home: home))
        #expect(done.exit == .code(1), "\(done.errors)")
        #expect(done.errors.contains("git-lfs is not installed"))
        #expect(done.errors.contains("apt-get install git-lfs"))
    }

    @Test("In an image, where nobody works, production starts without it", arguments: ProgramUnderTest.allCases)
    func elsewhere(_ program: ProgramUnderTest) async throws {
        let home = try TemporaryDirectory("lfs")
        let settings = try environment("production", home: home).merging(["GIT_CLIENT": "elsewhere"]) { $1 }
        let child = try program.start(["serve"], environment: settings)
        try await child.line(containing: "waiting for PostgreSQL")
        child.send(SIGTERM)
        #expect(try await child.exit() == .code(0))
    }

    @Test("Development says how to get it and goes on", arguments: ProgramUnderTest.allCases)
    func development(_ program: ProgramUnderTest) async throws {
        let home = try TemporaryDirectory("lfs")
        let child = try program.start(["serve"], environment: environment("development", home: home))
        try await child.line(containing: "apt-get install git-lfs")
        try await child.line(containing: "waiting for PostgreSQL")
        child.send(SIGTERM)
        #expect(try await child.exit() == .code(0))
    }
}
