import Foundation
import StudioCore
import StudioTestKit
import Testing

@testable import StudioMedia

/// Broken films with something drawn over them, broken pictures that are laid over films, and broken pictures of sequences: as in
/// ``DamagedWorkTests``.
@Suite(.timeLimit(.minutes(10))) struct DamagedPictureWorkTests {
    /// The specimens that are pictures of a sequence, or watermarks.
    private static let pictures: Set = ["a.png", "deep.png", "a.jpg", "a.tif", "a.exr", "a.dpx", "a.webp"]

    @Test func nothingThatIsBrokenBreaksBurnInsAndSequences() async throws {
        let folder = try TemporaryDirectory("damaged-pictures")
        try await MediaSpecimens.make(in: folder)
        let result = await #expect(processExitsWith: .success) { [path = folder.path as String] in
            try DamagedWorkTests.limit()
            try DamagedPictureWorkTests.tryFilms(in: path)
            try DamagedPictureWorkTests.tryPictures(in: path)
        }
        if result == nil { Issue.record("the process ended at \(DamagedWorkTests.current(folder))") }
    }

    @Test func whatIsMadeOfBrokenSoundIsReadByOthersToo() async throws {
        let folder = try TemporaryDirectory("damaged-sound")
        try await MediaSpecimens.make(in: folder)
        let (input, output) = (folder.path("broken"), folder.path("out.mp4"))
        var made = 0
        try MediaSpecimens.breakAll(
            rounds: MediaSpecimens.rounds(usually: 8), seed: DamagedWorkTests.seed, in: folder.path,
            of: { $0 == "a.aac" }
        ) { name, bytes in
            try Data(bytes).write(to: URL(filePath: input))
            do {
                try Transcode(input: input, quality: .low).render(to: output)
            } catch is MediaError { return }
            made += 1
            let probe = try MediaProbe.read(path: output)
            let told = try #require(Double(Tool.ask(output, "format=duration").first ?? ""), "\(name)")
            #expect(
                abs((probe.durationSeconds ?? 0) - told) < 0.001, "\(name): \(probe.durationSeconds ?? 0), not \(told)")
            #expect(
                try Tool.run("ffmpeg", ["-v", "error", "-xerror", "-i", output, "-f", "null", "-"]) == "", "\(name)")
        }
        #expect(made > 1)
    }

    /// Runs in a process of its own.
    private static func tryFilms(in folder: String) throws {
        var outcomes = (failed: 0, made: 0)
        try MediaSpecimens.breakAll(
            rounds: MediaSpecimens.rounds(usually: 8), seed: DamagedWorkTests.seed, in: folder,
            of: { !pictures.contains($0) }
        ) { name, bytes in
            let input = "\(folder)/\(name)"
            try Data(bytes).write(to: URL(filePath: input))
            defer { unlink(input) }
            let work = DamagedWorkTests.Work(name: "burn-in") {
                try watermark("\(folder)/deep.png", over: input, line: "damaged").render(to: $0 + ".mp4")
            }
            try DamagedWorkTests.run(work, on: name, in: folder, &outcomes)
        }
        #expect(outcomes.failed > 30 && outcomes.made > 30, "both ends are met: \(outcomes)")
    }

    /// Runs in a process of its own.
    private static func tryPictures(in folder: String) throws {
        var outcomes = (failed: 0, made: 0)
        try MediaSpecimens.breakAll(
            rounds: MediaSpecimens.rounds(usually: 8), seed: DamagedWorkTests.seed, in: folder,
            of: { pictures.contains($0) }
        ) { name, bytes in
            let input = "\(folder)/\(name)"
            try Data(bytes).write(to: URL(filePath: input))
            defer { unlink(input) }
            let kind = name.split(separator: "-").last.map(String.init) ?? ""
            let whole = "\(folder)/\(kind)"
            for work in [
                DamagedWorkTests.Work(name: "watermark") {
                    try watermark(input, over: "\(folder)/h264.mp4").render(to: $0 + ".mp4")
                },
                DamagedWorkTests.Work(name: "assemble, from the second on") {
                    try Assembly(frames: [whole, input, whole], quality: .low).render(to: $0 + ".mp4")
                },
                DamagedWorkTests.Work(name: "assemble, from the first on") {
                    try Assembly(frames: [input, whole], quality: .low).render(to: $0 + ".mp4")
                },
            ] {
                try DamagedWorkTests.run(work, on: name, in: folder, &outcomes)
            }
        }
        #expect(outcomes.failed > 30 && outcomes.made > 30, "both ends are met: \(outcomes)")
    }

    private static func watermark(_ picture: String, over film: String, line: String? = nil) -> Transcode {
        let lines = line.map { [BurnIn.Line(text: $0, place: .bottom)] } ?? []
        return Transcode(
            input: film, target: .browser(.low),
            change: PictureChange(
                burnIn: BurnIn(lines: lines, picture: BurnIn.Picture(path: picture, place: .centre, size: 0.5))))
    }
}
