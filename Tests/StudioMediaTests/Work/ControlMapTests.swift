import StudioCore
import StudioMedia
import Testing

@Suite struct ControlMapTests {
    /// Grey with a bright square in the middle; odd sides.
    private static let square =
        "color=0x303030:s=97x65:r=24:d=0.25,format=gbrp,drawbox=x=32:y=16:w=32:h=32:c=0xD0D0D0:t=fill"

    private static func brightness(_ pixels: [UInt8], _ x: Int, _ y: Int) -> Int { Int(pixels[3 * (y * 97 + x)]) }

    /// The brightest within two pixels: an edge may lie to either side.
    private static func edge(_ pixels: [UInt8], _ x: Int, _ y: Int) -> Int {
        (-2...2).map { brightness(pixels, x + $0, y) }.max() ?? 0
    }

    @Test(arguments: ControlMap.Kind.allCases, [false, true]) func aMapShowsItsKind(
        kind: ControlMap.Kind, isPicture: Bool
    ) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", Self.square, "-c:v", "ffv1", scratch.path("film.mkv"))
        for isInverted in [false, true] {
            let output = scratch.path(isPicture ? "m.png" : "m.mp4")
            try ControlMap(
                input: scratch.path("film.mkv"), kind: kind, isInverted: isInverted, isPicture: isPicture,
                quality: .high
            ).render(to: output)
            let video = try #require(try Tool.ffprobe(output).video)
            #expect((video.width, video.height) == (97, 65), "of the source's size, odd sides too")
            #expect(video.nb_read_frames == (isPicture ? "1" : "6"))
            var pixels = Array(try Tool.pixels(output, width: 97, height: 65).prefix(97 * 65 * 3))
            if isInverted { pixels = pixels.map { 255 - $0 } }
            #expect(abs(Int(pixels[0]) - Int(pixels[1])) <= 2, "grey")
            let (inside, outside) = (Self.brightness(pixels, 48, 32), Self.brightness(pixels, 8, 32))
            if kind == .lumaDepth {
                #expect(abs(inside - 0xD0) < 8 && abs(outside - 0x30) < 8)
            } else {
                #expect(inside < 12 && outside < 12 && Self.edge(pixels, 32, 32) > 200)
            }
        }
    }

    @Test func timesAndTurningStay() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=24:d=1", "-vf", "select='not(mod(n,5))+lt(n,4)'", "-vsync", "vfr",
            scratch.path("plain.mp4"))
        try Tool.ffmpeg(
            "-i", scratch.path("plain.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", scratch.path("v.mp4"))
        try ControlMap(input: scratch.path("v.mp4")).render(to: scratch.path("m.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("m.mp4")).video)
        #expect((video.width, video.height) == (64, 96))
        let (before, after) = (try Tool.times(scratch.path("v.mp4")), try Tool.times(scratch.path("m.mp4")))
        #expect(before.count == after.count)
        #expect(zip(before, after).allSatisfy { abs($0 - $1) < 0.001 })
    }

    @Test func thresholdsThatMakeNoSenseAreRefused() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", Self.square, scratch.path("film.mkv"))
        let error = try #require(throws: MediaError.self) {
            try ControlMap(input: scratch.path("film.mkv"), low: 0.5, high: 0.2).render(to: scratch.path("m.mp4"))
        }
        #expect(error.code == .parametersInvalid)
        #expect(try scratch.names == ["film.mkv"])
    }
}
