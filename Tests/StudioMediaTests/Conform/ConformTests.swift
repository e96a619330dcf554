import Foundation
import StudioCore
import StudioMedia
import Testing

@Suite("Films made of cuts")
struct ConformTests {
    typealias Source = NumberedSource

    private let best = VideoTarget(quality: .low, rate: .factor(1), threads: 2)

    private func conform(
        _ cut: Cut, _ scratch: Scratch, _ names: [String], rate: EditRate = .film, target: MediaTarget? = nil,
        frames: Range<Int>? = nil, size: (Int, Int) = (96, 54)
    ) throws -> Conform {
        let catalogue = ConformCatalogue(try names.map { try Source.source(scratch, $0) })
        let plan = try ConformPlan(cut, from: catalogue, settings: .init(rate: rate))
        return Conform(
            plan: plan, files: plan.sources.map { scratch.path($0.path) },
            target: try target ?? MediaTarget(video: best, audio: nil), width: size.0, height: size.1, title: cut.name,
            frames: frames)
    }

    /// Fade in over 6, a cut, a dissolve of 4 before and 4 after, a gap, a fade out over 5.
    private var threeShots: Cut {
        let video = Cut.Track(
            .video,
            [
                Source.dissolve(0, 6), Source.clip("a.mp4", 13..<33), Source.clip("b.mp4", 2..<20),
                Source.dissolve(4, 4), Source.clip("c.mp4", 9..<29), .gap(Cut.Gap(EditTime(3, at: .film))),
                Source.clip("a.mp4", 30..<42), Source.dissolve(5, 0),
            ])
        return Cut(name: "Three shots", rate: .film, tracks: [video], globalStart: EditTime(86_400, at: .film))
    }

    /// What every frame of it must be: luma and blue difference.
    private var expected: [(y: Int, u: Int)] {
        func mix(_ a: (Int, Int), _ b: (Int, Int), _ step: Int, _ steps: Int) -> (y: Int, u: Int) {
            ((a.0 * (steps - step) + b.0 * step) / steps, (a.1 * (steps - step) + b.1 * step) / steps)
        }
        let black = (16, 128)
        func a(_ frame: Int) -> (Int, Int) { (Source.luma(frame), 90) }
        func b(_ frame: Int) -> (Int, Int) { (Source.luma(frame), 128) }
        func c(_ frame: Int) -> (Int, Int) { (Source.luma(frame), 170) }
        var frames = (0..<6).map { mix(black, a(13 + $0), $0 + 1, 7) }
        frames += (6..<20).map { a(13 + $0) }
        frames += (2..<16).map { b($0) }
        frames += (0..<8).map { mix(b(16 + $0), c(5 + $0), $0 + 1, 9) }
        frames += (13..<29).map { c($0) }
        frames += Array(repeating: black, count: 3)
        frames += (30..<37).map { a($0) }
        frames += (0..<5).map { mix(a(37 + $0), black, $0 + 1, 6) }
        return frames
    }

    private func threeSources() throws -> Scratch {
        let scratch = try Scratch()
        for (name, blue) in [("a.mp4", 90), ("b.mp4", 128), ("c.mp4", 170)] {
            try Source.make(scratch.path(name), frames: 50, blue: blue)
        }
        return scratch
    }

    @Test("Every frame is the one that the cut says, through cuts, a dissolve, a gap and fades")
    func everyFrame() throws {
        let scratch = try threeSources()
        let film = try conform(threeShots, scratch, ["a.mp4", "b.mp4", "c.mp4"])
        var reports: [MediaProgress] = []
        try film.render(to: scratch.path("film.mp4")) { reports.append($0) }
        let frames = try Source.read(scratch.path("film.mp4"))
        #expect(frames.count == expected.count)
        for (index, (made, wanted)) in zip(frames, expected).enumerated() {
            #expect(abs(made.y - wanted.y) <= 1 && abs(made.u - wanted.u) <= 1, "frame \(index): \(made), \(wanted)")
        }
        #expect(reports.last?.framesDone == expected.count && reports.last?.stage == .done)
        let times = try Tool.times(scratch.path("film.mp4"))
        #expect(times.enumerated().allSatisfy { abs($1 - Double($0) / 24) < 1e-3 })
        let told = try Tool.run(
            "ffprobe", ["-v", "error", "-show_chapters", "-show_format", "-show_streams", scratch.path("film.mp4")])
        #expect(told.contains("timecode=01:00:00:00") && told.contains("TAG:title=Three shots"))
        for (start, end) in [("0.000000", "0.833000"), ("0.833000", "1.583000"), ("2.542000", "3.042000")] {
            #expect(told.contains("start_time=\(start)") && told.contains("end_time=\(end)"), "\(start)")
        }
        #expect(told.contains("color_space=bt709") && told.contains("color_range=tv"))
    }

