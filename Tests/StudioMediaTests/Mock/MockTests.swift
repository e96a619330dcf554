import StudioCore
import StudioMedia
import Testing

@Suite struct MockPictureTests {
    @Test func theSameParametersGiveTheSameBytes() throws {
        let first = try MockPicture(prompt: "a red fox", seed: 7, width: 160, height: 90).rgb(atMicroseconds: 500_000)
        let second = try MockPicture(prompt: "a red fox", seed: 7, width: 160, height: 90).rgb(atMicroseconds: 500_000)
        #expect(first == second)
    }

    /// Holds the painter to one result on every machine and in every release: FNV-1a of a frame.
    @Test func aKnownPictureKeepsItsBytes() throws {
        let bytes = try MockPicture(prompt: "Ocean waves at dusk", seed: 42, width: 64, height: 36).rgb(
            atMicroseconds: 1_234_567)
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        #expect(hash == 11_737_747_676_106_940_015)
    }

    @Test func promptsSeedsAndMomentsDifferVisibly() throws {
        let prompts = ["a red fox", "a red fax", "city at night", "", "海", "ocean waves", "forest", "ocean wave"]
        var pictures: [[UInt8]] = []
        for prompt in prompts {
            for seed in [0, 1] as [UInt64] {
                pictures.append(
                    try MockPicture(prompt: prompt, seed: seed, width: 96, height: 54).rgb(atMicroseconds: 0))
            }
        }
        for first in pictures.indices {
            for second in pictures.indices where first < second {
                #expect(difference(pictures[first], pictures[second]) > 8, "\(first) and \(second)")
            }
        }
        let picture = try MockPicture(prompt: "a red fox", seed: 1, width: 96, height: 54)
        let (start, later) = (picture.rgb(atMicroseconds: 0), picture.rgb(atMicroseconds: 1_000_000))
        #expect(difference(start, later) > 4)
        let next = picture.rgb(atMicroseconds: 41_667)
        #expect(difference(start, next) < difference(start, later), "it moves, it does not flicker")
    }

    @Test(arguments: [(15, 90), (160, 0), (-4, 90), (16_385, 16), (16_384, 8192), (.max, .max)])
    func impossibleSizesAreRefused(width: Int, height: Int) throws {
        let error = try #require(throws: MediaError.self) {
            try MockPicture(prompt: "", seed: 0, width: width, height: height)
        }
        #expect(error.code == .parametersInvalid)
    }
}

@Suite struct MockImageTests {
    @Test func itIsATaggedPictureOfTheGivenSizeAndTheSameTwice() throws {
        let scratch = try Scratch()
        let image = MockImage(prompt: "a red fox", seed: 3, width: 131, height: 77)
        try image.render(to: scratch.path("a.png"))
        try image.render(to: scratch.path("b.png"))
        let bytes = try scratch.bytes("a.png")
        #expect(bytes == (try scratch.bytes("b.png")))
        #expect(bytes.contains(Array("sRGB".utf8)))
        let judged = try #require(try Tool.ffprobe(scratch.path("a.png")).video)
        #expect((judged.codec_name, judged.width, judged.height) == ("png", 131, 77))
        let picture = try MockPicture(prompt: "a red fox", seed: 3, width: 131, height: 77)
        #expect(try Tool.pixels(scratch.path("a.png"), width: 131, height: 77) == picture.rgb(atMicroseconds: 0))
    }

    @Test func tiersTradeTimeForBytesOnly() throws {
        let scratch = try Scratch()
        var sizes: [Int] = []
        var pixels: [[UInt8]] = []
        for tier in QualityTier.allCases {
            try MockImage(prompt: "sea", seed: 3, width: 320, height: 180, quality: tier).render(
                to: scratch.path("a.png"))
            sizes.append(try scratch.bytes("a.png").count)
            pixels.append(try Tool.pixels(scratch.path("a.png"), width: 320, height: 180))
        }
        #expect(sizes[0] > sizes[1] && sizes[1] >= sizes[2], "\(sizes)")
        #expect(pixels[0] == pixels[1] && pixels[1] == pixels[2])
    }
}

