import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// The whole studio with ComfyUI servers, while something of it breaks.
@Suite("ComfyUI in the studio", .timeLimit(.minutes(10))) struct ComfyUITests {
    /// A studio with a worker that knows these servers, and the function `dream` as its author would add it.
    private func studio(_ servers: [ComfyUIServer], settings: [String: String] = [:]) async throws -> Stack {
        let urls = servers.map(\.base).joined(separator: ",")
        let stack = try await Stack.start(
            settings: ["COMFYUI_URLS": urls, "LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1"].merging(settings) { $1 })
        var members = try #require(ComfyUIStudio.dream().objectValue)
        let runner = try #require(members["runner"]?.objectValue)
        members["runner"] = .object(runner.filter { $0.key != "workflow" })
        let folder = "\(stack.workspace)/Library/Pipeline_Templates/dream"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let workflow = URL(fileURLWithPath: folder + "/workflow.json")
        try JSONText.document(try #require(runner["workflow"])).write(to: workflow, options: .atomic)
        try await stack.install(.object(members))
        try await stack.project()
        return stack
    }

    private func sidecar(_ stack: Stack) async throws -> JSONValue {
        let take = try #require(try await stack.takes().first)
        let path = try #require(take["path"]?.stringValue)
        let file = stack.folder(of: "film") + "/" + path.replacing(".png", with: ".json")
        return try JSONText.decode(JSONValue.self, from: try Data(contentsOf: URL(fileURLWithPath: file)))
    }

    @Test("A server is killed in the middle: the job ends once, on the other, and its take says so")
    func serverKilled() async throws {
        let servers = [try await ComfyUIServer(), try await ComfyUIServer(isOld: true)]
        let stack = try await studio(servers)
        let gate = stack.home.path("gate")
        let job = try await stack.submit(
            "dream", parameters: ["hold": .string(gate), "width": 96, "seed": .unsigned(.max)])
        try await stack.waitForProgress(of: job)
        let running = try await servers[0].queue().running.isEmpty ? 1 : 0
        try await servers[running].kill()
        let other = servers[1 - running]
        try await eventually("the other one has it") { try await other.queue().running.count == 1 }
        try stack.home.write(Data(), to: "gate")
        try await stack.wait(for: job, toBe: "succeeded")
        #expect(try await stack.outcomes(of: job) == ["failed", "succeeded"])
        #expect(try await stack.takes().count == 1)
        let said = try await sidecar(stack)
        #expect(said["runner"]?["server"]?.stringValue == String(other.base.dropFirst(7)))
        #expect(said["runner"]?["comfyuiVersion"]?.stringValue == (running == 0 ? "0.3.64" : "0.33.0"))
        #expect(said["runner"]?["workflowSHA256"]?.stringValue?.count == 64)
        #expect(try await other.log().started.count == 1)
        let sent = try #require(try await other.log().bodies("/prompt").first?["prompt"])
        #expect(sent["2"]?["inputs"]?["seed"] == .unsigned(.max))
        #expect(sent["9"] == nil)
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("The worker is killed in the middle: the next one ends what was left and makes the one take")
    func workerKilled() async throws {
        let server = try await ComfyUIServer()
        let stack = try await studio([server])
        let gate = stack.home.path("gate")
        let job = try await stack.submit("dream", parameters: ["hold": .string(gate)])
        try await stack.waitForProgress(of: job)
        let first = try await server.log().started
        try await stack.worker(of: job).send(SIGKILL)
        try await stack.startWorker()
        try await eventually("the next attempt runs, and the first is no more") {
            let running = try await server.queue().running
            return running.count == 1 && running != first
        }
        try stack.home.write(Data(), to: "gate")
        try await stack.wait(for: job, toBe: "succeeded")
        #expect(try await stack.takes().count == 1)
        #expect(try await server.log().started.count == 2)
        #expect(try await server.queue().pending.isEmpty)
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A cancel reaches the server, and where no worker has a server the job waits")
    func cancelled() async throws {
        let server = try await ComfyUIServer()
        let stack = try await studio([server])
        let gate = stack.home.path("gate")
        let job = try await stack.submit("dream", parameters: ["hold": .string(gate)])
        try await stack.waitForProgress(of: job)
        _ = try await stack.api.post("/api/v1/jobs/\(job)/cancel", [:])
        try await stack.wait(for: job, toBe: "cancelled")
        try await eventually("the server is free") { try await server.queue().running.isEmpty }
        #expect(try await stack.takes().isEmpty)
        let shipped = try await stack.submit("comfyui-image", parameters: ["prompt": "dusk"])
        #expect(try await stack.job(shipped)["state"] == "queued", "nobody serves its queue")
        _ = try await stack.startWorker(settings: ["WORKER_QUEUES": "comfyui"])
        let failed = try await stack.wait(for: shipped, toBe: "failed")
        #expect(failed["failure"]?["code"] == "parameters-invalid", "the server has no such checkpoint: \(failed)")
        try await stack.expectSound()
        try await stack.stop()
    }
}
