import Foundation
import StudioCore
import Testing

@testable import StudioMedia

/// The one rule of every function that changes a frame rate: a frame shows what is due when it begins.
@Suite("Frame rates: a frame shows what is due when it begins") struct RateConversionTests {
    private static let lossless = ["-c:v", "ffv1", "-pix_fmt", "yuv420p"]
    private static let small = VideoTarget(quality: .low, rate: .factor(1), threads: 2)

    /// A film of flat frames, each as bright as its number says, and when each is due, in seconds as a fraction of `base`.
    private struct Source {
        var path: String
        var times: [Int]
        var numbers: [Int]
        var base: Int
        var end: Int

        /// The number of the newest frame that is due at a moment, in units of `base`; the first one's before it.
        func number(at moment: (top: Int, bottom: Int)) -> Int {
            let due = times.lastIndex { $0 * moment.bottom <= moment.top * base } ?? 0
            return numbers[due] % 50
        }

        /// What a film of a rate shows, frame by frame.
        func shown(at rate: FrameRate) -> [Int] {
            let length = end * rate.numerator
            let unit = base * rate.denominator
            return (0..<((2 * length + unit) / (2 * unit))).map { number(at: ($0 * rate.denominator, rate.numerator)) }
        }
    }

    private static func steady(_ scratch: Scratch, _ name: String, _ rate: String, frames: Int) throws -> Source {
        try NumberedSource.make(
            scratch.path(name), frames: frames, rate: rate, size: "32x32", blue: 128, more: lossless)
        let known = try FrameRate(parsing: rate)
        return Source(
            path: scratch.path(name), times: (0..<frames).map { $0 * known.denominator }, numbers: Array(0..<frames),
            base: known.numerator, end: frames * known.denominator)
    }

    private static func numbers(_ path: String) throws -> [Int] {
        try NumberedSource.read(path, width: 32, height: 32).map { Int((Double($0.y) - 16) / 4 + 0.5) }
    }

    private static let rates = [
        ("24000/1001", "25", 960), ("25", "24000/1001", 1000), ("30000/1001", "24", 1200), ("30", "60", 300),
        ("60", "24", 600), ("24", "30000/1001", 480),
    ]

    @Test("In transcode, concat and conform, to the frame, over long films", arguments: rates)
    func everyFunction(from: String, to: String, frames: Int) throws {
        let scratch = try Scratch()
        // A clock that is exact, and one of milliseconds.
        for name in ["a.mov", "a.mkv"] {
            var source = try Self.steady(scratch, "a.mkv", from, frames: frames)
            if name == "a.mov" {
                try Tool.ffmpeg("-i", source.path, "-c:v", "libx264", "-crf", "1", "-bf", "2", scratch.path(name))
                source.path = scratch.path(name)
            }
            let rate = try FrameRate(parsing: to)
            let expected = source.shown(at: rate)
            let target = try MediaTarget(video: Self.small, audio: nil)
            let change = PictureChange(frameRate: rate)
            let output = scratch.path("out.mp4")
            try Transcode(input: source.path, target: target, change: change).render(to: output)
            #expect(try Self.numbers(output) == expected, "transcode of \(name)")
            #expect(try Tool.ffprobe(output).video?.avg_frame_rate == rate.description)
            for (index, time) in try Tool.times(output).enumerated() {
                #expect(abs(time - Double(index) / rate.framesPerSecond) < 0.000_01)
            }
            try Concat(inputs: [source.path, source.path], target: target, change: change).render(to: output)
            #expect(try Self.numbers(output) == expected + expected, "concat of \(name)")
            try Self.conform(source, scratch, frames: frames, from: from, to: rate, output)
            #expect(try Self.numbers(output) == expected, "conform of \(name)")
        }
    }

    private static func conform(
        _ source: Source, _ scratch: Scratch, frames: Int, from: String, to rate: FrameRate, _ output: String
    ) throws {
        let film = try #require(EditRate(rate.numerator, rate.denominator))
        let own = try #require(EditRate(parsing: from))
        let name = (source.path as NSString).lastPathComponent
        let cut = Cut(
            name: "x", rate: film, tracks: [Cut.Track(.video, [NumberedSource.clip(name, 0..<frames, at: own)])])
        let plan = try ConformPlan(
            cut, from: ConformCatalogue([try NumberedSource.source(scratch, name)]), settings: .init(rate: film))
        try Conform(
            plan: plan, files: [source.path], target: try MediaTarget(video: small, audio: nil), width: 32, height: 32
        ).render(to: output)
    }

