import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// Functions that ComfyUI servers carry out.
@Suite("The comfyui runner", .timeLimit(.minutes(10))) struct ComfyRunnerTests {
    @Test(
        "What a workflow made is a take, with its progress, its pictures and where it comes from",
        arguments: [false, true])
    func take(isOld: Bool) async throws {
        let server = try await ComfyUIServer(isOld: isOld)
        try await Stage.with { stage in
            let bench = try ComfyBench(server)
            let reports = Watched<[ProgressReport]>([])
            let surroundings = stage.surroundings(
                runners: ["comfyui": bench.runner], progress: { report in reports.update { $0.append(report) } })
            let job = try await stage.submit(
                "dream", parameters: ["width": 96, "height": 32, "preview": "png", "steps": 3],
                manifest: ComfyUIStudio.dream())
            let record = try await stage.attempt(job, in: surroundings)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            let take = try #require(try await stage.takes.get(job: job))
            #expect(take.path == "03_Renders/SHOT-010/SHOT-010_v01_take01.png")
            #expect(take.probe?["streams"]?.arrayValue?.first?["width"]?.intValue == 96)
            #expect(reports.value.map(\.stage).contains("publishing"))
            let file = "\(stage.projectPath)/03_Renders/SHOT-010/SHOT-010_v01_take01.json"
            let written = try #require(FileManager.default.contents(atPath: file))
            let runner = try #require(try JSONText.decode(JSONValue.self, from: written)["runner"])
            #expect(runner["kind"] == "comfyui")
            #expect(runner["comfyuiVersion"]?.stringValue == (isOld ? "0.3.64" : "0.33.0"))
            #expect(runner["workflowSHA256"]?.stringValue?.count == 64)
            #expect(runner["server"]?.stringValue == String(server.base.dropFirst(7)))
            #expect(try await server.get("/history") == [:], "the server need not remember it")
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test("Workflows that ran on real servers run", arguments: [false, true])
    func fixtures(isOld: Bool) async throws {
        let server = try await ComfyUIServer(isOld: isOld)
        let bench = try ComfyBench(server)
        let plain = ComfyUIStudio.function(
            try ComfyUIServer.workflow("01_solid_color"), output: "Save", "png",
            parameters: ["width": "1.width", "height": "Solid colour.height", "color": "1.color"])
        let picture = try await bench.run(
            try bench.context(plain, ["width": 40, "height": 30, "color": 255]))
        let loading = ComfyUIStudio.function(
            try ComfyUIServer.workflow("02_load_scale_invert"), output: "4", "png",
            parameters: ["width": "2.width"], inputs: ["image": "Input image.image"])
        let input = try #require(picture.files["made"])
        let inverted = try await bench.run(
            try bench.context(loading, ["width": 20], inputs: ["image": [input]]))
        #expect(try ComfyBench.bytes(of: inverted, "made") != ComfyBench.bytes(of: picture, "made"))
        let film = ComfyUIStudio.function(
            try ComfyUIServer.workflow(isOld ? "03b_batch_to_video.v0.3.64" : "03_batch_to_video"), output: "5", "mp4",
            parameters: isOld ? [:] : ["codec": "5.format.codec", "frames": ["1.batch_size", "2.batch_size"]])
        let made = try await bench.run(
            try bench.context(film, isOld ? [:] : ["codec": "h264", "frames": 6]))
        #expect(try ComfyBench.bytes(of: made, "made").dropFirst(4).starts(with: Array("ftyp".utf8)))
        // How files are named is the studio's affair: nothing escapes.
        let escaping = ComfyUIStudio.function(
            try ComfyUIServer.workflow("04b_fails_execution"), output: "2", "png")
        try await bench.run(try bench.context(escaping))
    }

    @Test("Workflows that real servers refuse fail with what is wrong with them")
    func refusedFixtures() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let invalid = ComfyUIStudio.function(
            try ComfyUIServer.workflow("04a_fails_validation"), output: "3", "png")
        let refused = try await bench.failure(try bench.context(invalid))
        #expect(refused.code == .parametersInvalid && !refused.retryable)
        for text in [
            "Bad size, colour missing: Value 99999 bigger than max of 16384, width",
            "Bad size, colour missing: Required input is missing, color", "Bad enum: Value not in list",
        ] { #expect(refused.message.contains(text), "\(refused.message)") }
        let large = ComfyUIStudio.function(
            try ComfyUIServer.workflow("04c_fails_execution_oom"), output: "2", "png")
        let failed = try await bench.failure(try bench.context(large))
        #expect(failed.code == .outOfMemory && failed.retryable && failed.isElsewhere)
        #expect(failed.message.contains("can't allocate memory"), "\(failed.message)")
    }

    @Test("The shipped functions run", arguments: ["comfyui-image", "comfyui-image-to-image"])
    func shipped(name: String) async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let folder = "\(Stage.packageRoot)/Workspace/Library/Pipeline_Templates/\(name)"
        let manifest = try #require(FileManager.default.contents(atPath: folder + "/function.json"))
        let workflow = try #require(FileManager.default.contents(atPath: folder + "/workflow.json"))
        let function = try FunctionManifest(reading: manifest, workflow: workflow, folder: name)
        let first = try await bench.run(
            try bench.context(ComfyUIStudio.dream(), ["width": 64, "height": 40]))
        let inputs = function.inputs.isEmpty ? [:] : ["image": [try #require(first.files["image"])]]
        var pictures: Set<[UInt8]> = []
        for parameters: [String: JSONValue] in [
            ["prompt": "dusk"], ["prompt": "dawn"], ["prompt": "dusk", "seed": .unsigned(.max)],
        ] {
            let model: [String: JSONValue] = ["checkpoint": "sd15.safetensors"]
            let result = try await bench.run(
                try bench.context(
                    function.document, parameters.merging(model) { $1 }, inputs: inputs))
            pictures.insert(try ComfyBench.bytes(of: result))
        }
        #expect(pictures.count == 3, "words and seed reach the sampler")
        let refused = try await bench.failure(
            try bench.context(function.document, ["prompt": "dusk"], inputs: inputs))
        #expect(refused.code == .parametersInvalid)
        #expect(refused.message.contains("Checkpoint: Value not in list, ckpt_name"), "\(refused.message)")
    }

    @Test("An input goes under a name of its own, whatever it is called here")
    func inputs() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let loading = ComfyUIStudio.function(
            try ComfyUIServer.workflow("02_load_scale_invert"), output: "4", "png",
            inputs: ["image": "Input image.image"])
        let plain = try await bench.run(
            try bench.context(
                ComfyUIStudio.function(try ComfyUIServer.workflow("01_solid_color"), output: "2", "png")))
        let input = try bench.folder.write(try ComfyBench.bytes(of: plain, "made"), to: "Größe 1 (final).PNG")
        let context = try bench.context(loading, inputs: ["image": [input]])
        try await bench.run(context)
        let name = "studio/\(context.key.job)_1_1.png"
        let sent = try #require(try await server.log().bodies("/prompt").last?["prompt"])
        #expect(sent["1"]?["inputs"]?["image"] == .string(name))
        #expect(FileManager.default.fileExists(atPath: server.folder.path("input/\(name)")))
        let bad = try bench.folder.write(Array("no picture".utf8), to: "bad.png")
        let failure = try await bench.failure(try bench.context(loading, inputs: ["image": [bad]]))
        #expect(failure.code == .inputInvalid && !failure.retryable)
        #expect(failure.message.contains("Input image: PIL.UnidentifiedImageError"), "\(failure.message)")
        #expect(!failure.message.contains(server.folder.path))
        #expect(try await bench.failure(try bench.context(loading)).code == .inputMissing)
        let small = try await ComfyUIServer(arguments: ["--max-upload", "200"])
        let other = try ComfyBench(small)
        let refused = try await other.failure(try other.context(loading, inputs: ["image": [input]]))
        #expect(refused.code == .inputInvalid, "\(refused)")
    }

    @Test(
        "What a failure in a node means",
        arguments: [
            ("value", FailureCode.runnerFailed, false, "ValueError: the size 3 does not fit …/secret.safetensors"),
            ("error", .runnerFailed, true, "RuntimeError: something went wrong in …/node.py"),
            ("cuda", .outOfMemory, true, "torch.OutOfMemoryError"),
        ])
    func failures(how: String, code: FailureCode, retryable: Bool, text: String) async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let probe: JSONValue = ["class_type": "ProbeFailure", "inputs": ["image": ["1", 0], "how": .string(how)]]
        let failure = try await bench.failure(try bench.context(ComfyUIStudio.dream(probe: probe)))
        #expect(failure.code == code && failure.retryable == retryable && failure.isElsewhere)
        #expect(failure.message.contains("ProbeFailure: ") && failure.message.contains(text), "\(failure.message)")
        let log = bench.log.value.joined(separator: "\n")
        #expect(log.contains("in do"), "the traceback is in the log: \(log)")
        #expect(!log.contains("/Tests/") && !log.contains("/srv/"))
    }

    @Test("Pictures of what is being made come along, but no large ones", arguments: ["png", "large"])
    func previews(kind: String) async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let context = try bench.context(
            ComfyUIStudio.dream(), ["preview": .string(kind), "hold": .string(bench.gate)])
        async let result = bench.run(context)
        try await bench.untilStep("2 of 4")
        if kind == "png" {
            _ = try await bench.reports.wait("a picture is shown") { $0.last { $0.preview != nil } }
        }
        try bench.open()
        _ = try await result
        let pictures = Set(bench.reports.value.compactMap(\.preview))
        #expect(pictures.isEmpty == (kind == "large"))
        #expect(pictures.allSatisfy { $0.mediaType == "image/png" })
        let sent = try #require(try await server.log().bodies("/prompt").first)
        #expect(sent["extra_data"]?["preview_method"] == "auto")
        let fractions = bench.reports.value.compactMap(\.fraction)
        #expect(fractions == fractions.sorted() && (fractions.last ?? 0) > 0.4, "\(fractions)")
    }
}
