import StudioCore
import StudioMedia
import Testing

@Suite struct TrimTests {
    private static func range(_ from: ClipPoint?, _ to: ClipPoint?) -> ClipRange { ClipRange(from: from, to: to) }

    /// One key frame only, reordered frames: every cut falls into the middle of a group.
    @Test(
        arguments: [
            ("a.mp4", ClipPoint.frame(7), ClipPoint.frame(20), 7..<20), ("a.mkv", .seconds(0.3), .seconds(1), 8..<25),
            ("a.mov", .timecode("01:00:00:10"), .timecode("01:00:01:05"), 10..<30), ("a.mp4", .frame(49), nil, 49..<50),
            ("a.mp4", nil, .frame(1), 0..<1), ("a.mkv", .frame(30), .frame(900), 30..<50),
            ("a.ts", .frame(12), .frame(40), 12..<40),
        ] as [(String, ClipPoint?, ClipPoint?, Range<Int>)])
    func aTrimIsExactToTheFrame(name: String, from: ClipPoint?, to: ClipPoint?, frames: Range<Int>) throws {
        let scratch = try Scratch()
        let timecode = name == "a.ts" ? [] : ["-timecode", "01:00:00:00"]
        try NumberedFilm.make(
            scratch.path(name), ["-c:v", "libx264", "-g", "250", "-bf", "3", "-crf", "5"] + timecode)
        let outcome = try Transcode(
            input: scratch.path(name), target: .browser(.high), range: Self.range(from, to)
        ).render(to: scratch.path("out.mp4"))
        #expect(try NumberedFilm.numbers(scratch.path("out.mp4")) == Array(frames))
        #expect(outcome.frames == frames.count)
        let times = try Tool.times(scratch.path("out.mp4"))
        #expect(times.enumerated().allSatisfy { abs($0.element - Double($0.offset) / 25) < 0.000_1 })
        guard name != "a.ts" else { return }
        let start = try #require(try MediaProbe.read(path: scratch.path("out.mp4")).timecode)
        #expect(
            start
                == "01:00:0\(frames.lowerBound / 25):\(frames.lowerBound % 25 < 10 ? "0" : "")\(frames.lowerBound % 25)"
        )
    }

    @Test func soundIsCutAtTheSameMoment() throws {
        let scratch = try Scratch()
        // Silence, and a tone from exactly one second on.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2", "-f", "lavfi", "-i",
            "aevalsrc='if(gte(t,1),0.5*sin(2*PI*1000*t),0)':s=48000:d=2", "-c:v", "libx264", "-c:a", "flac",
            scratch.path("a.mkv"))
        let target = try MediaTarget(
            container: .mov, video: VideoTarget(quality: .low), audio: AudioTarget(codec: .pcm16))
        try Transcode(
            input: scratch.path("a.mkv"), target: target, range: ClipRange(from: .frame(20), to: .frame(40))
        ).render(to: scratch.path("out.mov"))
        let samples = try NumberedFilm.samples(scratch.path("out.mov"))
        #expect(samples.count == 20 * 1920, "as long as its pictures, to the sample")
        let tone = try #require(samples.firstIndex { abs(Int($0)) > 500 })
        #expect(abs(tone - 5 * 1920) <= 2, "\(tone)")
    }

    @Test func placesThatCannotBeAreRefused() throws {
        let scratch = try Scratch()
        try NumberedFilm.make(scratch.path("a.mp4"), frames: 10, ["-timecode", "01:00:00:00"])
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1", "-vf", "setpts='if(lt(N,10),N,N*1.7)/25/TB'", "-vsync",
            "vfr", scratch.path("v.mp4"))
        for (name, from, to, words) in [
            ("a.mp4", .frame(5), .frame(5), "ends before"), ("a.mp4", .frame(10), nil, "behind"),
            ("a.mp4", .timecode("00:59:59:24"), nil, "before the start"), ("a.mp4", .timecode("soon"), nil, "timecode"),
            ("a.mp4", .seconds(-1), nil, "not possible"), ("v.mp4", .frame(3), nil, "same duration"),
        ] as [(String, ClipPoint?, ClipPoint?, String)] {
            for isCopy in [false, true] {
                let error = try #require(throws: MediaError.self) {
                    if isCopy {
                        try TrimCopy(input: scratch.path(name), range: Self.range(from, to)).render(
                            to: scratch.path("out.mp4"))
                    } else {
                        try Transcode(
                            input: scratch.path(name), target: .browser(), range: Self.range(from, to)
                        ).render(to: scratch.path("out.mp4"))
                    }
                }
                #expect(error.code == .parametersInvalid && error.message.contains(words), "\(error.message)")
            }
        }
        #expect(try scratch.names == ["a.mp4", "v.mp4"])
    }

    @Test(arguments: ["a.mp4", "a.mkv"]) func aCopyIsCutAtKeyFrames(name: String) throws {
        let scratch = try Scratch()
        try NumberedFilm.make(
            scratch.path(name),
            ["-c:v", "libx264", "-g", "10", "-bf", "2", "-sc_threshold", "0", "-crf", "10", "-timecode", "01:00:00:00"])
        let outcome = try TrimCopy(
            input: scratch.path(name), range: ClipRange(from: .frame(14), to: .frame(31))
        ).render(to: scratch.path("out.mp4"))
        #expect((outcome.frames, outcome.fromSeconds) == (30, 0.4))
        #expect(outcome.toSeconds == 1.6)
        #expect(try NumberedFilm.numbers(scratch.path("out.mp4")) == Array(10..<40))
        let whole = try Tool.frameHashes(scratch.path(name))
        #expect(try Tool.frameHashes(scratch.path("out.mp4")) == Array(whole[10..<40]))
        #expect(try MediaProbe.read(path: scratch.path("out.mp4")).timecode == "01:00:00:10")
        let error = try #require(throws: MediaError.self) {
            try TrimCopy(input: scratch.path(name), range: ClipRange(), container: .webm).render(
                to: scratch.path("out.webm"))
        }
        #expect(error.message.contains("H.264") && error.message.contains("WebM"))
    }

    @Test func aProxyIsSmallAndHasTheSameFramesAndTimecode() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30000/1001:d=1", "-f", "lavfi", "-i",
            "sine=d=1,pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0", "-c:v", "prores_ks", "-c:a", "pcm_s24le",
            "-timecode", "00:59:58;02", scratch.path("a.mov"))
        for (container, codec) in [(ContainerKind.mp4, "h264"), (.mov, "prores")] {
            let output = scratch.path("out.\(container.rawValue)")
            try Proxy(input: scratch.path("a.mov"), container: container, maxHeight: 90).render(to: output)
            let probe = try MediaProbe.read(path: output)
            let video = try #require(probe.video)
            #expect((video.codec, video.width, video.height) == (codec, 160, 90))
            #expect((video.frameCount, video.steadyFrameRate) == (30, "30000/1001"))
            #expect((probe.timecode, probe.audio?.channels) == ("00:59:58;02", 2))
        }
        try Proxy(input: scratch.path("a.mov")).render(to: scratch.path("same.mp4"))
        #expect(try MediaProbe.read(path: scratch.path("same.mp4")).video?.height == 180, "never enlarged")
    }
}
