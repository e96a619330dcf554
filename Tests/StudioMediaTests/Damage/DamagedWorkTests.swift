import Foundation
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import StudioMedia

/// Broken files in the work that takes several files, copies packets or makes several outputs: each ends as a typed error that
/// leaves nothing behind, or as files that our own probe opens, also where damage is copied.
@Suite(.timeLimit(.minutes(10))) struct DamagedWorkTests {
    static let seed: UInt64 = 20_261_130

    /// A work, by its name, on a broken file: what it writes is named by `out`, whatever is left of that counts.
    struct Work {
        var name: String
        var render: (_ output: String) throws -> Void
    }

    @Test func nothingThatIsBrokenBreaksTrimConcatMuxLadderAndConform() async throws {
        let folder = try TemporaryDirectory("damaged-work")
        try await MediaSpecimens.make(in: folder)
        let result = await #expect(processExitsWith: .success) { [path = folder.path as String] in
            try DamagedWorkTests.limit()
            try DamagedWorkTests.tryFiles(in: path)
        }
        if result == nil { Issue.record("the process ended at \(Self.current(folder))") }
    }

    @Test func aBrokenChunkIsNeverJoinedIntoABrokenFilm() async throws {
        let folder = try TemporaryDirectory("damaged-chunks")
        try await MediaSpecimens.make(in: folder)
        let result = await #expect(processExitsWith: .success) { [path = folder.path as String] in
            try DamagedWorkTests.limit()
            try DamagedWorkTests.tryChunks(in: path)
        }
        if result == nil { Issue.record("the process ended at \(Self.current(folder))") }
    }

    static func current(_ folder: TemporaryDirectory) -> String {
        (try? String(contentsOfFile: folder.path("current"), encoding: .utf8)) ?? "none"
    }

    /// The limits of a media child.
    static func limit() throws {
        try ChildLimits(addressSpaceBytes: 8 << 30, cpuSeconds: 1200, fileSizeBytes: 1 << 28, openFiles: 128).apply()
    }

    /// Runs in a process of its own.
    private static func tryFiles(in folder: String) throws {
        var outcomes = (failed: 0, made: 0)
        let whole = "\(folder)/h264.mp4"
        try MediaSpecimens.breakAll(rounds: MediaSpecimens.rounds(usually: 8), seed: seed, in: folder) { name, bytes in
            let input = "\(folder)/\(name)"
            try Data(bytes).write(to: URL(filePath: input))
            defer { unlink(input) }
            for work in works(on: input, beside: whole) { try run(work, on: name, in: folder, &outcomes) }
        }
        #expect(outcomes.failed > 100 && outcomes.made > 100, "both ends are met: \(outcomes)")
    }

    static func run(
        _ work: Work, on name: String, in folder: String, _ outcomes: inout (failed: Int, made: Int)
    ) throws {
        try Data("\(work.name) of \(name)".utf8).write(to: URL(filePath: "\(folder)/current"))
        // Work that takes longer than this hangs: the signal ends the process.
        alarm(60)
        defer { alarm(0) }
        func left() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("out") }
        }
        do {
            try work.render("\(folder)/out")
            outcomes.made += 1
            for file in try left() where !file.hasSuffix(".m3u8") {
                do {
                    let probe = try MediaProbe.read(path: "\(folder)/\(file)")
                    #expect(!probe.streams.isEmpty, "\(work.name) of \(name)")
                } catch { Issue.record("\(work.name) of \(name) made what cannot be opened: \(error)") }
            }
        } catch is MediaError {
            outcomes.failed += 1
            let files = try left()
            #expect(files.isEmpty, "\(work.name) of \(name) left \(files)")
        } catch { Issue.record("\(work.name) of \(name) threw \(error)") }
        for file in try left() { unlink("\(folder)/\(file)") }
    }

    static func works(on input: String, beside whole: String) -> [Work] {
        let part = ClipRange(from: .seconds(0.08), to: .seconds(0.3))
        func place(_ output: String, _ name: String) -> Ladder.Rendition {
            Ladder.Rendition(
                media: "\(output)-\(name).mp4", playlist: "\(output)-\(name).m3u8", mediaAddress: name,
                playlistAddress: "\(name).m3u8")
        }
        let isMatroska = input.hasSuffix("mkv") || input.hasSuffix("webm")
        let container: ContainerKind = isMatroska ? .mkv : input.hasSuffix("mov") ? .mov : .mp4
        return [
            Work(name: "trim") {
                try Transcode(input: input, target: .browser(.low), range: part).render(to: $0 + ".mp4")
            },
            Work(name: "trim by copying") {
                try TrimCopy(input: input, range: part, container: container).render(to: $0 + ".mkv")
            },
            Work(name: "transcode by copying, at a rate") {
                try Transcode(
                    input: input, target: .browser(.low), change: PictureChange(frameRate: try FrameRate(25)),
                    copies: true
                ).render(to: $0 + ".mp4")
            },
            Work(name: "concat by copying") {
                try Concat(inputs: [input, input], target: .browser(.low)).render(to: $0 + ".mp4")
            },
            Work(name: "concat") {
                try Concat(inputs: [whole, input], target: .browser(.low), copies: false).render(to: $0 + ".mp4")
            },
            Work(name: "mux of its pictures") {
                try Mux(video: input, audio: [whole], container: container).render(to: $0 + ".mkv")
            },
            Work(name: "mux of its sound") { try Mux(video: whole, audio: [input]).render(to: $0 + ".mp4") },
            Work(name: "hls") { output in
                try Ladder(input: input, quality: .low).render(
                    to: "\(output).m3u8", videos: (0..<Ladder.mostSizes).map { place(output, "video\($0)") },
                    sound: place(output, "sound"))
            },
            Work(name: "conform") { try conform(input, whole).render(to: $0 + ".mp4") },
        ]
    }

    /// The whole film dissolves into the broken one, whose probe said that it was whole.
    private static func conform(_ input: String, _ whole: String) throws -> Conform {
        let pal = EditRate(25) ?? .film
        let length = EditTime(10, at: pal).seconds
        let cut = Cut(
            name: "x", rate: pal,
            tracks: [
                Cut.Track(
                    .video,
                    [
                        NumberedSource.clip("whole", 0..<6, at: pal), NumberedSource.dissolve(1, 1, at: pal),
                        NumberedSource.clip("broken", 2..<9, at: pal),
                    ])
            ])
        let sources = ["whole", "broken"].map {
            ConformSource(path: $0, names: [$0], pictures: .init(rate: pal, count: 10), sound: length)
        }
        let plan = try ConformPlan(cut, from: ConformCatalogue(sources), settings: .init(rate: pal))
        return Conform(
            plan: plan, files: plan.sources.map { $0.path == "whole" ? whole : input }, target: .browser(.low),
            width: 64, height: 48)
    }

    /// Runs in a process of its own.
    private static func tryChunks(in folder: String) throws {
        var outcomes = (failed: 0, made: 0)
        let film = try conform("\(folder)/h264.mkv", "\(folder)/h264.mp4")
        let count = film.plan.frameCount
        var chunks: [String] = []
        for (number, frames) in [0..<6, 6..<count].enumerated() {
            var part = film
            part.target = try MediaTarget(container: .mp4, video: VideoTarget(quality: .low), audio: nil)
            part.frames = frames
            chunks.append("\(folder)/chunk-\(number).mp4")
            try part.render(to: chunks[number])
        }
        var sound = film
        sound.target = try MediaTarget(container: .m4a, video: nil, audio: AudioTarget(codec: .aac))
        try sound.render(to: "\(folder)/sound.m4a")
        let rate = film.plan.settings.rate
        try Join(chunks: chunks, sound: "\(folder)/sound.m4a", rate: rate, frameCount: count).render(
            to: "\(folder)/out.mp4")
        unlink("\(folder)/out.mp4")
        let files = chunks + ["\(folder)/sound.m4a"]
        for (place, file) in files.enumerated() {
            let whole = [UInt8](try Data(contentsOf: URL(filePath: file)))
            for round in 0..<MediaSpecimens.rounds(usually: 4) * Damage.allCases.count {
                let damage = Damage.allCases[round % Damage.allCases.count]
                var chance = SeededGenerator(state: seed &+ UInt64(round * files.count + place))
                let broken = "\(folder)/broken.mp4"
                try Data(damage.apply(to: whole, &chance)).write(to: URL(filePath: broken))
                var inputs = files
                inputs[place] = broken
                let given = inputs
                let work = Work(name: "join") {
                    try Join(chunks: Array(given[..<2]), sound: given[2], rate: rate, frameCount: count).render(
                        to: $0 + ".mp4")
                }
                try run(work, on: "\(damage.rawValue)-\(round)-\(place)", in: folder, &outcomes)
            }
        }
        #expect(outcomes.failed > 10 && outcomes.made > 10, "both ends are met: \(outcomes)")
    }
}
