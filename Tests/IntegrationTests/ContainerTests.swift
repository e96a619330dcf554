import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// Functions in containers, in a whole studio with a real Docker engine.
@Suite("Containers in a whole studio", .serialized, .timeLimit(.minutes(10)))
struct ContainerTests {
    /// A function whose first attempt does not end, and whose second makes a picture.
    private static let second: JSONValue = [
        "name": "second-try", "version": "1.0.0", "title": "Second try",
        "parameters": ["type": "object", "properties": [:]], "inputs": [:],
        "outputs": ["image": ["type": "image", "primary": true, "extension": "png"]],
        "resources": ["queue": "studio", "memoryMB": 64],
        "retry": ["maxAttempts": 3, "backoffSeconds": 1],
        "runner": [
            "kind": "container", "image": .string(PrivateDocker.tool), "pullPolicy": "Never",
            "command": [
                "sh", "-c",
                """
                if grep -q '"attempt":1,' /studio/request.json; then
                    echo '{"progress": 0.5, "stage": "painting"}'; while :; do sleep 0.1; done
                fi
                /picture
                """,
            ],
        ],
    ]

    @Test("The example's image is built, and its function, submitted over HTTP, makes a take that says what made it")
    func example() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makePythonBase("debian:bookworm-slim")
        try await docker.build("studio/colour-clouds:1.0.0", from: "\(Self.root)/examples/runners/batch")
        let stack = try await Stack.start(settings: ["DOCKER_HOST": docker.host])
        try await stack.project()
        let text = try Data(contentsOf: URL(fileURLWithPath: "\(Self.root)/examples/runners/batch/function.json"))
        try await stack.install(try JSONText.decode(JSONValue.self, from: text))
        let id = try await stack.submit(
            "colour-clouds", parameters: ["width": 64, "height": 36, "seed": .unsigned(.max)],
            more: ["quality": "high"])
        let job = try await stack.wait(for: id, toBe: "succeeded", "failed")
        let log = try await stack.api.get("/api/v1/jobs/\(id)/log").text
        #expect(job["state"] == "succeeded", "\(job)\n\(log)")
        #expect(log.contains("64 by 36, seed 18446744073709551615"))
        let take = try #require(try await stack.takes().first)
        let path = try #require(take["path"]?.stringValue).split(separator: ".").dropLast().joined(separator: ".")
        let sidecar = try JSONText.decode(
            JSONValue.self,
            from: Data(contentsOf: URL(fileURLWithPath: "\(stack.folder(of: "film"))/\(path).json")))
        let runner = sidecar["runner"]
        #expect(runner?["kind"] == "container")
        #expect(runner?["image"] == "studio/colour-clouds:1.0.0")
        #expect(runner?["imageDigest"]?.stringValue?.hasPrefix("sha256:") == true)
        #expect(runner?["metadata"] == ["clouds": 24])
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A worker that is killed in the middle: another makes the take, and no container is left")
    func workerKilled() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makeTool()
        let stack = try await Stack.start(
            settings: ["DOCKER_HOST": docker.host, "LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1"])
        try await stack.project()
        try await stack.install(Self.second)
        let id = try await stack.submit("second-try", parameters: [:])
        try await stack.waitForProgress(of: id)
        let worker = try await stack.worker(of: id)
        worker.send(SIGKILL)
        try await worker.exit()
        try await stack.startWorker()
        try await stack.wait(for: id, toBe: "succeeded")
        #expect(try await stack.outcomes(of: id) == ["lost", "succeeded"])
        #expect(try await stack.takes().count == 1)
        try await eventually("no container is left") { try await docker.containers(label: "studio.job=\(id)") == [] }
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("An engine that is killed in the middle: the job is made again, nothing is lost or doubled")
    func engineKilled() async throws {
        let docker = try await PrivateDocker()
        try await docker.makeTool()
        let stack = try await Stack.start(settings: ["DOCKER_HOST": docker.host])
        try await stack.project()
        try await stack.install(Self.second)
        let id = try await stack.submit("second-try", parameters: [:])
        try await stack.waitForProgress(of: id)
        try await docker.kill()
        try await eventually("the attempt has failed") { try await stack.outcomes(of: id).first == "failed" }
        try await docker.start()
        try await stack.wait(for: id, toBe: "succeeded")
        #expect(try await stack.takes().count == 1)
        try await eventually("no container is left") { try await docker.containers(label: "studio.job=\(id)") == [] }
        try await stack.expectSound()
        try await stack.stop()
        try await docker.stop()
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
}
