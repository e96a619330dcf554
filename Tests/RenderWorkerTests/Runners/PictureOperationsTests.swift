import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioMedia
import StudioTestKit
import Testing

@testable import RenderWorker

/// The operations that make pictures, as their shipped manifests ask for them, in real children of the real program.
@Suite(.timeLimit(.minutes(10))) struct PictureOperationsTests {
    /// What is asked of a function, and what comes of it.
    struct Order: Sendable, CustomTestStringConvertible {
        var function: String
        var inputs: [String: [String]]
        var parameters: [String: JSONValue] = [:]
        /// The files made, by port.
        var made: [String: String]
        /// What the primary output is, in the words of its probe.
        var container: String
        var testDescription: String { "\(function) \(parameters.keys.sorted())" }
    }

    private static let orders: [Order] = [
        Order(
            function: "assemble", inputs: ["frames": ["a.1.png", "a.2.png", "a.4.png"]],
            parameters: ["missingFrames": "held", "light": "auto", "frameRate": "25"], made: ["video": "mp4"],
            container: "mov,mp4,m4a,3gp,3g2,mj2"),
        Order(
            function: "disassemble", inputs: ["source": ["film.mp4"]], parameters: ["format": "tif", "startNumber": 5],
            made: ["frames": "zip"], container: "zip"),
        Order(
            function: "contact-sheet", inputs: ["sources": ["film.mp4", "a.1.png"]],
            parameters: ["columns": 2, "tileWidth": 64, "format": "png"], made: ["image": "png"], container: "png_pipe"),
        Order(
            function: "sprite", inputs: ["source": ["film.mp4"]], parameters: ["interval": 0.25],
            made: ["image": "jpg", "index": "vtt"], container: "jpeg_pipe"),
        Order(
            function: "compare", inputs: ["reference": ["film.mp4"], "candidate": ["film.mp4"]],
            parameters: ["gain": 8], made: ["difference": "mp4", "metrics": "json"],
            container: "mov,mp4,m4a,3gp,3g2,mj2"),
        Order(
            function: "overlay", inputs: ["source": ["film.mp4"]],
            parameters: ["shot": "SHOT-010", "take": "%{n}", "timecode": "01:00:00:00", "watermark": "it's a draft"],
            made: ["video": "mp4"], container: "mov,mp4,m4a,3gp,3g2,mj2"),
        Order(
            function: "overlay", inputs: ["source": ["film.mp4"], "picture": ["a.1.png"]],
            parameters: [
                "timecode": "none", "picturePlace": "bottom", "pictureSize": 0.3, "pictureMargin": 0.1,
                "pictureOpacity": 0.5, "container": "mkv", "videoCodec": "hevc", "bitDepth": "10",
            ], made: ["video": "mkv"], container: "matroska,webm"),
        Order(
            function: "assemble", inputs: ["frames": ["a.1.png", "a.2.png", "a.4.png"], "sound": ["sound.wav"]],
            parameters: [
                "missingFrames": "skipped", "container": "webm", "rateFactor": 40, "alpha": "keep", "height": 32,
                "audioBitRate": 32_000,
            ], made: ["video": "webm"], container: "matroska,webm"),
        Order(
            function: "probe-sequence", inputs: ["frames": ["a.1.png", "a.2.png", "a.4.png"]], made: ["probe": "json"],
            container: ""),
        Order(
            function: "control-map", inputs: ["source": ["a.1.png"]], parameters: ["kind": "sobel", "format": "png"],
            made: ["map": "png"], container: "png_pipe"),
    ]

    @Test(arguments: orders) func aFunctionMakesWhatItsManifestSays(order: Order) async throws {
        let folder = try TemporaryDirectory("pictures")
        try MockVideo(
            prompt: "noon", seed: 1, width: 96, height: 64, frameRate: .film, frames: 24, quality: .low
        ).render(to: folder.path("film.mp4"))
        try MockAudio(prompt: "noon", seed: 1, seconds: 0.5).render(to: folder.path("sound.wav"))
        for number in [1, 2, 4] {
            try MockImage(prompt: "noon", seed: UInt64(number), width: 96, height: 64)
                .render(to: folder.path("a.\(number).png"))
        }
        let function = try FunctionManifest(try Stage.manifest(order.function))
        let child = MediaChild(program: try ProgramUnderTest.worker.path(), environment: ["MALLOC_ARENA_MAX": "2"])
        let context = RunContext(
            key: AttemptKey(job: JobID(), attempt: 1), function: function,
            inputs: order.inputs.mapValues { $0.map { folder.path($0) } }, models: [], scratch: folder.path,
            parameters: function.effectiveParameters(order.parameters, tier: .standard), quality: .standard, seed: 1,
            timeout: .seconds(60), progress: { _ in }, log: { _ in })
        let result = try await EncoderRunner(child: child, memory: 8 << 30, cores: 2).run(context)
        #expect(Set(result.files.keys) == Set(order.made.keys))
        for (port, fileExtension) in order.made {
            #expect(result.files[port]?.hasSuffix("/\(port).\(fileExtension)") == true)
            #expect(RegularFile.size(of: result.files[port] ?? "") ?? 0 > 0)
        }
        let primary = try #require(function.primaryOutput.flatMap { result.files[$0.name] })
        if order.function == "assemble" {
            let sequence = result.provenance["result"]?["sequence"]
            #expect(sequence?["numbering"]?["pattern"] == "a.#.png" && sequence?["missingCount"] == 1)
            #expect(result.provenance["result"]?["hasSound"]?.boolValue == (order.inputs["sound"] != nil))
        }
        if order.function == "probe-sequence" {
            let probe = try JSONText.decode(JSONValue.self, from: try Data(contentsOf: URL(fileURLWithPath: primary)))
            #expect(probe["missing"] == [["first": 3, "last": 3]] && probe["picture"]?["width"] == 96)
            return
        }
        let inspection = MediaJobRequest(
            operation: .inspect, inputs: ["source": [primary]], output: folder.path("thumbnail.jpg"), parameters: [:],
            quality: .low, seed: 0, limits: MediaJobLimits(memory: 8 << 30, processorSeconds: 60))
        let found = try await child.perform(inspection, timeout: .seconds(60), progress: { _ in }, log: { _ in })
        #expect(found["probe"]?["container"]?.stringValue == order.container)
        if order.function == "compare" {
            #expect(result.provenance["result"]?["ssim"]?.doubleValue == 1)
            #expect(result.provenance["result"]?["referenceFrames"]?.intValue == 24)
        }
    }
}
