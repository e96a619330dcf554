import Foundation
import QueueProtocol
import StudioTestKit
import Testing

extension Stack {
    /// Runs a piece of Python that knows only Celery's public API, against this studio.
    ///
    /// It finds `app`, `submit(parameters…)` for one small picture or whatever is named, and `say(value)`, which adds to what
    /// is returned.
    ///
    /// - Parameters:
    ///   - source: The piece.
    ///   - bound: The longest it may take.
    /// - Returns: What it said, in order.
    /// - Throws: `TestKitError` with all it wrote where it failed; `WaitTimedOut`.
    nonisolated func python(_ source: String, within bound: Duration = .seconds(120)) async throws -> [JSONValue] {
        let done = try await PythonProgram.run(Self.prelude + source, [redis.celeryURL()], within: bound)
        guard done.exit == .code(0) else { throw TestKitError("python: \(done.exit)\n\(done.output)\n\(done.errors)") }
        return try done.output.split(separator: "\n").filter { $0.hasPrefix("> ") }.map {
            try JSONText.decode(JSONValue.self, from: String($0.dropFirst(2)))
        }
    }

    /// The same for one value.
    nonisolated func pythonValue(_ source: String) async throws -> JSONValue {
        try #require(try await python(source).first)
    }

    static let prelude = """
        import json, sys, time
        from celery import Celery, chain, chord, group, signature
        from celery.result import AsyncResult, allow_join_result

        app = Celery("pipeline", broker=sys.argv[1], backend=sys.argv[1])
        app.conf.update(result_extended=False, broker_connection_retry_on_startup=True)
        PICTURE = {"prompt": "dawn", "width": 64, "height": 64}

        def submission(function="mock-image", parameters=PICTURE, shot="SHOT-010", **more):
            return {"project": "film", "user": "\(email)", "shot": shot, "function": function,
                    "parameters": parameters, **more}

        def submit(function="mock-image", parameters=PICTURE, options={}, **more):
            return app.send_task("studio.submit", kwargs=submission(function, parameters, **more), queue="studio", **options)

        def sig(function="mock-image", parameters=PICTURE, **more):
            return app.signature("studio.submit", kwargs=submission(function, parameters, **more), queue="studio")

        def failure(result):
            try:
                return result.get(timeout=60)
            except Exception as error:
                return [type(error).__name__, type(error).__module__, [str(x) for x in error.args]]

        def eventually(condition, seconds=60):
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if condition():
                    return True
                time.sleep(0.02)
            raise SystemExit("waited in vain")

        def say(value):
            print("> " + json.dumps(value), flush=True)


        """
}
