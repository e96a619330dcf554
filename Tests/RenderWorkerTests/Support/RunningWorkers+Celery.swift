import QueueProtocol
import StudioTestKit

extension RunningWorkers {
    /// Runs the real `celery` program on the workers' Redis.
    func celery(_ arguments: [String]) async throws -> ChildProcess.Completed {
        try await PythonProgram.run(
            module: "celery", ["-b", redis.celeryURL(), "--no-color"] + arguments)
    }

    /// Sends commands one after the other with Celery's own client and returns the first node's answer to each.
    ///
    /// - Parameter commands: The method, then names and values of its arguments: a name that ends in `[]` has a list, by
    ///   comma.
    /// - Returns: The answers.
    /// - Throws: `TestKitError` where the client failed, `WaitTimedOut`.
    func control(_ commands: [[String]]) async throws -> [JSONValue] {
        let source = """
            import json, sys
            from celery import Celery

            app = Celery(broker=sys.argv[1])
            for method, *words in json.loads(sys.argv[2]):
                arguments = {}
                for name, value in zip(words[::2], words[1::2]):
                    if name.endswith("[]"):
                        arguments[name[:-2]] = value.split(",")
                    elif name in ("n", "soft", "hard") and value.replace(".", "").isdigit():
                        arguments[name] = json.loads(value)
                    else:
                        arguments[name] = value
                if method == "terminate":
                    method, arguments = "revoke", {**arguments, "terminate": True}
                found = app.control.broadcast(method, arguments=arguments, reply=True, timeout=60, limit=1)
                print(json.dumps([answer for node in found for answer in node.values()][0]))
            """
        let done = try await PythonProgram.run(
            source, [redis.celeryURL(), try JSONText.string(commands)], within: .seconds(120))
        guard done.exit == .code(0) else { throw TestKitError("celery: \(done.errors)") }
        return try done.output.split(separator: "\n").map { try JSONText.decode(JSONValue.self, from: String($0)) }
    }
}
