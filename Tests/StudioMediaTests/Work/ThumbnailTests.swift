import StudioMedia
import Testing

@Suite struct ThumbnailTests {
    @Test func sizesKeepProportionsAndNeverGrow() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=2", scratch.path("v.mkv"))
        try MockImage(prompt: "sea", seed: 1, width: 200, height: 100).render(to: scratch.path("i.png"))
        for (input, wide, high, size) in [
            ("v.mkv", 320, 320, [320, 180]), ("v.mkv", 1000, 90, [160, 90]), ("v.mkv", 4000, 4000, [640, 360]),
            ("i.png", 320, 320, [200, 100]), ("i.png", 100, 320, [100, 50]),
        ] {
            try Thumbnail(input: scratch.path(input), maxWidth: wide, maxHeight: high).render(to: scratch.path("t.jpg"))
            let judged = try #require(try Tool.ffprobe(scratch.path("t.jpg")).video)
            #expect(judged.codec_name == "mjpeg")
            #expect([judged.width, judged.height] == size)
        }
    }

    @Test func theMomentIsMet() throws {
        let scratch = try Scratch()
        // Red for two seconds, then blue for eight; one key frame only.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=red:s=64x64:r=25:d=2", "-f", "lavfi", "-i", "color=blue:s=64x64:r=25:d=8",
            "-filter_complex", "[0][1]concat", "-g", "1000", scratch.path("v.mp4"))
        for (second, isRed) in [(nil, true), (1.9, true), (2.1, false), (9, false), (1e6, false)] as [(Double?, Bool)] {
            try Thumbnail(input: scratch.path("v.mp4"), second: second).render(to: scratch.path("t.jpg"))
            let pixel = try Tool.pixels(scratch.path("t.jpg"), width: 1, height: 1)
            #expect((pixel[0] > 200, pixel[2] > 200) == (isRed, !isRed), "\(String(describing: second)): \(pixel)")
        }
    }

    @Test func itStandsUpright() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1", scratch.path("v.mp4"))
        try Tool.ffmpeg("-i", scratch.path("v.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", scratch.path("r.mp4"))
        try Thumbnail(input: scratch.path("r.mp4"), maxWidth: 90, maxHeight: 500).render(to: scratch.path("t.jpg"))
        let judged = try #require(try Tool.ffprobe(scratch.path("t.jpg")).video)
        #expect((judged.width, judged.height) == (90, 160))
    }

    @Test func soundHasNone() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=1", scratch.path("a.wav"))
        let error = try #require(throws: MediaError.self) {
            try Thumbnail(input: scratch.path("a.wav")).render(to: scratch.path("t.jpg"))
        }
        #expect(error.code == .unsupported)
        #expect(try scratch.names == ["a.wav"])
    }
}
