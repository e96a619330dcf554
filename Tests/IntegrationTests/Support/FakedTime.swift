import Foundation
import StudioTestKit

/// A wall clock that a test sets, for one program: `Fixtures/wall-clock.c`, preloaded. Monotonic clocks are the machine's.
struct FakedTime: Sendable {
    private let folder: TemporaryDirectory

    /// Compiles what is preloaded.
    init() async throws {
        folder = try TemporaryDirectory("clock")
        try folder.write(Self.bytes(0), to: "offset")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/wall-clock.c")
        // SwiftPM compiles with the same one.
        let done = try await ChildProcess.run(
            "clang", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", folder.path("clock.so"), source.path])
        guard done.exit == .code(0) else { throw TestKitError("clang: \(done.errors)") }
    }

    /// What the program's environment needs.
    var environment: [String: String] {
        ["LD_PRELOAD": folder.path("clock.so"), "WALL_CLOCK_OFFSET": folder.path("offset")]
    }

    /// Sets the clock to so many hours from the machine's.
    func jump(toHours hours: Int) throws {
        // In place: the program has the file's page.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("offset")))
        try file.write(contentsOf: Self.bytes(hours))
        try file.close()
    }

    private static func bytes(_ hours: Int) -> [UInt8] {
        withUnsafeBytes(of: Int64(hours * 3600)) { Array($0) }
    }
}
