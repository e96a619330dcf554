import FoundationEssentials
import Glibc

/// The programs as the build made them, beside the test bundle: what the tests run is what this build is. `STUDIO_PROGRAMS`
/// names another folder, such as that of the release build.
public enum ProgramUnderTest: String, Sendable, CaseIterable {
    /// The gateway.
    case gateway = "GatewayServer"
    /// The render worker.
    case worker = "RenderWorker"

    /// Where the program is.
    ///
    /// - Returns: Its absolute path.
    /// - Throws: `TestKitError` when the build did not make it.
    public func path() throws -> String {
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let beside = bundle.lastIndex(of: "/").map { String(bundle[..<$0]) } ?? "."
        let named = getenv("STUDIO_PROGRAMS").map { String(cString: $0) } ?? ""
        let folder = named.isEmpty ? beside : named
        let path = "\(folder)/\(rawValue)"
        guard access(path, X_OK) == 0 else { throw TestKitError("\(rawValue) was not built in \(folder)") }
        return path
    }

    /// Starts the program with nothing but the environment the test names.
    ///
    /// - Parameters:
    ///   - arguments: Its arguments.
    ///   - environment: Its settings.
    ///   - directory: The working folder; `nil` is the test's own.
    /// - Returns: The running program.
    /// - Throws: `TestKitError` when it was not built or cannot be started.
    public func start(
        _ arguments: [String] = [], environment: [String: String], directory: String? = nil
    ) throws -> ChildProcess {
        try ChildProcess(path(), arguments, environment: environment, directory: directory)
    }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: Its arguments.
    ///   - environment: Its settings.
    ///   - directory: The working folder; `nil` is the test's own.
    ///   - bound: The longest it may take.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: `TestKitError` when it was not built or cannot be started, `WaitTimedOut` when it took too long.
    public func run(
        _ arguments: [String] = [], environment: [String: String], directory: String? = nil,
        within bound: Duration = .seconds(300)
    ) async throws -> ChildProcess.Completed {
        try await ChildProcess.run(path(), arguments, environment: environment, directory: directory, within: bound)
    }
}
