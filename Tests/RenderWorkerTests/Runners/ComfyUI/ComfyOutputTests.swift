import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// Which of the files that a prompt made are its function's outputs.
@Suite("Outputs of ComfyUI", .timeLimit(.minutes(10))) struct ComfyOutputTests {
    /// A node that makes files of a kind, whose picture another node saves.
    private func manifest(_ make: String, _ fileExtension: String) throws -> JSONValue {
        let save: JSONValue = [
            "class_type": "ProbeFiles",
            "inputs": ["images": ["2", 0], "filename_prefix": "x", "make": .string(make)],
        ]
        var manifest = try #require(
            ComfyUIStudio.dream(save: save, runner: ["outputMB": 2]).objectValue)
        manifest["outputs"] = [
            "image": ["type": "image", "primary": true, "extension": .string(fileExtension)]
        ]
        return .object(manifest)
    }

    @Test("Files of every kind are found", arguments: ["png", "gif"])
    func kinds(fileExtension: String) async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let result = try await bench.run(try bench.context(try manifest("kinds", fileExtension)))
        #expect(result.files["image"]?.hasSuffix(".\(fileExtension)") == true)
    }

    @Test(
        "What does not fit the port is no output",
        arguments: [
            ("kinds", "mp4", "made no .mp4 for the output image, but .gif, .png"),
            ("none", "png", "it made no file"),
            ("two", "png", "made 2 files for the output image, which takes one"),
            ("lie", "png", "is not what its name says"), ("empty", "png", "is not what its name says"),
            ("large", "png", "is larger than the function may make"), ("lost", "png", "does not have the file"),
        ])
    func refused(make: String, fileExtension: String, refusal: String) async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let failure = try await bench.failure(try bench.context(try manifest(make, fileExtension)))
        #expect(failure.code == (make == "lost" ? .runnerFailed : .outputInvalid))
        #expect(failure.message.contains(refusal), "\(failure.message)")
    }

    @Test("A file that the server is slow to give is asked for again before all is rendered again")
    func slowFile() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        try await server.fail("/view", "503", times: 2)
        try await bench.run(try bench.context())
        let log = try await server.log()
        #expect(log.count("/view", "GET") == 3 && log.started.count == 1)
    }
}