    @Test("Made in parts it is the same film, with the timecode of each part")
    func parts() throws {
        let scratch = try threeSources()
        var frames: [(y: Int, u: Int, corner: Int)] = []
        for (index, part) in [0..<3, 3..<37, 37..<73].enumerated() {
            let film = try conform(threeShots, scratch, ["a.mp4", "b.mp4", "c.mp4"], frames: part)
            try film.render(to: scratch.path("\(index).mp4"))
            frames += try Source.read(scratch.path("\(index).mp4"))
        }
        #expect(frames.count == expected.count)
        #expect(zip(frames, expected).allSatisfy { abs($0.y - $1.y) <= 1 && abs($0.u - $1.u) <= 1 })
        let told = try Tool.run("ffprobe", ["-v", "error", "-show_streams", scratch.path("1.mp4")])
        #expect(told.contains("timecode=01:00:00:03"))
    }

    @Test("A dissolve in ten bits, in a codec for editing, is as exact")
    func tenBits() throws {
        let scratch = try threeSources()
        let target = try MediaTarget(container: .mov, video: VideoTarget(codec: .prores), audio: nil)
        let film = try conform(threeShots, scratch, ["a.mp4", "b.mp4", "c.mp4"], target: target)
        try film.render(to: scratch.path("film.mov"))
        let frames = try Source.read(scratch.path("film.mov"))
        #expect(frames.count == expected.count)
        #expect(zip(frames, expected).allSatisfy { abs($0.y - $1.y) <= 2 && abs($0.u - $1.u) <= 2 })
    }

    @Test("Sources of other rates, sizes and pixels become the film's, and a still is held")
    func mixedSources() throws {
        let scratch = try Scratch()
        try Source.make(scratch.path("pal.mp4"), frames: 50, rate: "25", size: "64x48", blue: 90)
        try Source.make(
            scratch.path("wide.mkv"), frames: 50, rate: "24000/1001", size: "72x54", blue: 170,
            more: ["-aspect", "16:9"])
        try Tool.ffmpeg("-f", "lavfi", "-i", "color=white:s=96x54", "-frames:v", "1", scratch.path("still.png"))
        let pal = try #require(EditRate(25))
        let slow = try #require(EditRate(24_000, 1001))
        let cut = Cut(
            name: "Mixed", rate: .film,
            tracks: [
                Cut.Track(
                    .video,
                    [
                        Source.clip("pal.mp4", 5..<30, at: pal), Source.clip("wide.mkv", 7..<19, at: slow),
                        Source.clip("still.png", 0..<6),
                    ])
            ])
        let film = try conform(cut, scratch, ["pal.mp4", "wide.mkv", "still.png"])
        try film.render(to: scratch.path("film.mp4"))
        let frames = try Source.read(scratch.path("film.mp4"))
        let wanted =
            (0..<24).map { (Source.luma(5 + $0 * 25 / 24), 90) }
            + (0..<12).map { (Source.luma(7 + $0 * 24_000 / 24_024), 170) } + Array(repeating: (235, 128), count: 6)
        #expect(frames.count == wanted.count)
        for (index, (made, wanted)) in zip(frames, wanted).enumerated() {
            #expect(abs(made.y - wanted.0) <= 1 && abs(made.u - wanted.1) <= 2, "frame \(index): \(made), \(wanted)")
        }
        // 4:3 has black beside it, pixels that are wider than high fill the film.
        #expect(frames[..<24].allSatisfy { $0.corner == 16 })
        #expect(frames[24..<36].allSatisfy { abs($0.corner - $0.y) <= 2 })
    }

