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

    private static let cuts = [SampleCuts.film(.film), SampleCuts.film(.film, isAfterBlack: true)]

    private static var parsers: [Parser] {
        get throws {
            [
                Parser(testDescription: "function.json", documents: try manifests()) {
                    _ = try FunctionManifest(reading: $0)
                },
                Parser(testDescription: "project.json", documents: [project]) { _ = try ProjectManifest(reading: $0) },
                Parser(
                    testDescription: "OTIO",
                    documents: try cuts.map { String(decoding: try $0.otioFile(), as: UTF8.self) }
                ) {
                    _ = try Cut(readingOTIO: $0)
                },
                Parser(testDescription: "EDL", documents: try cuts.map { try $0.edl() }) {
                    _ = try Cut(readingEDL: String(decoding: $0, as: UTF8.self), rate: .film)
                },
                Parser(testDescription: "WebVTT", documents: [subtitles]) {
                    let read = try WebVTT(reading: String(decoding: $0, as: UTF8.self))
                    let again = try WebVTT(reading: read.document())
                    #expect(again == read, "what is read can be written and read again")
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
    }
}
