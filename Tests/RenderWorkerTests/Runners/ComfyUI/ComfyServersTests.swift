import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// Which server gets a prompt.
@Suite("Several ComfyUI servers", .timeLimit(.minutes(10))) struct ComfyServersTests {
    private func servers(_ all: ComfyUIServer...) throws -> ComfyServers {
        ComfyServers(try all.map { try ComfyBench.address($0.base) })
    }

    private func occupy(_ server: ComfyUIServer, _ gate: String) async throws {
        let prompt: JSONValue = [
            "1": ["class_type": "EmptyImage", "inputs": ["width": 8, "height": 8, "batch_size": 1, "color": 1]],
            "2": ["class_type": "ProbeBlock", "inputs": ["image": ["1", 0], "hold": .string(gate)]],
            "3": ["class_type": "SaveImage", "inputs": ["images": ["2", 0], "filename_prefix": "other"]],
        ]
        #expect(try await server.post("/prompt", ["prompt": prompt]).status == 200)
    }

    @Test("The one with the least to do, then with the fewest of ours, then the one that did it last")
    func leastLoaded() async throws {
        let (one, two) = (try await ComfyUIServer(), try await ComfyUIServer())
        let folder = try TemporaryDirectory("gate")
        let servers = try servers(one, two)
        let first = try await servers.choose(for: "dream", types: ["SaveImage"])
        #expect(first.index == 0)
        let second = try await servers.choose(for: "paint", types: ["SaveImage"])
        #expect(second.index == 1, "what was chosen a moment ago counts before the server knows of it")
        servers.release(first)
        servers.release(second)
        let again = try await servers.choose(for: "paint", types: ["SaveImage"])
        #expect(again.index == 1, "its models are loaded there")
        servers.release(again)
        try await occupy(two, folder.path("gate"))
        let other = try await servers.choose(for: "paint", types: ["SaveImage"])
        #expect(other.index == 0, "somebody else's prompts count")
        servers.release(other)
        try folder.write([], to: "gate")
    }

    @Test("Only one that has the node types; where none has, another worker may")
    func nodeTypes() async throws {
        let one = try await ComfyUIServer(without: ["ImageInvert"])
        let two = try await ComfyUIServer(without: ["KSampler"])
        let servers = try servers(one, two)
        #expect(try await servers.choose(for: "a", types: ["ImageInvert", "SaveImage"]).index == 1)
        #expect(try await servers.choose(for: "a", types: ["KSampler", "SaveImage"]).index == 0)
        let thrown = await #expect(throws: JobFailure.self) {
            _ = try await servers.choose(for: "a", types: ["KSampler", "ImageInvert"])
        }
        let failure = try #require(thrown)
        #expect(failure.code == .runnerUnknown && failure.isElsewhere && failure.retryable)
        #expect(failure.message.contains("ImageInvert, KSampler"), "\(failure.message)")
        #expect(one.process.ended == nil && two.process.ended == nil)
    }

    @Test("A server that was started anew without a node type says so")
    func lostNodeType() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        try await bench.run(try bench.context())
        try await server.control("nodes", ["without": ["ProbeSteps"]])
        let failure = try await bench.failure(try bench.context())
        #expect(failure.code == .runnerUnknown && failure.retryable, "\(failure)")
    }

    @Test("A server that is away is passed over, and used again when no other is there")
    func away() async throws {
        let (one, two) = (try await ComfyUIServer(), try await ComfyUIServer())
        let servers = try servers(one, two)
        try await one.kill()
        #expect(try await servers.choose(for: "a", types: ["SaveImage"]).index == 1)
        try await one.restart()
        #expect(try await servers.choose(for: "b", types: ["SaveImage"]).index == 1, "for a while")
        try await two.kill()
        #expect(try await servers.choose(for: "c", types: ["SaveImage"]).index == 0)
        try await one.kill()
        let thrown = await #expect(throws: JobFailure.self) {
            _ = try await servers.choose(for: "d", types: ["SaveImage"])
        }
        let failure = try #require(thrown)
        #expect(failure.message == "No ComfyUI server answers.")
        #expect(failure.retryable && failure.isElsewhere)
    }

    @Test("A server that is killed in the middle loses its prompt, and the next attempt goes to the other")
    func killed() async throws {
        let (one, two) = (try await ComfyUIServer(), try await ComfyUIServer())
        let bench = try ComfyBench(one, two)
        let job = JobID()
        let context = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate)], job: job)
        async let failing = bench.failure(context)
        try await bench.untilStep("2 of 4")
        try await one.kill()
        let failure = try await failing
        #expect(failure.code == .workerLost, "\(failure)")
        try bench.open()
        let result = try await bench.run(try bench.context(job: job, attempt: 2))
        #expect(result.provenance["server"] == .string(String(two.base.dropFirst(7))))
    }
}
