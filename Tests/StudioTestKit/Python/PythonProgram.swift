import FoundationEssentials
import Glibc

/// A piece of Python that a test brings along, run by the interpreter of `scripts/python-environment.sh`: the one with the
/// real Celery and the real Flower.
public final class PythonProgram: Sendable {
    /// The running interpreter.
    public let process: ChildProcess
    private let folder: TemporaryDirectory

    /// Starts a program of one file.
    ///
    /// - Parameters:
    ///   - source: The file's text.
    ///   - arguments: Its arguments.
    ///   - environment: Added to the small inherited set.
    /// - Throws: `TestKitError` when Python is not installed or cannot be started.
    public init(_ source: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws {
        folder = try TemporaryDirectory("python")
        let file = try folder.write(source.utf8, to: "program.py")
        process = try ChildProcess(
            Self.interpreter(), ["-u", file] + arguments, environment: Self.environment.merging(environment) { $1 },
            directory: folder.path)
    }

    /// Runs a program of one file to its end. A status other than 0 is a result, not an error.
    ///
    /// - Parameters:
    ///   - source: The file's text.
    ///   - arguments: Its arguments.
    ///   - environment: Added to the small inherited set.
    ///   - bound: The longest it may take; then it is killed.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: `TestKitError` when Python is not installed or cannot be started, `WaitTimedOut` when it took too long.
    public static func run(
        _ source: String, _ arguments: [String] = [], environment: [String: String] = [:],
        within bound: Duration = .seconds(300)
    ) async throws -> ChildProcess.Completed {
        let folder = try TemporaryDirectory("python")
        let file = try folder.write(source.utf8, to: "program.py")
        return try await ChildProcess.run(
            interpreter(), ["-u", file] + arguments, environment: Self.environment.merging(environment) { $1 },
            directory: folder.path, within: bound)
    }

    /// Runs a module of the environment, such as `celery`, to its end. A status other than 0 is a result, not an error.
    ///
    /// - Parameters:
    ///   - module: The module's name.
    ///   - arguments: Its arguments.
    ///   - environment: Added to the small inherited set.
    ///   - bound: The longest it may take; then it is killed.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: `TestKitError` when Python is not installed or cannot be started, `WaitTimedOut` when it took too long.
    public static func run(
        module: String, _ arguments: [String] = [], environment: [String: String] = [:],
        within bound: Duration = .seconds(300)
    ) async throws -> ChildProcess.Completed {
        let folder = try TemporaryDirectory("python")
        return try await ChildProcess.run(
            interpreter(), ["-u", "-m", module] + arguments,
            environment: Self.environment.merging(environment) { $1 }, directory: folder.path, within: bound)
    }

    /// The interpreter of an environment; by default the one with Celery and Flower.
    ///
    /// - Parameter name: The environment's name below `.studio`.
    /// - Returns: Its absolute path.
    /// - Throws: `TestKitError` when it is not installed.
    public static func interpreter(of name: String = "celery") throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appending(path: ".studio/\(name)/venv/bin/python").path
        guard access(path, X_OK) == 0 else {
            throw TestKitError("\(path) is not there: run scripts/python-environment.sh")
        }
        return path
    }

    /// Celery would warn at every start of what it runs as, and write bytecode beside a test's program.
    static let environment = ["PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"]
}

extension PrivateRedis {
    /// The URL of a database as Celery and Flower take it, for broker and results.
    ///
    /// - Parameter database: The database's number; default 0.
    /// - Returns: A `redis+socket://` URL, which the studio's programs read too.
    public nonisolated func celeryURL(database: Int = 0) -> String {
        "redis+socket://\(socket)?virtual_host=\(database)"
    }
}
