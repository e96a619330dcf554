import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// The examples of `examples/runners` through the real programs.
@Suite("Models of one's own", .serialized, .timeLimit(.minutes(10))) struct CogTests {
    private static func example(_ path: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("examples/runners/\(path)")
    }

    private func manifest(_ example: String) throws -> JSONValue {
        try JSONText.decode(JSONValue.self, from: Data(contentsOf: Self.example("\(example)/function.json")))
    }

    private func sidecar(_ take: JSONValue, in stack: Stack) throws -> JSONValue {
        let path = try #require(take["path"]?.stringValue)
        let file = "\(stack.folder(of: "film"))/\(path.replacing(".png", with: ".json"))"
        return try JSONText.decode(JSONValue.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
    }

    @Test("A Cog model makes takes that say what made them; its worker is known to have it loaded until it stops")
    func cog() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.cogImage(
            "studio/example-cog:1.0.0", model: Self.example("cog/predict.py"),
            description: Self.example("cog/.cog/openapi_schema.json"), name: "Runner")
        let stack = try await Stack.start(settings: ["DOCKER_HOST": docker.host])
        try await stack.install(try manifest("cog"))
        try await stack.project()
        for number in 1...2 {
            let job = try await stack.submit("example-cog", parameters: ["seed": .unsigned(UInt64.max)])
            let done = try await stack.wait(for: job, toBe: "succeeded", "failed")
            let log = try await stack.api.get("/api/v1/jobs/\(job)/log").text
            #expect(done["state"] == "succeeded", "\(done)\n\(log)")
            #expect(try await stack.takes().count == number)
        }
        let takes = try await stack.takes()
        #expect(Set(takes.compactMap { $0["sha256"]?.stringValue }).count == 1, "the seed makes the same picture again")
        let origin = try sidecar(try #require(takes.first), in: stack)["runner"]
        #expect(origin?["image"] == "studio/example-cog:1.0.0")
        #expect(origin?["imageDigest"]?.stringValue?.hasPrefix("sha256:") == true)
        #expect(origin?["cogVersion"] == "0.23.1")
        #expect(origin?["modelVersion"] == "1.4.0")
        try await eventually("the worker is known to have the model loaded") {
            try await stack.sql("SELECT warm_functions::text FROM workers").first == "{example-cog}"
        }
        #expect(try await docker.containers(label: "studio.warm").count == 1, "one loading for both")
        try await stack.expectSound()
        try await stack.stop()
        #expect(try await docker.containers(label: "studio.warm").isEmpty, "a worker that stops leaves none")
    }

    @Test("A worker that is killed in the middle of a prediction: another makes the take, and its container is removed")
    func workerKilled() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.cogImage("studio-test/cog:1")
        let stack = try await Stack.start(
            settings: ["DOCKER_HOST": docker.host, "LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1"])
        try await stack.install([
            "name": "lake", "version": "1.0.0", "title": "Lake",
            "parameters": ["type": "object", "properties": ["steps": ["type": "integer"]]],
            "outputs": ["image": ["type": "image", "primary": true, "extension": "png"]],
            "retry": ["maxAttempts": 3, "backoffSeconds": 1], "resources": ["memoryMB": 512],
            "runner": ["kind": "container", "protocol": "cog", "image": "studio-test/cog:1", "pullPolicy": "Never"],
        ])
        try await stack.project()
        let job = try await stack.submit("lake", parameters: ["steps": 60])
        try await stack.waitForProgress(of: job)
        let dead = try #require(try await stack.sql("SELECT id FROM workers").first)
        #expect(try await docker.containers(label: "studio.worker=\(dead)").count == 1)
        let worker = try await stack.worker(of: job)
        worker.send(SIGKILL)
        try await worker.exit()
        try await stack.startWorker()
        try await stack.wait(for: job, toBe: "succeeded")
        #expect(try await stack.outcomes(of: job) == ["lost", "succeeded"])
        #expect(try await stack.takes().count == 1)
        // The living one keeps its model.
        try await eventually("the dead worker's container is removed, and its folder") {
            let boxes = try FileManager.default.contentsOfDirectory(atPath: "\(stack.workspace)/.studio/containers")
            return try await docker.containers(label: "studio.worker=\(dead)").isEmpty && boxes.count == 1
        }
        try await stack.expectSound()
        try await stack.stop()
        #expect(try await docker.containers(label: "studio.warm").isEmpty)
    }

    @Test("The example of a Celery task makes a take")
    func celery() async throws {
        let stack = try await Stack.start()
        try await stack.install(try manifest("celery"))
        try await stack.project()
        let source = try String(contentsOf: Self.example("celery/tasks.py"), encoding: .utf8)
        let python = try await CeleryWorker(
            source, broker: stack.redis.celeryURL(), queues: ["python"],
            environment: ["REDIS_URL": stack.redis.celeryURL()])
        let job = try await stack.submit("example-celery", parameters: ["seed": 7])
        let done = try await stack.wait(for: job, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)\n\(python.process.lines)")
        #expect(try await stack.api.get("/api/v1/jobs/\(job)/log").text.contains("seed 7"))
        _ = try await python.process.stop()
        try await stack.stop()
    }
}
