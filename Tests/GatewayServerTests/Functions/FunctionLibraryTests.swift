import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct FunctionLibraryTests {
    private static func manifest(_ version: String) -> String {
        #"{"name": "blur", "version": "\#(version)", "title": "Blur", "outputs": {"image": {"type": "image", "extension": "png"}}, "runner": {"kind": "encoder"}}"#
    }

    private static func library(_ folder: TemporaryDirectory) -> FunctionLibrary {
        FunctionLibrary(path: folder.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func `The shipped catalogue is good`() async throws {
        let path = Repository.path("Workspace/Library/Pipeline_Templates")
        let library = FunctionLibrary(
            path: path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await library.reload()
        #expect(library.current.faults.isEmpty)
        let folders = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(Set(library.current.functions.keys) == Set(folders) && folders.count >= 14)
        let video = try library.current.function(named: "mock-video")
        let parameters = video.effectiveParameters(["prompt": "x", "seed": .unsigned(.max)], tier: .standard)
        #expect(video.parameters.check(.object(parameters), pointer: "").isEmpty)
        #expect(parameters["seconds"] == 2 && parameters["width"] == 1280 && parameters["frameRate"] == "24")
        for rate in ["0", "24/0", "x", "-1"] {
            #expect(!video.parameters.check(["prompt": "x", "frameRate": .string(rate)], pointer: "").isEmpty)
        }
        #expect(video.parameters.check(["prompt": "x", "frameRate": "24000/1001"], pointer: "").isEmpty)
    }

    @Test func `A changed file is read, a bad one leaves the last good one in use`() async throws {
        let folder = try TemporaryDirectory("functions")
        let library = Self.library(folder)
        try folder.write(Self.manifest("1.0.0").utf8, to: "blur/function.json")
        #expect(try await library.reload())
        #expect(try await !library.reload())
        try folder.write(Self.manifest("1.0.10").utf8, to: "blur/function.json")
        #expect(try await library.reload())
        #expect(library.current.functions["blur"]?.version == "1.0.10")
        try folder.write(#"{"name": "blur"}"#.utf8, to: "blur/function.json")
        #expect(try await library.reload())
        #expect(library.current.functions["blur"]?.version == "1.0.10")
        #expect(library.current.faults["blur"]?.findings.contains { $0.pointer == "/version" } == true)
        try FileManager.default.removeItem(atPath: folder.path("blur"))
        #expect(try await library.reload())
        #expect(library.current.functions.isEmpty && library.current.faults.isEmpty)
    }

    @Test func `The workflow beside a manifest is read with it, and a change of either is seen`() async throws {
        let folder = try TemporaryDirectory("functions")
        let library = Self.library(folder)
        let manifest =
            #"{"name": "blur", "version": "1.0.0", "title": "Blur", "outputs": {"image": {"type": "image", "extension": "png"}}, "runner": {"kind": "comfyui"}, "bindings": {"outputs": {"image": "2"}}}"#
        func workflow(_ color: Int) -> String {
            #"{"1": {"class_type": "EmptyImage", "inputs": {"color": \#(color)}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}"#
        }
        try folder.write(manifest.utf8, to: "blur/function.json")
        try await library.reload()
        #expect(library.current.faults["blur"]?.findings.map(\.pointer) == ["/runner/workflow"])
        try folder.write(workflow(1).utf8, to: "blur/workflow.json")
        #expect(try await library.reload())
        let digest = try #require(library.revisions.digests["blur"])
        #expect(library.current.functions["blur"]?.document["runner"]?["workflow"]?["2"] != nil)
        try folder.write(workflow(22).utf8, to: "blur/workflow.json")
        #expect(try await library.reload())
        #expect(library.revisions.digests["blur"] != digest, "a job is sold with the workflow as it was")
        try folder.write("{".utf8, to: "blur/workflow.json")
        #expect(try await library.reload())
        #expect(library.current.functions["blur"]?.document["runner"]?["workflow"]?["1"]?["inputs"]?["color"] == 22)
        try FileManager.default.removeItem(atPath: folder.path("blur/workflow.json"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("blur/workflow.json"), withDestinationPath: folder.path("blur/function.json"))
        #expect(try await library.reload())
        #expect(library.current.faults["blur"]?.findings.first?.detail == "workflow.json is a link")
    }

    @Test func `Links and giants are refused`() async throws {
        let folder = try TemporaryDirectory("functions")
        let outside = try TemporaryDirectory("outside")
        try outside.write(Self.manifest("1.0.0").utf8, to: "blur/function.json")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("blur"), withDestinationPath: outside.path("blur"))
        try FileManager.default.createDirectory(atPath: folder.path("soft"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("soft/function.json"), withDestinationPath: outside.path("blur/function.json"))
        try folder.write([UInt8](repeating: 32, count: CatalogueFolder.manifestLimit + 1), to: "giant/function.json")
        let library = Self.library(folder)
        try await library.reload()
        #expect(library.current.functions.isEmpty)
        #expect(Set(library.current.faults.keys) == ["blur", "soft", "giant"])
    }
}