    @Test("Of a variable rate, by each frame's own time, also where its clock rounds", arguments: ["a.mkv", "a.mp4"])
    func variableRates(name: String) throws {
        let scratch = try Scratch()
        let frames = 600
        let kept = (0..<frames).filter { ($0 * 7 % 11) < 6 || $0 == frames - 1 }
        // 25, by which no time of a sixtieth is missed by the clock's rounding; and the rate itself, where every one is.
        for (from, to) in [("60", "25"), ("24000/1001", "24000/1001")] {
            let own = try FrameRate(parsing: from)
            try NumberedSource.make(
                scratch.path(name), frames: kept.count, rate: from, size: "32x32", blue: 128,
                more: ["-filter:v", "select='lt(mod(n*7,11),6)+eq(n,\(frames - 1))'", "-vsync", "vfr"]
                    + (name == "a.mkv" ? Self.lossless : []))
            let source = Source(
                path: scratch.path(name), times: kept.map { $0 * own.denominator }, numbers: kept,
                base: own.numerator, end: frames * own.denominator)
            let rate = try FrameRate(parsing: to)
            let expected = source.shown(at: rate)
            let target = try MediaTarget(video: Self.small, audio: nil)
            let output = scratch.path("out.mp4")
            let change = PictureChange(frameRate: rate)
            try Transcode(input: source.path, target: target, change: change).render(to: output)
            let made = try Self.numbers(output)
            // How long the last frame is seen is not told by every file.
            #expect(abs(made.count - expected.count) <= 1 && zip(made, expected).allSatisfy { $0 == $1 }, "\(from)")
            try Concat(inputs: [source.path, source.path], target: target, change: change).render(to: output)
            #expect(try Self.numbers(output) == made + made, "concat, \(from)")
        }
    }

    @Test("A conform asks for moments of a source of a variable rate by the same rule")
    func conformOfVariableRate() throws {
        let scratch = try Scratch()
        let kept = (0..<600).filter { ($0 * 7 % 11) < 6 || $0 == 599 }
        try NumberedSource.make(
            scratch.path("a.mkv"), frames: kept.count, rate: "60", size: "32x32", blue: 128,
            more: ["-filter:v", "select='lt(mod(n*7,11),6)+eq(n,599)'", "-vsync", "vfr"] + Self.lossless)
        let source = Source(path: scratch.path("a.mkv"), times: kept, numbers: kept, base: 60, end: 600)
        let pal = try #require(EditRate(25))
        let catalogue = ConformCatalogue([
            ConformSource(path: "a.mkv", pictures: .init(rate: pal, count: 250), sound: nil)
        ])
        let cut = Cut(
            name: "x", rate: pal,
            tracks: [
                Cut.Track(.video, [NumberedSource.clip("a.mkv", 0..<250, at: pal)])
            ])
        let plan = try ConformPlan(cut, from: catalogue, settings: .init(rate: pal))
        try Conform(
            plan: plan, files: [source.path], target: try MediaTarget(video: Self.small, audio: nil), width: 32,
            height: 32
        ).render(to: scratch.path("out.mp4"))
        #expect(try Self.numbers(scratch.path("out.mp4")) == source.shown(at: try FrameRate(25)))
    }

    @Test("What keeps its rate keeps every frame: proxies and ladders", arguments: ["24000/1001", "30000/1001", "60"])
    func keptRates(rate: String) throws {
        let scratch = try Scratch()
        let source = try Self.steady(scratch, "a.mkv", rate, frames: 300)
        let expected = source.shown(at: try FrameRate(parsing: rate))
        #expect(expected.count == 300)
        try Proxy(input: source.path).render(to: scratch.path("proxy.mp4"))
        #expect(try Self.numbers(scratch.path("proxy.mp4")) == expected)
        func place(_ name: String) -> Ladder.Rendition {
            Ladder.Rendition(
                media: scratch.path(name), playlist: scratch.path("\(name)-list"), mediaAddress: name,
                playlistAddress: "\(name)-list")
        }
        try Ladder(input: source.path, quality: .high).render(
            to: scratch.path("list"), videos: [place("video")], sound: place("sound"))
        #expect(try Self.numbers(scratch.path("video")) == expected)
    }

