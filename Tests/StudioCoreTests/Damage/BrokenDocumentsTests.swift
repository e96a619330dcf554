import Foundation
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

/// Our own parsers, fed with broken documents: each is read or refused by a typed error, and none ends the process.
///
/// `STUDIO_DAMAGE_ROUNDS=100000 swift test --filter BrokenDocumentsTests` looks longer; a crash is told by its document's name and
/// seed in the output of the process.
@Suite(.timeLimit(.minutes(10))) struct BrokenDocumentsTests {
    /// A parser, and whole documents that it reads.
    struct Parser: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var documents: [String]
        var read: @Sendable (Data) throws -> Void
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func manifests() throws -> [String] {
        let folder = root.appending(path: "Workspace/Library/Pipeline_Templates")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            try String(contentsOf: folder.appending(path: "\($0)/function.json"), encoding: .utf8)
        }
    }

    private static let project = """
        {"schemaVersion": 1, "uuid": "0190f5fe-7c00-7a00-8000-000000000001", "title": "Harbour", "summary": "",
         "quality": "standard", "createdAt": "2026-01-01T00:00:00Z"}
        """

    private static let subtitles = """
        WEBVTT - sprites

        NOTE made by hand

        one
        00:00:00.000 --> 00:00:02.500 align:start position:10%
        sprite.jpg#xywh=0,0,160,90

        00:00:02.500 --> 01:00:05.000
        <v Ada>Second &amp; last</v>
        over two lines

        """

    private static let canvas = """
        {"nodes": [
          {"id": "p", "type": "value", "position": {"x": 0, "y": 0}, "data": {"value": ["a", "b"]}},
          {"id": "i", "type": "function", "position": {"x": 1, "y": 0}, "data": {"function": "image",
            "parameters": {"seed": 3, "strength": 0.5}, "fanOut": {"parameter": "strength", "values": [0, 1]}}},
          {"id": "v", "type": "function", "parentId": "g", "position": {"x": 2, "y": 0}, "data": {"function": "video",
            "functionVersion": "2.1.0", "quality": "low", "shot": "S-1"}},
          {"id": "c", "type": "function", "position": {"x": 3, "y": 0}, "data": {"function": "cut"}},
          {"id": "f", "type": "asset", "position": {"x": 3, "y": 0}, "data": {"path": ["c.mp4"]}},
          {"id": "o", "type": "output", "position": {"x": 4, "y": 0}, "data": {"shot": "S-1", "version": 2}},
          {"id": "g", "type": "group", "position": {"x": 4, "y": 0}, "data": {}}],
         "edges": [{"id": "1", "source": "p", "target": "i", "targetHandle": "parameter:prompt"},
          {"id": "2", "source": "i", "sourceHandle": "image", "target": "v", "targetHandle": "image"},
          {"id": "3", "source": "v", "target": "c", "targetHandle": "clips", "data": {"order": 2}},
          {"id": "4", "source": "f", "target": "c", "targetHandle": "clips"},
          {"id": "5", "source": "c", "target": "o", "targetHandle": "in"}],
         "viewport": {"x": 0, "y": 0, "zoom": 1}}
        """

    private static let cuts = [SampleCuts.film(.film), SampleCuts.film(.film, isAfterBlack: true)]

    private static let subRip = """
        1
        00:00:00,000 --> 00:00:02,500
        <b>First</b> {\\an8}line

        2
        00:00:02,500 --> 01:00:05,000
        Second &amp; last

        """

    /// Plans a cut all of whose sources are there.
    private static func plan(_ cut: Cut) throws {
        var names = Set<String>()
        for case .clip(let clip) in cut.tracks.flatMap(\.items) {
            names.insert(clip.name)
            if case .reference(let reference) = clip.source { names.insert(reference) }
        }
        let sources = names.sorted().prefix(16).map { name in
            ConformSource(
                path: name, names: [name], pictures: .init(rate: cut.rate, count: 1 << 30),
                sound: ExactSeconds(1 << 30, 1))
        }
        let plan = try ConformPlan(cut, from: ConformCatalogue(sources), settings: .init(rate: cut.rate))
        #expect(plan.pictures.map(\.frames.count).reduce(0, +) == plan.frameCount)
    }

    private static var parsers: [Parser] {
        get throws {
            [
                Parser(testDescription: "function.json", documents: try manifests()) {
                    _ = try FunctionManifest(reading: $0)
                },
                Parser(testDescription: "project.json", documents: [project]) { _ = try ProjectManifest(reading: $0) },
                Parser(testDescription: "canvas", documents: [canvas]) {
                    let read = try CanvasDocument(reading: $0)
                    #expect(
                        try CanvasDocument(reading: read.text) == read, "what is read can be written and read again")
                    _ = try CanvasSamples.compiler().compile(read)
                },
                Parser(
                    testDescription: "OTIO",
                    documents: try cuts.map { String(decoding: try $0.otioFile(), as: UTF8.self) }
                ) {
                    let cut = try Cut(readingOTIO: $0)
                    _ = try Cut(readingOTIO: try cut.otioFile())
                    try plan(cut)
                },
                Parser(testDescription: "EDL", documents: try cuts.map { try $0.edl() }) {
                    try plan(try Cut(readingEDL: String(decoding: $0, as: UTF8.self), rate: .film))
                },
                Parser(testDescription: "WebVTT", documents: [subtitles]) {
                    let read = try WebVTT(reading: String(decoding: $0, as: UTF8.self))
                    let again = try WebVTT(reading: read.document())
                    #expect(again == read, "what is read can be written and read again")
                },
                Parser(testDescription: "SubRip", documents: [subRip, subtitles]) {
                    _ = try WebVTT(readingSubtitles: String(decoding: $0, as: UTF8.self))
                },
            ]
        }
    }

    @Test(arguments: try parsers) func brokenDocumentsAreReadOrRefused(parser: Parser) throws {
        let rounds = MediaSpecimens.rounds(usually: 2000)
        var refused = 0
        for round in 0..<rounds {
            let document = parser.documents[round % parser.documents.count]
            var broken = BrokenText(seed: UInt64(round))
            do { try parser.read(Data(broken.next(of: document))) } catch is StudioError { refused += 1 }
        }
        #expect(refused > rounds / 4, "most of what is broken is noticed")
    }

    @Test(arguments: ["[", "{\"a\":"]) func deepNestingIsRefused(opening: String) {
        let text = Data(String(repeating: opening, count: 200_000).utf8)
        #expect(throws: StudioError.self) { try FunctionManifest(reading: text) }
        #expect(throws: StudioError.self) { try ProjectManifest(reading: text) }
        #expect(throws: StudioError.self) { try CanvasDocument(reading: text) }
    }
}
