import QueueProtocol
import StudioCore
import Testing

@Suite("Manifests of functions that Python workers carry out")
struct CeleryManifestTests {
    private func manifest(_ runner: [String: JSONValue]) throws -> FunctionManifest {
        var members = FunctionManifestTests.document.objectValue ?? [:]
        members["runner"] = .object(["kind": "celery"].merging(runner) { $1 })
        return try FunctionManifest(.object(members))
    }

    @Test("What is not said has its default")
    func whole() throws {
        var told = FunctionManifest.CeleryTask(task: "studio_py.upscale")
        #expect(try manifest(["task": "studio_py.upscale"]).runner == .celery(told))
        #expect(told.queue == "celery")
        told.queue = "python"
        told.priority = 6
        told.permanentErrors = ["ValueError", "shots.errors.BadShot"]
        told.lostAfter = .seconds(600)
        let full = try manifest([
            "task": "studio_py.upscale", "queue": "python", "priority": 6,
            "doNotRetry": ["ValueError", "shots.errors.BadShot"], "lostAfterSeconds": 600,
        ])
        #expect(full.runner == .celery(told))
        #expect(full.runner.kind == "celery")
        #expect(full.queue == "gpu", "where render workers take it from is another matter")
    }

    @Test(
        "Each fault is found at its place",
        arguments: [
            (["task": nil], "/runner/task"), (["task": ""], "/runner/task"), (["task": "a b"], "/runner/task"),
            (["queue": "a b"], "/runner/queue"), (["queue": "studio"], "/runner/queue"),
            (["queue": "gpu"], "/runner/queue"), (["priority": 10], "/runner/priority"),
            (["doNotRetry": "ValueError"], "/runner/doNotRetry"),
            (["doNotRetry": ["ValueError", 3]], "/runner/doNotRetry/1"),
            (["lostAfterSeconds": 1], "/runner/lostAfterSeconds"), (["tasks": "x"], "/runner/tasks"),
        ] as [([String: JSONValue?], String)])
    func faults(change: [String: JSONValue?], pointer: String) {
        var runner: [String: JSONValue] = ["task": "studio_py.upscale"]
        for (key, value) in change { runner[key] = value }
        let error = #expect(throws: StudioError.self) { try manifest(runner) }
        #expect(error?.findings.map(\.pointer) == [pointer])
    }
}