    @Test("A picture that is due late by less than a frame is the film's first; by more, its time is kept or filled")
    func lateBeginnings() throws {
        let scratch = try Scratch()
        for (late, begins, held, length) in [("0.010", 0.0, 2, 25), ("0.500", 0.5, 14, 38)] {
            _ = try Self.steady(scratch, "pictures.mkv", "25", frames: 25)
            try Tool.ffmpeg(
                "-itsoffset", late, "-i", scratch.path("pictures.mkv"), "-f", "lavfi", "-i", "sine=d=1.5:r=48000",
                "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_s16le", scratch.path("a.mkv"))
            let target = try MediaTarget(video: Self.small, audio: AudioTarget(codec: .aac))
            let (input, output) = (scratch.path("a.mkv"), scratch.path("out.mp4"))
            let doubled = PictureChange(frameRate: try FrameRate(50))
            try Transcode(input: input, target: target, change: doubled).render(to: output)
            let first = try #require(try Tool.times(output).first)
            #expect(abs(first - begins) < 0.001, "\(late): \(first)")
            // One film after another has no place to be empty: the first picture is held, and the sound stays with it.
            let change = PictureChange(frameRate: try FrameRate(25))
            try Concat(inputs: [input, input], target: target, change: change).render(to: output)
            let expected = Array((Array(repeating: 0, count: held) + Array(1..<25)).prefix(length))
            #expect(try Self.numbers(output) == expected + expected, "\(late)")
        }
    }

    @Test("A part begins with what is due, at a rate of its own") func parts() throws {
        let scratch = try Scratch()
        let kept = (0..<120).filter { $0 % 10 < 5 }
        try NumberedSource.make(
            scratch.path("a.mp4"), frames: kept.count, rate: "50", size: "32x32", blue: 128,
            more: ["-filter:v", "select='lt(mod(n,10),5)'", "-vsync", "vfr"])
        // At 0.75 s the frame that began at 0.68 s is seen, and at the end the one that began at 0.88 s.
        let work = Transcode(
            input: scratch.path("a.mp4"), target: try MediaTarget(video: Self.small, audio: nil),
            change: PictureChange(frameRate: try FrameRate(25)),
            range: ClipRange(from: .seconds(0.75), to: .seconds(1)))
        try work.render(to: scratch.path("out.mp4"))
        #expect(try Self.numbers(scratch.path("out.mp4")) == [34, 34, 41, 43, 44, 44])
    }

    @Test("Pictures that change their size on the way are one film, without a frame too many or too few")
    func changingSizes() throws {
        let scratch = try Scratch()
        for (name, size, late) in [("a.ts", "32x32", "0"), ("b.ts", "64x64", "1.08")] {
            try NumberedSource.make(
                scratch.path(name), frames: 25, rate: "25", size: size, blue: 128,
                more: ["-output_ts_offset", late, "-muxdelay", "0", "-muxpreload", "0"])
        }
        try scratch.write("c.ts", try scratch.bytes("a.ts") + scratch.bytes("b.ts"))
        let expected = (0..<2).flatMap { _ in (0..<25).flatMap { [$0, $0] } }
        let target = try MediaTarget(video: Self.small, audio: nil)
        let change = PictureChange(width: 32, height: 32, frameRate: try FrameRate(50))
        try Transcode(input: scratch.path("c.ts"), target: target, change: change).render(to: scratch.path("out.mp4"))
        #expect(try Self.numbers(scratch.path("out.mp4")) == expected)
        func place(_ name: String) -> Ladder.Rendition {
            Ladder.Rendition(
                media: scratch.path(name), playlist: scratch.path("\(name)-list"), mediaAddress: name,
                playlistAddress: "\(name)-list")
        }
        try Ladder(input: scratch.path("c.ts"), quality: .high).render(
            to: scratch.path("list"), videos: [place("video")], sound: place("sound"))
        #expect(try Self.numbers(scratch.path("video")).count == 50)
    }

    @Test("Exact over days: a frame of the film never shows what is due after its beginning")
    func longFilms() throws {
        for (from, to) in [("24000/1001", "25"), ("25", "24000/1001"), ("30000/1001", "24"), ("60", "24")] {
            let (source, film) = (try FrameRate(parsing: from), try FrameRate(parsing: to))
            for number in stride(from: 0, to: 5_184_000, by: 997) {
                let frame = Int(film.frame(notBefore: Int128(number), in: source.frameDuration))
                // When they begin, in the common unit of both.
                let due = number * source.denominator * film.numerator
                let begins = frame * film.denominator * source.numerator
                #expect(begins >= due && begins - due < film.denominator * source.numerator)
            }
        }
    }
}
