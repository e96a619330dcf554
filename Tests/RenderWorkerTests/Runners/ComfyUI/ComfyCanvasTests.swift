import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// Workflows that nodes of canvases bring themselves.
@Suite("Workflows of canvases", .timeLimit(.minutes(10))) struct ComfyCanvasTests {
    @Test("A workflow wrapped as a node runs, with what was chosen of it set from outside")
    func wrapped() async throws {
        let server = try await ComfyUIServer()
        let bench = try ComfyBench(server)
        let folder = "\(Stage.packageRoot)/Workspace/Library/Pipeline_Templates/comfyui-workflow"
        let base = try FunctionManifest(
            reading: try #require(FileManager.default.contents(atPath: folder + "/function.json")),
            workflow: FileManager.default.contents(atPath: folder + "/workflow.json"),
            folder: "comfyui-workflow")
        let grey = try await bench.run(try bench.context(base.document, ["width": 64, "height": 40]))
        var pictures: Set<[UInt8]> = [try ComfyBench.bytes(of: grey)]

        let node = try CanvasNode.wrapping(
            try ComfyUIServer.workflow("01_solid_color"), id: "w",
            choice: [
                "parameters": ["colour": "Solid colour.color", "width": "1.width", "height": "1.height"],
                "outputs": ["picture": ["node": "Save", "type": "image", "extension": "png"]],
            ])
        for colour in [0xFF0000, 0x00FF00] {
            var set = node
            set.data["parameters"] = ["colour": .integer(Int64(colour)), "width": 64, "height": 40]
            let functions = CanvasFunctions([CanvasFunction(base, digest: "")])
            let plan = try CanvasCompiler(CanvasSurroundings(functions: functions)) { SHA256.hex(of: $0) }
                .compile(CanvasDocument(nodes: [set]))
            let job = try #require(plan.jobs.first)
            let made = try await bench.run(try bench.context(job.function.manifest.document, job.parameters))
            let picture = try ComfyBench.bytes(of: made, "picture")
            // Width and height of a PNG: its 17th byte to its 24th. The workflow itself says 512.
            #expect(Array(picture[16..<24]) == [0, 0, 0, 64, 0, 0, 0, 40])
            pictures.insert(picture)
        }
        #expect(pictures.count == 3, "each colour is another picture")
    }
}
