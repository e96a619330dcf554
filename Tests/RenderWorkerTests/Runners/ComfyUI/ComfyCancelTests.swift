import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// Ending prompts: ours, and no other.
@Suite("Cancelling at ComfyUI", .timeLimit(.minutes(10))) struct ComfyCancelTests {
    @Test("A cancel ends exactly our prompt, running or waiting", arguments: [false, true], [false, true])
    func cancel(isOld: Bool, isWaiting: Bool) async throws {
        let server = try await ComfyUIServer(isOld: isOld)
        let bench = try ComfyBench(server)
        let first = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate)])
        let second = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate), "color": 1])
        let running = Task { try await bench.run(first) }
        try await bench.untilStep("2 of 4")
        let waiting = Task { try await bench.run(second) }
        try await bench.untilStep("1 before it")
        let (ended, kept) = isWaiting ? (waiting, running) : (running, waiting)
        ended.cancel()
        await #expect(throws: CancellationError.self) { _ = try await ended.value }
        let id = ComfyRunner.prompt((isWaiting ? second : first).key)
        try await eventually("it is not in the queue") {
            let queue = try await server.queue()
            return !queue.running.contains(id) && !queue.pending.contains(id)
        }
        try bench.open()
        #expect(try await kept.value.files["image"] != nil)
        let log = try await server.log()
        #expect(log.bodies("/interrupt").allSatisfy { $0["prompt_id"] == .string(id) })
        #expect(log.started.contains(id) != isWaiting)
    }

    @Test("A cancel at any moment leaves nothing in the queue")
    func cancelEarly() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let moments = ["/prompt", "/ws", "/queue"]
        for moment in moments + moments + moments {
            let context = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate)])
            let before = try await server.log().count(moment, "GET")
            let running = Task { try await bench.run(context) }
            try await eventually("\(moment) is asked for") {
                try await server.log().count(moment, "GET") > before
            }
            running.cancel()
            await #expect(throws: CancellationError.self) { _ = try await running.value }
            try await eventually("nothing is left") {
                let queue = try await server.queue()
                return queue.running.isEmpty && queue.pending.isEmpty
            }
        }
    }

    @Test("A later attempt ends what an earlier one left at any server")
    func leftovers() async throws {
        let (one, two) = (try await ComfyUIServer(), try await ComfyUIServer(isOld: true))
        let bench = try ComfyBench(one, two)
        let job = JobID()
        for (server, attempt) in [(one, 1), (two, 2)] {
            // A worker that was killed says nothing to its server.
            let context = try bench.context(job: job, attempt: attempt)
            guard case .comfyui(let told) = context.function.runner else { throw Unexpected(what: "another runner") }
            let prompt = told.prompt(
                parameters: ["hold": .string(bench.gate)], files: [:], seed: 0, prefix: "left")
            try await server.post(
                "/prompt", ["prompt": prompt, "prompt_id": .string(ComfyRunner.prompt(context.key))])
            try await eventually("it runs") { try await server.queue().running.count == 1 }
        }
        try await bench.run(try bench.context(job: job, attempt: 3))
        for server in [one, two] { #expect(try await server.queue().running.isEmpty) }
    }
}
