import FoundationEssentials
import Glibc
import Logging
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@Suite struct LFSClientTests {
    /// A logger and what it wrote.
    private func logged(_ body: (Logger) throws -> Void) throws -> String {
        let folder = try TemporaryDirectory("log")
        let descriptor = open(folder.path("log"), O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        try body(
            Logger(label: "test") {
                StudioLogHandler(label: $0, format: .text, level: .info, descriptor: descriptor)
            })
        return String(decoding: try Data(contentsOf: URL(filePath: folder.path("log"))), as: UTF8.self)
    }

    @Test func isFoundOnlyWhereItCanBeRun() throws {
        let folder = try TemporaryDirectory("bin")
        let path = "/nonexistent::\(folder.path)"
        #expect(!LFSClient.isInstalled(searchPath: ""))
        #expect(!LFSClient.isInstalled(searchPath: path))
        let program = try folder.write([], to: "git-lfs")
        #expect(chmod(program, 0o600) == 0)
        #expect(!LFSClient.isInstalled(searchPath: path))
        #expect(chmod(program, 0o700) == 0)
        #expect(LFSClient.isInstalled(searchPath: path))
        let other = try TemporaryDirectory("bin")
        #expect(mkdir(other.path("git-lfs"), 0o755) == 0)
        #expect(!LFSClient.isInstalled(searchPath: other.path))
    }

    @Test(arguments: [StudioEnvironment.development, .testing, .staging])
    func isMissedButNotNeededOutsideProduction(_ environment: StudioEnvironment) throws {
        let text = try logged {
            try LFSClient.require(searchPath: "", environment: environment, place: .here, logger: $0)
        }
        #expect(text.contains("warning") && text.contains("apt-get install git-lfs"))
    }

    @Test func productionRefusesToGoOnWithoutIt() throws {
        let text = try logged { logger in
            let error = #expect(throws: StudioError.self) {
                try LFSClient.require(searchPath: "", environment: .production, place: .here, logger: logger)
            }
            #expect(error?.code == .unavailable)
            #expect(error?.detail.contains(LFSClient.advice) == true)
        }
        #expect(text.isEmpty)
    }

    @Test func nothingIsSaidWhereItIsThere() throws {
        let folder = try TemporaryDirectory("bin")
        #expect(chmod(try folder.write([], to: "git-lfs"), 0o755) == 0)
        #expect(
            try logged {
                try LFSClient.require(searchPath: folder.path, environment: .production, place: .here, logger: $0)
            }.isEmpty)
    }

    /// As in an image, where nobody works.
    @Test(arguments: StudioEnvironment.allCases)
    func isNotLookedForWherePeopleWorkElsewhere(_ environment: StudioEnvironment) throws {
        let text = try logged {
            try LFSClient.require(searchPath: "", environment: environment, place: .elsewhere, logger: $0)
        }
        #expect(text.isEmpty)
    }
}
