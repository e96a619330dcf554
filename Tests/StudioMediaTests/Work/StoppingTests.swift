import StudioMedia
import Testing

/// Stopping, full disks and other ends that must leave nothing behind.
@Suite struct StoppingTests {
    private struct Stop: Error, Equatable { var at: Int }

    @Test func aThrowStopsTheWorkAtOnceAndLeavesNothing() throws {
        let scratch = try Scratch()
        let input = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:d=4", "-f", "lavfi", "-i", "sine=d=4", input.path("a.mkv"))
        try MockImage(prompt: "", seed: 1, width: 64, height: 64).render(to: input.path("i.png"))
        let output = scratch.path("out.mp4")
        func check(_ work: (@escaping MediaProgressReport) throws -> Void) throws {
            for limit in [0, 1, 9] {
                var calls = 0
                let stop = #expect(throws: Stop.self) {
                    try work { progress in
                        calls += 1
                        if progress.framesDone == limit { throw Stop(at: limit) }
                    }
                }
                #expect(stop == Stop(at: limit))
                #expect(calls == limit + 1, "nothing is reported after the throw")
                #expect(try scratch.names.isEmpty)
            }
        }
        try check { try MockVideo(prompt: "", seed: 1, width: 64, height: 64).render(to: output, progress: $0) }
        try check { try Transcode(input: input.path("a.mkv")).render(to: output, progress: $0) }
        let frames = Array(repeating: input.path("i.png"), count: 20)
        try check { try Assembly(frames: frames).render(to: output, progress: $0) }
    }

    @Test func aThrowAtTheVeryEndLeavesNothingEither() throws {
        let scratch = try Scratch()
        for stage in [MediaProgress.Stage.finishing, .done] {
            let stopAtStage: MediaProgressReport = { if $0.stage == stage { throw Stop(at: 0) } }
            #expect(throws: Stop.self) {
                try MockVideo(prompt: "", seed: 1, width: 64, height: 64, frames: 3)
                    .render(to: scratch.path("a.mp4"), progress: stopAtStage)
            }
            #expect(throws: Stop.self) {
                try MockImage(prompt: "", seed: 1, width: 64, height: 64)
                    .render(to: scratch.path("a.png"), progress: stopAtStage)
            }
            #expect(try scratch.names.isEmpty)
        }
    }

    @Test func aFullDiskIsToldApart() throws {
        let scratch = try Scratch()
        try MockImage(prompt: "", seed: 1, width: 64, height: 64).render(to: scratch.path("i.png"))
        let works: [(String) throws -> Void] = [
            { try MockVideo(prompt: "", seed: 1, width: 320, height: 180, frames: 30).render(to: $0) },
            { try MockImage(prompt: "", seed: 1, width: 64, height: 64).render(to: $0) },
            { try Assembly(frames: [scratch.path("i.png")]).render(to: $0) },
            { try Thumbnail(input: scratch.path("i.png")).render(to: $0) },
            { try Transcode(input: scratch.path("i.png")).render(to: $0) },
        ]
        for (number, work) in works.enumerated() {
            let error = try #require(throws: MediaError.self) { try work("/dev/full") }
            #expect(error.code == .storageFull, "\(number): \(error) \(error.detail ?? "")")
        }
        #expect(
            try Tool.run("stat", ["-c", "%F", "/dev/full"]).contains("character special"), "the device is still there")
    }

    @Test func placesThatCannotBeWrittenAreNamed() throws {
        let scratch = try Scratch()
        let video = MockVideo(prompt: "", seed: 1, width: 64, height: 64, frames: 2)
        for path in [scratch.path("missing/a.mp4"), scratch.folder, scratch.path("a\0b.mp4")] {
            let error = try #require(throws: MediaError.self) { try video.render(to: path) }
            #expect(error.code == .outputFailed)
        }
        #expect(try scratch.names.isEmpty)
    }

    @Test func whatSharesAnInodeWithTheOutputIsNotWrittenThrough() throws {
        let scratch = try Scratch()
        try scratch.write("take.mp4", Array("immutable".utf8))
        try Tool.run("ln", [scratch.path("take.mp4"), scratch.path("hard.mp4")])
        try Tool.run("ln", ["-s", scratch.path("take.mp4"), scratch.path("soft.mp4")])
        for name in ["hard.mp4", "soft.mp4"] {
            try MockVideo(prompt: "", seed: 1, width: 64, height: 64, frames: 2).render(to: scratch.path(name))
        }
        #expect(try scratch.bytes("take.mp4") == Array("immutable".utf8))
    }

    @Test func theInputIsNeverTheOutput() throws {
        let scratch = try Scratch()
        try MockVideo(prompt: "", seed: 1, width: 64, height: 64, frames: 2).render(to: scratch.path("a.mp4"))
        let before = try scratch.bytes("a.mp4")
        let error = try #require(throws: MediaError.self) {
            try Transcode(input: scratch.path("a.mp4")).render(to: scratch.path("./a.mp4"))
        }
        #expect(error.code == .parametersInvalid)
        #expect(try scratch.bytes("a.mp4") == before)
    }
}
