import FoundationEssentials
public import QueueProtocol

/// The tasks of a Python pipeline, `Tests/Python/studio_py.py`, and the functions that the studio makes of them.
public enum PythonStudio {
    /// The queue that workers with these tasks serve.
    public static let queue = "python"

    /// The module's text, for ``CeleryWorker``.
    ///
    /// - Returns: The text.
    /// - Throws: What the file system says.
    public static func source() throws -> String {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: tests.appending(path: "Python/studio_py.py"), encoding: .utf8)
    }

    /// Starts a worker with these tasks and waits until it takes some.
    ///
    /// - Parameters:
    ///   - broker: The URL of broker and results.
    ///   - name: The node's name before `@test`.
    ///   - concurrency: How many tasks it runs at a time.
    ///   - arguments: More arguments of `celery worker`.
    ///   - environment: Added to the small inherited set.
    /// - Returns: The running worker.
    /// - Throws: `TestKitError`, `WaitTimedOut`.
    public static func worker(
        broker: String, name: String = "python", concurrency: Int = 2, arguments: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> CeleryWorker {
        try await CeleryWorker(
            source(), broker: broker, name: name, queues: [queue], concurrency: concurrency, arguments: arguments,
            environment: environment)
    }

    /// The manifest of the function `paint`, which makes a picture.
    ///
    /// - Parameters:
    ///   - name: The function's name; default `paint`.
    ///   - lostAfter: For how many seconds its task may give no sign of life; default 5, the least.
    ///   - more: Members of the manifest's `runner`, laid over the default's.
    /// - Returns: The manifest.
    public static func paint(
        name: String = "paint", lostAfter: Int = 5, more: [String: JSONValue] = [:]
    ) -> JSONValue {
        let runner: [String: JSONValue] = [
            "kind": "celery", "task": "studio_py.paint", "queue": .string(queue),
            "doNotRetry": ["ValueError", "tasks.BadShot"], "lostAfterSeconds": .integer(Int64(lostAfter)),
        ]
        return [
            "name": .string(name), "version": "1.0.0", "title": "Paint", "description": "A picture, made by Python.",
            "category": "Python",
            "parameters": [
                "type": "object",
                "properties": [
                    "width": ["type": "integer", "default": 64], "height": ["type": "integer", "default": 48],
                    "seed": ["type": "integer", "default": 7], "started": ["type": "string"],
                    "hold": ["type": "string"],
                    "holdAttempts": ["type": "integer"], "die": ["type": "integer"], "fail": ["type": "string"],
                    "failAttempts": ["type": "integer"], "make": ["type": "string"],
                ],
            ],
            "inputs": ["image": ["type": "image", "required": false]],
            "outputs": ["image": ["type": "image", "primary": true, "extension": "png"]],
            "cost": ["credits": 2], "timeoutSeconds": 120,
            "retry": ["maxAttempts": 3, "backoffSeconds": 1, "maxBackoffSeconds": 1],
            "runner": .object(runner.merging(more) { $1 }),
        ]
    }
}