@Suite struct MockVideoTests {
    @Test(arguments: [
        ("24/1", 24, 24, 1), ("25/1", 30, 25, 1), ("30000/1001", 61, 30_000, 1001), ("24000/1001", 7, 24_000, 1001),
    ])
    func framesTimesAndTagsAreExact(rate: String, frames: Int, top: Int, bottom: Int) throws {
        let scratch = try Scratch()
        try MockVideo(
            prompt: "sea", seed: 1, width: 160, height: 90, frameRate: try FrameRate(top, bottom), frames: frames
        ).render(to: scratch.path("v.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("v.mp4")).video)
        #expect((video.codec_name, video.width, video.height, video.pix_fmt) == ("h264", 160, 90, "yuv420p"))
        #expect((video.avg_frame_rate, video.r_frame_rate, video.nb_read_frames) == (rate, rate, String(frames)))
        #expect((video.color_primaries, video.color_transfer, video.color_space) == ("bt709", "bt709", "bt709"))
        #expect(video.color_range == "tv")
        #expect(video.sample_aspect_ratio == "1:1")
        let times = try Tool.times(scratch.path("v.mp4"))
        #expect(times.count == frames)
        for (index, time) in times.enumerated() {
            #expect(abs(time - Double(index * bottom) / Double(top)) < 0.000_002, "frame \(index)")
        }
        let duration = try #require(Double(video.duration ?? ""))
        #expect(abs(duration - Double(frames * bottom) / Double(top)) < 0.000_002)
        let probe = try MediaProbe.read(path: scratch.path("v.mp4"))
        #expect(probe.video?.frameRate == rate)
        #expect(probe.video?.frameCount == frames)
    }

    @Test func everyNthFrameIsThePreviewsAndLastsNTimesAsLong() throws {
        let scratch = try Scratch()
        var video = MockVideo(
            prompt: "sea", seed: 1, width: 160, height: 90, frameRate: try FrameRate(24), frames: 21, quality: .high)
        try video.render(to: scratch.path("whole.mp4"))
        video.step = 8
        try video.render(to: scratch.path("preview.mp4"))
        let probe = try MediaProbe.read(path: scratch.path("preview.mp4"))
        #expect(probe.video?.frameRate == "3/1" && probe.video?.frameCount == 3)
        #expect(try Tool.times(scratch.path("preview.mp4")).map { ($0 * 3).rounded() } == [0, 1, 2])
        // The ninth frame of the whole is the second of the preview.
        let painted = try MockPicture(prompt: "sea", seed: 1, width: 160, height: 90).rgb(atMicroseconds: 333_333)
        let frames = try Tool.pixels(scratch.path("preview.mp4"), width: 160, height: 90)
        #expect(difference(painted, Array(frames.dropFirst(frames.count / 3).prefix(frames.count / 3))) < 4)
    }

    @Test func theSameParametersGiveTheSameBytesAndOthersDiffer() throws {
        let scratch = try Scratch()
        var video = MockVideo(prompt: "sea", seed: 1, width: 320, height: 180, frames: 50)
        try video.render(to: scratch.path("a.mp4"))
        try video.render(to: scratch.path("b.mp4"))
        #expect(try scratch.bytes("a.mp4") == scratch.bytes("b.mp4"))
        video.prompt = "forest"
        try video.render(to: scratch.path("c.mp4"))
        let first = try Tool.pixels(scratch.path("a.mp4"), width: 80, height: 45)
        let other = try Tool.pixels(scratch.path("c.mp4"), width: 80, height: 45)
        #expect(difference(first, other) > 8)
    }

    @Test func theIndexIsInFront() throws {
        let scratch = try Scratch()
        try MockVideo(prompt: "sea", seed: 1, width: 64, height: 64, frames: 5).render(to: scratch.path("a.mp4"))
        let bytes = try scratch.bytes("a.mp4")
        let index = try #require(bytes.firstRange(of: Array("moov".utf8)))
        let media = try #require(bytes.firstRange(of: Array("mdat".utf8)))
        #expect(index.lowerBound < media.lowerBound)
    }

    @Test func colourSurvivesTheWayThroughVideo() throws {
        let scratch = try Scratch()
        let video = MockVideo(prompt: "sea", seed: 5, width: 320, height: 180, frames: 1, quality: .high)
        try video.render(to: scratch.path("a.mp4"))
        let painted = try MockPicture(prompt: "sea", seed: 5, width: 320, height: 180).rgb(atMicroseconds: 0)
        let shown = try Tool.pixels(scratch.path("a.mp4"), width: 320, height: 180)
        #expect(difference(painted, shown) < 4, "the planes are the same picture as the RGB, in the tagged matrix")
    }

    @Test func tiersDifferInSizeAndInTruth() throws {
        let scratch = try Scratch()
        let picture = try MockPicture(prompt: "sea", seed: 9, width: 320, height: 180)
        let truth = (0..<24).flatMap { picture.rgb(atMicroseconds: Int64($0) * 1_000_000 / 24) }
        var sizes: [Int] = []
        var truths: [Double] = []
        for tier in QualityTier.allCases {
            try MockVideo(prompt: "sea", seed: 9, width: 320, height: 180, frames: 24, quality: tier)
                .render(to: scratch.path("a.mp4"))
            sizes.append(try scratch.bytes("a.mp4").count)
            truths.append(peakSignalToNoise(truth, try Tool.pixels(scratch.path("a.mp4"), width: 320, height: 180)))
        }
        #expect(sizes[0] * 5 < sizes[1] * 4 && sizes[1] * 5 < sizes[2] * 4, "\(sizes)")
        #expect(truths[0] + 0.5 < truths[1] && truths[1] + 0.2 < truths[2], "\(truths)")
    }

    @Test func oddSidesAreRoundedDown() throws {
        let scratch = try Scratch()
        try MockVideo(prompt: "sea", seed: 1, width: 101, height: 67, frames: 3).render(to: scratch.path("a.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("a.mp4")).video)
        #expect((video.width, video.height) == (100, 66))
    }

    @Test(arguments: [(0, 64), (-1, 64), (1_000_001, 64), (5, 8194), (5, 3), (5, Int.max)])
    func impossibleParametersLeaveNothing(frames: Int, width: Int) throws {
        let scratch = try Scratch()
        let error = try #require(throws: MediaError.self) {
            try MockVideo(prompt: "", seed: 1, width: width, height: 64, frames: frames).render(
                to: scratch.path("a.mp4"))
        }
        #expect(error.code == .parametersInvalid)
        #expect(try scratch.names.isEmpty)
    }
}

@Suite struct FrameRateTests {
    @Test(arguments: [
        ("24", "24/1"), ("23.976", "24000/1001"), ("29.97", "30000/1001"), ("48/2", "24/1"), ("12.5", "25/2"),
    ])
    func ratesAreReadExactly(text: String, exact: String) throws {
        #expect(try FrameRate(parsing: text).description == exact)
    }

    @Test(arguments: [
        "0", "-24", "24/0", "1/0", "", "fast", "24/1/1", "1e9", "nan", "inf", "9223372036854775807/1", "1/100000",
    ])
    func othersAreRefused(text: String) throws {
        let error = try #require(throws: MediaError.self) { try FrameRate(parsing: text) }
        #expect(error.code == .parametersInvalid)
    }

    @Test func secondsBecomeFrames() throws {
        #expect(try FrameRate(24).frames(inSeconds: 2.5) == 60)
        #expect(try FrameRate(30_000, 1001).frames(inSeconds: 10) == 300)
        #expect(try FrameRate(24).frames(inSeconds: .nan) == 1)
    }
}
