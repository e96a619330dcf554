import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioMedia
import StudioTestKit
import Testing

@testable import RenderWorker

/// The operations that make films of films, as their shipped manifests ask for them, in real children of the real program.
@Suite(.timeLimit(.minutes(10))) struct FilmOperationsTests {
    /// What is asked of a function, and what comes of it.
    struct Order: Sendable, CustomTestStringConvertible {
        var function: String
        var inputs: [String: [String]]
        var parameters: [String: JSONValue] = [:]
        /// The primary output's frames; `nil` where it is no media.
        var frames: Int?
        /// What is said beside the take.
        var result: [String: JSONValue]
        /// The kinds of its streams, sorted.
        var streams: [MediaProbe.Kind] = [.audio, .video]
        var testDescription: String { "\(function) \(parameters.keys.sorted())" }
    }

    private static let orders: [Order] = [
        Order(
            function: "trim", inputs: ["source": ["film.mp4"]], parameters: ["inFrame": 6, "outSeconds": 0.75],
            frames: 12, result: ["video": "encoded", "frames": 12]),
        Order(
            function: "trim", inputs: ["source": ["film.mp4"]],
            parameters: ["inFrame": 6, "outFrame": 18, "copy": "key-frames", "container": "mkv"], frames: 24,
            result: ["video": "copied", "frames": 24]),
        Order(
            function: "concat", inputs: ["clips": ["film.mp4", "film.mp4"]], frames: 48,
            result: ["video": "copied", "audio": ["copied"], "frames": 48]),
        Order(
            function: "concat", inputs: ["clips": ["film.mp4", "film.mp4"]],
            parameters: ["copy": "never", "container": "mov"], frames: 48,
            result: ["video": "encoded", "audio": ["encoded"], "frames": 48]),
        Order(
            function: "mux", inputs: ["video": ["film.mp4"], "audio": ["sound.wav"], "subtitles": ["words.srt"]],
            parameters: ["languages": "eng", "subtitleLanguages": "deu"], frames: 24,
            result: ["video": "copied", "audio": ["encoded"], "subtitles": 1, "frames": 24],
            streams: [.audio, .subtitle, .video]),
        Order(
            function: "hls", inputs: ["source": ["film.mp4"]], parameters: ["segmentSeconds": 0.5], frames: nil,
            result: ["frames": 24, "hasSound": true]),
    ]

    @Test(arguments: orders) func aFunctionMakesWhatItsManifestSays(order: Order) async throws {
        let folder = try TemporaryDirectory("films")
        try Self.makeInputs(in: folder)
        let function = try FunctionManifest(try Stage.manifest(order.function))
        let child = MediaChild(program: try ProgramUnderTest.worker.path(), environment: ["MALLOC_ARENA_MAX": "2"])
        let context = RunContext(
            key: AttemptKey(job: JobID(), attempt: 1), function: function,
            inputs: order.inputs.mapValues { $0.map { folder.path($0) } }, models: [], scratch: folder.path,
            parameters: function.effectiveParameters(order.parameters, tier: .low), quality: .low, seed: 1,
            timeout: .seconds(60), progress: { _ in }, log: { _ in })
        let result = try await EncoderRunner(child: child, memory: 8 << 30, cores: 2).run(context)
        let files = try result.files(of: function, in: folder.path)
        let primary = try #require(function.primaryOutput.flatMap { files[$0.name] })
        for (name, value) in order.result { #expect(result.provenance["result"]?[name] == value, "\(name)") }
        if let frames = order.frames {
            let probe = try MediaProbe.read(path: primary)
            #expect(probe.video?.frameCount == frames)
            #expect(probe.streams.map(\.kind.rawValue).sorted() == order.streams.map(\.rawValue))
        } else {
            #expect(
                files.keys.sorted()
                    == ["playlist", "sound", "sound-playlist", "video1", "video1-playlist"], "one size is enough")
            let text = String(decoding: try Data(contentsOf: URL(filePath: primary)), as: UTF8.self)
            #expect(text.contains("\nvideo1-playlist\n") && text.contains("URI=\"sound-playlist\""))
            #expect(try MediaProbe.read(path: files["video1"] ?? "").video?.frameCount == 24)
        }
    }

    private static func makeInputs(in folder: TemporaryDirectory) throws {
        try MockVideo(
            prompt: "noon", seed: 1, width: 96, height: 64, frameRate: .film, frames: 24, quality: .low
        ).render(to: folder.path("silent.mp4"))
        try MockAudio(prompt: "noon", seed: 1, seconds: 1).render(to: folder.path("sound.wav"))
        try Mux(video: folder.path("silent.mp4"), audio: [folder.path("sound.wav")]).render(to: folder.path("film.mp4"))
        try Data("1\n00:00:00,200 --> 00:00:00,800\nnoon\n".utf8).write(to: URL(filePath: folder.path("words.srt")))
    }
}