    @Test("After many cuts every sample is where its picture is, with drop-frame timecode")
    func soundIsInSync() throws {
        let scratch = try Scratch()
        let ntsc = try #require(EditRate(30_000, 1001))
        try Source.make(
            scratch.path("a.mov"), frames: 450, rate: "30000/1001", size: "32x32", blue: 128, sound: true)
        // Seven frames each, from all over the source.
        let starts = (0..<60).map { $0 * 587 % 440 }
        var cut = Cut(
            name: "Long", rate: ntsc,
            tracks: [Cut.Track(.video, starts.map { Source.clip("a.mov", $0..<($0 + 7), at: ntsc) })])
        cut.isDropFrame = true
        cut.globalStart = Timecode.frames("00:59:58;00", at: ntsc).map { EditTime($0, at: ntsc) }
        let target = try MediaTarget(
            container: .mov, video: VideoTarget(quality: .low, rate: .factor(1)), audio: AudioTarget(codec: .pcm16))
        let film = try conform(cut, scratch, ["a.mov"], rate: ntsc, target: target, size: (32, 32))
        try film.render(to: scratch.path("film.mov"))
        let frames = try Source.read(scratch.path("film.mov"), width: 32, height: 32)
        let numbers = starts.flatMap { $0..<($0 + 7) }
        #expect(frames.count == numbers.count)
        #expect(zip(frames, numbers).allSatisfy { abs($0.y - Source.luma($1)) <= 1 })
        let samples = try Source.samples(scratch.path("film.mov"))
        #expect(samples.count == 2 * film.plan.sampleCount)
        for (index, start) in starts.enumerated() {
            // Rounded once from exact positions, at the source's side and at the film's.
            let begin = (index * 7 * 1001 * 48_000 * 2 + 30_000) / 60_000
            let end = ((index + 1) * 7 * 1001 * 48_000 * 2 + 30_000) / 60_000
            let source = (start * 1001 * 48_000 * 2 + 30_000) / 60_000
            let isExact = (begin..<end).allSatisfy { sample in
                let wanted = Int16((source + sample - begin) % 30_000)
                return samples[2 * sample] == wanted && samples[2 * sample + 1] == wanted
            }
            #expect(isExact, "clip \(index)")
        }
        let told = try Tool.run("ffprobe", ["-v", "error", "-show_streams", scratch.path("film.mov")])
        #expect(told.contains("timecode=00:59:58;00"))
    }

    @Test("Crossfades add up to one, and a channel of an EDL is heard on its own side")
    func mixing() throws {
        let scratch = try Scratch()
        for (name, level) in [("a.wav", "0.5"), ("b.wav", "0.5"), ("c.wav", "0.25")] {
            try Tool.ffmpeg(
                "-f", "lavfi", "-i", "aevalsrc='\(level)|\(level)':s=48000:d=4", "-c:a", "pcm_s16le",
                scratch.path(name))
        }
        let music = Cut.Track(
            .audio, [Source.clip("a.wav", 0..<24), Source.dissolve(6, 6), Source.clip("b.wav", 12..<36)])
        let voice = Cut.Track(.audio, [Source.clip("c.wav", 0..<48)], channel: 2)
        let cut = Cut(name: "Sound", rate: .film, tracks: [music, voice])
        let target = try MediaTarget(container: .wav, video: nil, audio: AudioTarget(codec: .pcm16))
        try conform(cut, scratch, ["a.wav", "b.wav", "c.wav"], target: target).render(to: scratch.path("film.wav"))
        let samples = try Source.samples(scratch.path("film.wav"))
        #expect(samples.count == 2 * 96_000)
        let left = stride(from: 0, to: samples.count, by: 2).map { samples[$0] }
        let right = stride(from: 1, to: samples.count, by: 2).map { samples[$0] }
        #expect(left.allSatisfy { abs(Int($0) - 16_384) <= 1 })
        #expect(right.allSatisfy { abs(Int($0) - 24_576) <= 1 })
    }

    @Test("A source that is away or ends too early fails by its name and leaves nothing behind")
    func failures() throws {
        let scratch = try Scratch()
        try Source.make(scratch.path("a.mp4"), frames: 20, blue: 90)
        let cut = Cut(name: "x", rate: .film, tracks: [Cut.Track(.video, [Source.clip("a.mp4", 0..<30)])])
        let lying = ConformCatalogue([
            ConformSource(path: "a.mp4", pictures: .init(rate: .film, count: 50), sound: nil)
        ])
        let plan = try ConformPlan(cut, from: lying, settings: .init(rate: .film))
        for name in ["a.mp4", "nowhere.mp4"] {
            let film = Conform(plan: plan, files: [scratch.path(name)], width: 96, height: 54)
            let error = #expect(throws: MediaError.self) { try film.render(to: scratch.path("film.mp4")) }
            #expect(error?.message.contains(name) == true)
        }
        #expect(try scratch.names == ["a.mp4"])
    }
}
