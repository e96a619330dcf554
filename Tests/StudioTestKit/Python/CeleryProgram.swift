/// The real `celery` program as a person runs it, such as `celery -b redis://… status`.
public enum CeleryProgram {
    /// Runs it to its end. A status other than 0 is a result, not an error.
    ///
    /// - Parameters:
    ///   - arguments: Its arguments after `-b`, such as `inspect ping`.
    ///   - broker: The broker's URL.
    ///   - bound: The longest it may take; then it is killed.
    /// - Returns: How it ended and what it wrote, without colours.
    /// - Throws: `TestKitError` when Python is not installed or cannot be started, `WaitTimedOut` when it took too long.
    public static func run(
        _ arguments: String..., broker: String, within bound: Duration = .seconds(300)
    ) async throws -> ChildProcess.Completed {
        try await PythonProgram.run(
            module: "celery", ["-b", broker, "--no-color"] + arguments, within: bound)
    }
}

/// A real Celery worker with tasks that a test brings along.
public final class CeleryWorker: Sendable {
    /// The worker's main process; its children are in its process group.
    public let process: ChildProcess
    /// The node's name, `name@host`.
    public let node: String
    private let folder: TemporaryDirectory

    /// Starts a worker and waits until it takes tasks.
    ///
    /// - Parameters:
    ///   - source: The text of the module `tasks`, which makes a Celery app named `app`; it finds broker and result URL
    ///     in the environment as `CELERY_BROKER_URL` and `CELERY_RESULT_BACKEND`, which Celery reads by itself.
    ///   - broker: The URL of broker and results.
    ///   - name: The node's name before `@test`; each worker of one Redis has its own.
    ///   - queues: The queues it serves.
    ///   - concurrency: How many tasks it runs at a time.
    ///   - arguments: More arguments of `celery worker`, such as `-E`.
    ///   - environment: Added to the small inherited set.
    /// - Throws: `TestKitError` when it cannot be started or ended with an error; `WaitTimedOut`.
    public init(
        _ source: String, broker: String, name: String = "python", queues: [String] = ["celery"],
        concurrency: Int = 1, arguments: [String] = [], environment: [String: String] = [:]
    ) async throws {
        folder = try TemporaryDirectory("celery")
        try folder.write(source.utf8, to: "tasks.py")
        node = "\(name)@test"
        let urls = ["CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": broker]
        process = try ChildProcess(
            PythonProgram.interpreter(),
            [
                "-u", "-m", "celery", "-A", "tasks", "worker", "--loglevel", "INFO", "--hostname", node,
                "--queues", queues.joined(separator: ","), "--concurrency", String(concurrency),
            ] + arguments,
            environment: PythonProgram.environment.merging(urls) { $1 }.merging(environment) { $1 },
            directory: folder.path)
        try await process.line(containing: " ready.")
    }
}

/// A real Flower that watches a broker, without a password, on a free port of 127.0.0.1.
public final class FlowerServer: Sendable {
    /// The running Flower.
    public let process: ChildProcess
    /// Where its pages are, such as `http://127.0.0.1:5555`.
    public let base: String
    private let folder: TemporaryDirectory

    /// Starts Flower and waits until it listens to events.
    ///
    /// - Parameters:
    ///   - broker: The broker's URL.
    ///   - arguments: More arguments of `celery flower`.
    /// - Throws: `TestKitError` when it cannot be started or ended with an error; `WaitTimedOut`.
    public init(broker: String, arguments: [String] = []) async throws {
        folder = try TemporaryDirectory("flower")
        let port = try ProgramUnderTest.freePort()
        base = "http://127.0.0.1:\(port)"
        process = try ChildProcess(
            PythonProgram.interpreter(),
            [
                "-u", "-m", "celery", "-b", broker, "flower", "--address=127.0.0.1", "--port=\(port)",
                // A second by default, and a page without the answer is "not found".
                "--inspect_timeout=10000",
            ] + arguments,
            environment: PythonProgram.environment.merging(["FLOWER_UNAUTHENTICATED_API": "true"]) { $1 },
            directory: folder.path)
        try await process.line(containing: "Connected to ")
    }
}
