import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// The commands for authors of functions, as they type them: no gateway, no database, no Redis.
@Suite("Commands for authors of functions", .serialized)
struct FunctionCommandTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let catalogue = root + "/Workspace/Library/Pipeline_Templates"

    private static func run(
        _ program: ProgramUnderTest, _ arguments: [String], in folder: TemporaryDirectory
    ) async throws -> ChildProcess.Completed {
        try await program.run(
            ["function"] + arguments,
            environment: ["WORKSPACE_ROOT": root + "/Workspace", "HOME": folder.path])
    }

    @Test("Every shipped function checks; a bad one is told whole, and the exit status says so")
    func check() async throws {
        let folder = try TemporaryDirectory("author")
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.catalogue).sorted()
        #expect(names.count >= 6)
        let good = try await Self.run(
            .gateway, ["check"] + names.map { "\(Self.catalogue)/\($0)" }, in: folder)
        #expect(good.exit == .code(0), "\(good.errors)")
        for name in names { #expect(good.output.contains("\(name) "), "\(name)") }
        let examples = try FileManager.default.contentsOfDirectory(atPath: Self.root + "/examples/runners")
        let shown = try await Self.run(
            .gateway, ["check"] + examples.map { "\(Self.root)/examples/runners/\($0)" }, in: folder)
        #expect(examples.count >= 3 && shown.exit == .code(0), "\(shown.errors)")
        try folder.write(
            #"{"name": "other", "version": "1", "title": "Bad", "outputs": {}, "runner": {"kind": "container"}}"#.utf8,
            to: "Library/Pipeline_Templates/bad/function.json")
        let bad = try await Self.run(.gateway, ["check", folder.path("Library/Pipeline_Templates/bad")], in: folder)
        #expect(bad.exit == .code(1))
        for pointer in ["/name:", "/version:", "/runner/image:"] {
            #expect(bad.errors.contains(pointer), "\(bad.errors)")
        }
        #expect(try await Self.run(.gateway, ["check", folder.path("none")], in: folder).exit == .code(1))
    }

    @Test("A function is run once and its file stays; wrong parameters are all told; both programs have the command")
    func tryOne() async throws {
        let folder = try TemporaryDirectory("author")
        for (program, file) in [
            (ProgramUnderTest.worker, "mock-image-image.png"), (.gateway, "mock-image-image-2.png"),
        ] {
            let done = try await Self.run(
                program,
                [
                    "try", "mock-image", "-p", "prompt=a boat", "-p", "width=64", "-p", "height=48", "--output",
                    folder.path,
                ],
                in: folder)
            #expect(done.exit == .code(0), "\(done.errors)")
            #expect(done.output.contains("image: \(folder.path(file))"))
            #expect(done.errors.contains("100 %"))
            let bytes = try Data(contentsOf: URL(filePath: folder.path(file)))
            #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        }
        let wrong = try await Self.run(
            .worker, ["try", "\(Self.catalogue)/mock-image", "-p", "width=1", "--output", folder.path], in: folder)
        #expect(wrong.exit == .code(1))
        #expect(wrong.errors.contains("/parameters/prompt") && wrong.errors.contains("/parameters/width"))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(left == ["mock-image-image-2.png", "mock-image-image.png"])
    }
}
