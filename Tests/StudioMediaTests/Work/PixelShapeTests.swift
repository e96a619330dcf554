import StudioCore
import StudioMedia
import Testing

/// Pixels that are not square.
@Suite struct PixelShapeTests {
    /// QuickTime says the shape beside ProRes, which has none of its own.
    @Test(arguments: [("a.mov", ["-c:v", "prores_ks"]), ("a.mp4", ["-c:v", "libx264"]), ("a.mkv", ["-c:v", "ffv1"])])
    func theirShapeIsKept(name: String, codec: [String]) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=24:d=0.25,setsar=16/11"] + codec + [scratch.path(name)])
        #expect(try MediaProbe.read(path: scratch.path(name)).video?.pixelAspect == "16/11")
        try Transcode(input: scratch.path(name)).render(to: scratch.path("out.mp4"))
        #expect(try Tool.ffprobe(scratch.path("out.mp4")).video?.sample_aspect_ratio == "16:11")
        // In a size of its own it has square pixels, and the same proportions.
        try Transcode(input: scratch.path(name), height: 32).render(to: scratch.path("small.mp4"))
        let small = try #require(try Tool.ffprobe(scratch.path("small.mp4")).video)
        #expect((small.width, small.height, small.sample_aspect_ratio) == (70, 32, "1:1"))
    }
}
