import StudioMedia
import Testing

/// What a probe tells beyond codecs and sizes, held against files of the `ffmpeg` program.
@Suite struct ProbeDetailTests {
    @Test(arguments: [
        ("30000/1001", 30, "1001/1000"), ("24000/1001", 1, "1001/24000"), ("25", 10, "2/5"),
    ])
    func timesAreExact(rate: String, frames: Int, duration: String) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=\(rate)", "-frames:v", String(frames),
            scratch.path("a.mov"))
        let probe = try MediaProbe.read(path: scratch.path("a.mov"))
        #expect((probe.duration, probe.video?.frameCount) == (duration, frames))
        if frames > 1 { #expect(probe.video?.steadyFrameRate == (rate == "25" ? "25/1" : rate)) }
        #expect(probe.mismatch == nil)
    }

    @Test func variableRatesAreToldApart() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=1", "-vf",
            "setpts='if(lt(N,10),N,N*1.7)/25/TB'", "-vsync",
            "vfr", scratch.path("v.mp4"))
        let video = try #require(try MediaProbe.read(path: scratch.path("v.mp4")).video)
        #expect(video.steadyFrameRate == nil && video.frameCount == 25)
    }

    @Test func lightTimecodeAndChaptersAreTold() throws {
        let scratch = try Scratch()
        let display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
        let chapters = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n"
        try scratch.write("words.txt", Array(chapters.utf8))
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=30000/1001:d=0.5", "-i", scratch.path("words.txt"),
            "-f", "lavfi",
            "-i", "sine=d=0.5", "-map", "0", "-map", "2", "-map_metadata", "1", "-timecode",
            "00:59:58;02", "-c:v",
            "libx265", "-x265-params", "log-level=error:master-display=\(display):max-cll=1000,400",
            "-pix_fmt",
            "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace",
            "bt2020nc", "-c:a",
            "flac", "-metadata:s:a", "language=fra", scratch.path("a.mkv"))
        let probe = try MediaProbe.read(path: scratch.path("a.mkv"))
        let video = try #require(probe.video)
        #expect((video.profile, video.bitDepth, video.hasAlpha) == ("Main 10", 10, false))
        #expect(
            video.masteringDisplay?.red == [0.68, 0.32]
                && video.masteringDisplay?.white == [0.3127, 0.329])
        #expect(
            (video.masteringDisplay?.minLuminance, video.masteringDisplay?.maxLuminance) == (0.005, 1000))
        #expect((video.contentLight?.max, video.contentLight?.frameAverage) == (1000, 400))
        #expect(probe.timecode == "00:59:58;02")
        #expect(probe.chapters?.map(\.title) == ["One"] && probe.chapters?.first?.endSeconds == 0.5)
        #expect((probe.audio?.language, probe.audio?.bitDepth) == ("fra", 16))
        #expect(
            try MediaProbe.read(path: scratch.path("a.mkv"), depth: .header).timecode == "00:59:58;02")
    }

    @Test func fieldsAndTransparencyAreTold() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=50:d=0.4", "-vf", "interlace=scan=tff", "-flags",
            "+ildct+ilme",
            "-c:v", "mpeg2video", scratch.path("a.mpg"))
        #expect(try MediaProbe.read(path: scratch.path("a.mpg")).video?.fieldOrder == "tt")
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=0.2,format=yuva420p", "-c:v", "libvpx-vp9",
            "-deadline",
            "realtime", scratch.path("a.webm"))
        #expect(try MediaProbe.read(path: scratch.path("a.webm")).video?.hasAlpha == true)
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=0.1", "-c:a", "pcm_s24le", scratch.path("a.wav"))
        #expect(try MediaProbe.read(path: scratch.path("a.wav")).audio?.bitDepth == 24)
    }

    @Test(arguments: [
        ("a.png", "a.mp4", "png_pipe"), ("a.mkv", "a.mov", "matroska,webm"), ("a.wav", "a.jpg", "wav"),
        ("a.mov", "a.mp4", nil), ("a.mkv", "a.webm", nil), ("a.png", "picture", nil),
        ("a.mkv", "a.take", nil),
    ])
    func aNameThatLiesIsToldByTheContent(made: String, named: String, mismatch: String?) throws {
        let scratch = try Scratch()
        let source = made == "a.wav" ? "sine=d=0.1" : "testsrc2=s=64x64:r=25:d=0.04"
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", source] + (made == "a.png" ? ["-update", "1"] : []) + [
                scratch.path(made)
            ])
        try Tool.run("mv", [scratch.path(made), scratch.path(named)])
        #expect(try MediaProbe.read(path: scratch.path(named)).mismatch == mismatch)
    }
}
