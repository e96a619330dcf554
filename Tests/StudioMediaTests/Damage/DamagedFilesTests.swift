import Foundation
import StudioCore
import StudioMedia
import StudioSystem
import StudioTestKit
import Testing

/// Broken files of every kind end as a typed error or as a whole output: never as a crash, a hang or a file left behind.
@Suite(.timeLimit(.minutes(10))) struct DamagedFilesTests {
    private static let seed: UInt64 = 20_261_129

    @Test func nothingThatIsBrokenBreaksTheEngine() async throws {
        let folder = try TemporaryDirectory("damage")
        try await MediaSpecimens.make(in: folder)
        // One process for all, with the limits of a media child: what ends it is told by the file it was at.
        let result = await #expect(processExitsWith: .success) { [path = folder.path as String] in
            try ChildLimits(addressSpaceBytes: 8 << 30, cpuSeconds: 1200, fileSizeBytes: 1 << 30, openFiles: 128)
                .apply()
            try DamagedFilesTests.tryAll(in: path)
        }
        if result == nil {
            let current = (try? String(contentsOfFile: folder.path("current"), encoding: .utf8)) ?? "none"
            Issue.record("the process ended at \(current)")
        }
    }

    @Test(arguments: ["a.mp4", "a.mov", "a.mkv"]) func whatBeginsLateIsNotCutOff(name: String) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-itsoffset", "0.5", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", scratch.path(name))
        let probe = try MediaProbe.read(path: scratch.path(name))
        #expect(probe.audio?.codec == "aac")
        try scratch.cut(name, to: 0.6, as: "cut-\(name)")
        #expect(throws: MediaError.self) { try MediaProbe.read(path: scratch.path("cut-\(name)")) }
    }

    @Test(
        arguments: ["a.mp4", "a.mov"],
        [
            ["sine=d=0.25", "-c:a", "aac"],
            [
                "testsrc2=s=64x48:r=25:d=0.4", "-c:v", "libx264", "-bf", "0", "-vsync", "passthrough", "-enc_time_base",
                "1/1000",
            ],
        ])
    func whatIsShortAndBeginsLateIsNotCutOff(name: String, media: [String]) throws {
        let scratch = try Scratch()
        // By what an encoder's lead makes up for, by less than a packet, and by more than one.
        for late in ["0.01", "0.04", "0.06"] {
            try Tool.ffmpeg(
                ["-itsoffset", late, "-f", "lavfi", "-i"] + media + ["-movflags", "+faststart", scratch.path(name)])
            _ = try MediaProbe.read(path: scratch.path(name))
            try scratch.cut(name, to: 0.8, as: "cut-\(name)")
            let error = #expect(throws: MediaError.self) { try MediaProbe.read(path: scratch.path("cut-\(name)")) }
            #expect(error?.message.contains("cut off") == true, "\(error?.message ?? "")")
        }
    }

    @Test func aFilmThatHoldsItsLastPictureIsNotCutOff() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1", "-final_delay", "300", scratch.path("held.gif"))
        try Transcode(input: scratch.path("held.gif"), quality: .low).render(to: scratch.path("held.mp4"))
        let probe = try MediaProbe.read(path: scratch.path("held.mp4"))
        #expect(probe.video?.frameCount == 10 && abs((probe.durationSeconds ?? 0) - 3.9) < 0.01)
        try scratch.cut("held.mp4", to: 0.9, as: "cut.mp4")
        let error = #expect(throws: MediaError.self) { try MediaProbe.read(path: scratch.path("cut.mp4")) }
        #expect(error?.message.contains("cut off") == true, "\(error?.message ?? "")")
    }

    /// Runs in a process of its own.
    private static func tryAll(in folder: String) throws {
        var outcomes = (failed: 0, made: 0)
        try MediaSpecimens.breakAll(rounds: MediaSpecimens.rounds(usually: 8), seed: seed, in: folder) { name, bytes in
            let input = "\(folder)/\(name)"
            try Data(bytes).write(to: URL(filePath: input))
            try Data(name.utf8).write(to: URL(filePath: "\(folder)/current"))
            // A file that takes longer than this hangs: the signal ends the process.
            alarm(60)
            defer {
                alarm(0)
                unlink(input)
            }
            let works: [(name: String, output: String, work: (String) throws -> Void)] = [
                ("probe", "", { _ in _ = try MediaProbe.read(path: input) }),
                ("thumbnail", "\(folder)/out.jpg", { try Thumbnail(input: input, quality: .low).render(to: $0) }),
                ("transcode", "\(folder)/out.mp4", { try Transcode(input: input, quality: .low).render(to: $0) }),
                ("waveform", "\(folder)/out.png", { try Waveform(input: input).render(to: $0) }),
            ]
            for (kind, output, work) in works {
                do {
                    try work(output)
                    outcomes.made += 1
                    guard !output.isEmpty else { continue }
                    let probe = try MediaProbe.read(path: output)
                    #expect(!probe.streams.isEmpty, "\(kind) of \(name)")
                } catch is MediaError {
                    outcomes.failed += 1
                    #expect(access(output, F_OK) != 0, "\(kind) of \(name) left its output")
                } catch { Issue.record("\(kind) of \(name) threw \(error)") }
                if !output.isEmpty { unlink(output) }
            }
        }
        #expect(outcomes.failed > 100 && outcomes.made > 100, "both ends are met: \(outcomes)")
    }
}
