import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// What a ComfyUI server is known to do to its clients, one trap after the other, against a server that does it.
@Suite("Traps of ComfyUI", .timeLimit(.minutes(10))) struct ComfyTrapTests {
    @Test("Trap 1: the id is in small letters, which is the only form that is taken")
    func smallLetters() async throws {
        let server = try await ComfyUIServer()
        let prompt = try ComfyUIServer.workflow("01_solid_color")
        let large = try await server.post("/prompt", ["prompt": prompt, "prompt_id": .string(UUID().uuidString)])
        #expect(large.status == 400 && large.body["error"]?["type"] == "invalid_prompt_id")
        let bench = try ComfyBench(server)
        let context = try bench.context()
        try await bench.run(context)
        let id = ComfyRunner.prompt(context.key)
        #expect(id.wholeMatch(of: #/[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}/#) != nil, "\(id)")
        #expect(UUID(uuidString: id) != nil)
        #expect(try await server.log().started == [id])
        #expect(ComfyRunner.prompt(AttemptKey(job: context.key.job, attempt: 2)) != id)
    }

    @Test("Trap 2: a prompt whose answer is lost is looked for, not sent again", arguments: [false, true])
    func lostAnswer(isQueued: Bool) async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        try await server.fail("/prompt", isQueued ? "drop-enqueued" : "drop-before")
        let context = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate), "holdAt": 1])
        async let result = bench.run(context)
        try await bench.untilStep("1 of 4")
        try bench.open()
        _ = try await result
        let log = try await server.log()
        #expect(log.started.count == 1)
        #expect(log.count("/prompt") == (isQueued ? 1 : 2))
    }

    @Test("Trap 3: a 500 may come after the prompt was queued", arguments: [false, true])
    func fiveHundred(isQueued: Bool) async throws {
        let server = try await ComfyUIServer()
        let prompt = try ComfyUIServer.workflow("01_solid_color")
        let bench = try ComfyBench(server)
        try await server.fail("/prompt", isQueued ? "500-enqueued" : "500-before")
        try await bench.run(try bench.context())
        let log = try await server.log()
        #expect(log.started.count == 1)
        #expect(log.count("/prompt") == (isQueued ? 1 : 2))
        if isQueued {
            // Two of one number and one id cannot be compared.
            let id = UUID().uuidString.lowercased()
            try await server.control("hold", ["history": true])
            for status in [200, 200, 500] {
                let sent = try await server.post(
                    "/prompt", ["prompt": prompt, "prompt_id": .string(id), "number": 5])
                #expect(sent.status == status)
                // The first one is taken at once.
                try await eventually("the first one runs") { try await server.queue().running == [id] }
            }
            #expect(try await server.queue().pending == [id, id], "and is queued all the same")
            try await server.control("hold", ["history": false])
        }
    }

    @Test("Trap 4: node errors in a 200 are a failure, and what is queued without those nodes is ended")
    func errorsInSuccess() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        var workflow = try #require(ComfyUIStudio.dream()["runner"]?["workflow"]?.objectValue)
        workflow["4"] = [
            "class_type": "EmptyImage", "inputs": ["width": 0, "height": 8, "batch_size": 1, "color": 0],
            "_meta": ["title": "No canvas"],
        ]
        workflow["5"] = ["class_type": "SaveImage", "inputs": ["images": ["4", 0], "filename_prefix": "x"]]
        var manifest = try #require(ComfyUIStudio.dream(runner: ["workflow": .object(workflow)]).objectValue)
        manifest["outputs"] = [
            "image": ["type": "image", "primary": true, "extension": "png"],
            "other": ["type": "image", "extension": "png"],
        ]
        var bindings = try #require(manifest["bindings"]?.objectValue)
        bindings["outputs"] = ["image": "3", "other": "5"]
        manifest["bindings"] = .object(bindings)
        let context = try bench.context(.object(manifest), ["hold": .string(bench.gate)])
        let failure = try await bench.failure(context)
        #expect(failure.code == .parametersInvalid && !failure.retryable)
        #expect(failure.message.contains("No canvas: Value 0 smaller than min of 1, width"), "\(failure.message)")
        try await eventually("what was queued is ended") { try await server.queue().running.isEmpty }
        let record = try await server.get("/history/\(ComfyRunner.prompt(context.key))")
        #expect(record[ComfyRunner.prompt(context.key)]?["status"]?["status_str"] != "success")
    }

    @Test("Trap 5: a server that was started anew has forgotten the prompt: lost, and rendered by another attempt")
    func restart() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let job = JobID()
        let first = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate)], job: job)
        async let failing = bench.failure(first)
        try await bench.untilStep("2 of 4")
        try await server.restart()
        let failure = try await failing
        #expect(failure.code == .workerLost && failure.retryable && failure.isElsewhere, "\(failure)")
        try bench.open()
        let result = try await bench.run(
            try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate)], job: job, attempt: 2))
        #expect(try ComfyBench.bytes(of: result).starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test("Trap 6: a dead executor behind healthy HTTP is found out, whoever killed it", arguments: [false, true])
    func deadExecutor(bySomebody: Bool) async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        if bySomebody {
            var poison = try #require(try ComfyUIServer.workflow("01_solid_color").objectValue)
            poison["7"] = ["class_type": "EmptyImage"]
            #expect(try await server.post("/prompt", ["prompt": .object(poison)]).status == 200)
        }
        let probe: JSONValue = ["class_type": "ProbeFailure", "inputs": ["image": ["1", 0], "how": "executor"]]
        let context = try bench.context(
            ComfyUIStudio.dream(probe: bySomebody ? nil : probe, runner: ["silentSeconds": 5]))
        let failure = try await bench.failure(context)
        #expect(failure.code == .workerLost && failure.retryable)
        #expect(failure.message.contains("gave no sign of the prompt for 5 s"), "\(failure.message)")
        #expect(try await server.queue().pending.isEmpty, "what waits there is taken back")
        #expect(try await server.get("/prompt")["exec_info"]?["queue_remaining"] == 1, "and HTTP knows nothing")
    }

    @Test("Trap 7: events that do not come, since another client does not read, keep nobody from the end")
    func stalled() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        try await server.control("sockets", ["deliver": false])
        let result = try await bench.run(try bench.context())
        #expect(try ComfyBench.bytes(of: result).count > 8)
        #expect(bench.reports.value.allSatisfy { $0.fraction == nil }, "nothing was heard")
    }

    @Test("Trap 8: a lost socket is connected anew under the same id once the old one is closed")
    func reconnected() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let context = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate), "steps": 40])
        async let result = bench.run(context)
        try await bench.untilStep("2 of 40")
        try await server.control("sockets", ["drop": true])
        try await eventually("it is connected again") {
            let log = try await server.log()
            return log.count("/ws", "GET") == 2 && log.sockets == 1
        }
        try await server.control("hold", ["history": true])
        try bench.open()
        // The new one is told of what goes on.
        _ = try await bench.reports.wait("it goes on") { $0.last { ($0.fraction ?? 0) > 0.5 } }
        try await server.control("hold", ["history": false])
        _ = try await result
        let clients = try await server.log().requests.filter { $0["path"] == "/ws" }.map { $0["query"] }
        #expect(Set(clients).count == 1)
        #expect(try await server.log().started.count == 1)
    }

    @Test("Trap 9: events go to the client that the prompt names, which is the one that listens")
    func addressed() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let context = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate)])
        async let result = bench.run(context)
        try await bench.untilStep("2 of 4")
        #expect(bench.reports.value.last?.stage == "Dreaming")
        try bench.open()
        _ = try await result
        let log = try await server.log()
        let client = try #require(log.bodies("/prompt").first?["client_id"]?.stringValue)
        #expect(log.requests.first { $0["path"] == "/ws" }?["query"]?.stringValue == "clientId=\(client)")
        try await bench.run(try bench.context())
        let clients = try await server.log().bodies("/prompt").map { $0["client_id"] }
        #expect(Set(clients).count == 2, "another one for each prompt")
    }

    @Test("Trap 10: what was told while nobody listened is not told again; the result is in the history")
    func noReplay() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let context = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate)])
        async let result = bench.run(context)
        try await bench.untilStep("2 of 4")
        try await server.control("sockets", ["accept": false, "drop": true])
        try await eventually("nobody listens") { try await server.log().sockets == 0 }
        try bench.open()
        _ = try await result
        #expect(try await server.log().started.count == 1, "and it is not rendered again")
    }

    @Test("Trap 11: success is told before the history has it")
    func earlySuccess() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        try await server.control("hold", ["history": true])
        let context = try bench.context()
        let running = Task { try await bench.run(context) }
        _ = try await bench.reports.wait("all nodes are done") { $0.last { $0.fraction == 1 } }
        let id = ComfyRunner.prompt(context.key)
        let polls = try await server.log().count("/history/\(id)", "GET")
        try await eventually("the history was looked at again") {
            try await server.log().count("/history/\(id)", "GET") > polls + 1
        }
        try await server.control("hold", ["history": false])
        #expect(try await running.value.files["image"] != nil)
    }

    @Test("Trap 12: the same again is cached, and must not be given the file of before")
    func cachedNames() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        // What anybody would get who does not name files anew.
        let prompt = try ComfyUIServer.workflow("01_solid_color")
        var names: [JSONValue?] = []
        for _ in 0..<2 {
            let sent = try await server.post("/prompt", ["prompt": prompt]).body
            let id = try #require(sent["prompt_id"]?.stringValue)
            try await eventually("it is over") { try await server.get("/history/\(id)")[id] != nil }
            names.append(try await server.get("/history/\(id)")[id]?["outputs"]?["2"]?["images"])
        }
        #expect(names[0] == names[1])
        let job = JobID()
        for (job, attempt) in [(job, 1), (job, 2), (JobID(), 1)] {
            let result = try await bench.run(try bench.context(job: job, attempt: attempt))
            #expect(try ComfyBench.bytes(of: result).count > 8)
            // Somebody tidies up.
            try FileManager.default.removeItem(atPath: server.folder.path("output/studio"))
        }
    }

    @Test("Trap 13: an interrupt is heard late, and looks like an error in the history")
    func interrupts() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let probe: JSONValue = [
            "class_type": "ProbeBlock", "inputs": ["image": ["1", 0], "hold": .string(bench.gate)],
            "_meta": ["title": "Native code"],
        ]
        let context = try bench.context(ComfyUIStudio.dream(probe: probe))
        let running = Task { try await bench.run(context) }
        _ = try await bench.reports.wait("the node runs") { $0.last { $0.stage == "Native code" } }
        running.cancel()
        await #expect(throws: CancellationError.self) { _ = try await running.value }
        #expect(try await server.queue().running.count == 1, "nobody waits for it")
        try bench.open()
        let id = ComfyRunner.prompt(context.key)
        try await eventually("it has ended") { try await server.get("/history/\(id)")[id] != nil }
        #expect(try await server.get("/history/\(id)")[id]?["status"]?["status_str"] == "error")

        let other = try ComfyBench(server)
        let next = try other.context(ComfyUIStudio.dream(), ["hold": .string(other.gate)])
        async let failing = other.failure(next)
        try await other.untilStep("2 of 4")
        try await server.post("/interrupt", [:])
        let failure = try await failing
        #expect(failure.code == .runnerFailed && failure.retryable)
        #expect(failure.message.contains("interrupted by somebody"))
    }

    @Test("Trap 14: seeds have 64 bits, and an answer may have numbers that JSON has not", arguments: [false, true])
    func numbers(isOld: Bool) async throws {
        let server = try await ComfyUIServer(isOld: isOld)
        let bench = try ComfyBench(server)
        try await bench.run(try bench.context(ComfyUIStudio.dream(), ["seed": .unsigned(.max)]))
        let body = try #require(try await server.log().bodies("/prompt").first)
        #expect(body["prompt"]?["2"]?["inputs"]?["seed"] == .unsigned(18_446_744_073_709_551_615))
        let probe: JSONValue = ["class_type": "ProbeText", "inputs": ["image": ["1", 0], "text": "halfway"]]
        try await server.control("hold", ["history": true])
        let context = try bench.context(ComfyUIStudio.dream(probe: probe))
        async let result = bench.run(context)
        try await bench.untilStep("halfway")
        try await server.control("hold", ["history": false])
        _ = try await result
    }

    @Test("Trap 15: nobody is asked who they are, so a proxy may be in front, and no secret of it is told")
    func access() async throws {
        let server = try await ComfyUIServer(arguments: ["--password", "ada:s3cret/äö"])
        let open = try ComfyBench(server)
        let failure = try await open.failure(try open.context())
        #expect(failure.message == "No ComfyUI server answers.")
        let url = server.base.replacing("http://", with: "http://ada:s3cret%2F%C3%A4%C3%B6@") + "/"
        let bench = try ComfyBench(urls: [url])
        let context = try bench.context(ComfyUIStudio.dream(), ["hold": .string(bench.gate)])
        async let running = bench.run(context)
        // The socket is let in too.
        try await bench.untilStep("2 of 4")
        try bench.open()
        let result = try await running
        #expect(result.provenance["server"] == .string(String(server.base.dropFirst(7))))
        let everything = "\(bench.log.value) \(bench.reports.value) \(result)"
        #expect(!everything.contains("s3cret"))
        #expect(try await server.log().requests.allSatisfy { $0["origin"] == .null }, "no browser, no Origin")
    }
}
