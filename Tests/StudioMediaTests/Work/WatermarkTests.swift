import StudioCore
import StudioMedia
import Testing

/// A picture burnt into films: where it stands, how much it covers, and what it leaves alone.
@Suite struct WatermarkTests {
    private static let size = (width: 320, height: 180)
    /// The number of the pixel in the middle.
    private static let middle = 90 * 320 + 160

    /// A film of one colour.
    private static func film(_ scratch: Scratch, _ name: String = "film.mov", _ more: String...) throws -> String {
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", "color=0x404040:s=320x180:r=24:d=0.25"] + more + [scratch.path(name)])
        return scratch.path(name)
    }

    /// A picture of one colour, straight alpha.
    private static func logo(_ scratch: Scratch, _ colour: String, size: String = "64x32") throws -> String {
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=\(colour):s=\(size),format=rgba", "-frames:v", "1", scratch.path("logo.png"))
        return scratch.path("logo.png")
    }

    /// Burns a picture in, into ProRes 4444, and returns the frames in RGB.
    @discardableResult
    private static func burn(
        _ picture: BurnIn.Picture, into film: String, _ scratch: Scratch, change: PictureChange = PictureChange(),
        width: Int = size.width, height: Int = size.height
    ) throws -> [[UInt8]] {
        var change = change
        change.burnIn = BurnIn(lines: [], picture: picture)
        let target = try MediaTarget(
            container: .mov, video: VideoTarget(codec: .prores, profile: .p4444), audio: nil)
        try Transcode(input: film, target: target, change: change, keepsAlpha: true)
            .render(to: scratch.path("made.mov"))
        let pixels = try Tool.pixels(scratch.path("made.mov"), width: width, height: height)
        let count = 3 * width * height
        return stride(from: 0, to: pixels.count, by: count).map { Array(pixels[$0..<min($0 + count, pixels.count)]) }
    }

    /// The columns and rows in which a picture of the film's size is brighter than its grey.
    private static func box(_ frame: [UInt8], width: Int = size.width) -> [ClosedRange<Int>] {
        var (columns, rows) = (Set<Int>(), Set<Int>())
        for place in stride(from: 0, to: frame.count, by: 3) where frame[place] > 150 {
            columns.insert(place / 3 % width)
            rows.insert(place / 3 / width)
        }
        return [columns, rows].map { ($0.min() ?? 0)...($0.max() ?? 0) }
    }

    @Test(
        arguments: [
            (.topLeft, 16...79, 16...47), (.top, 128...191, 16...47), (.topRight, 240...303, 16...47),
            (.centre, 128...191, 74...105), (.bottomLeft, 16...79, 132...163), (.bottom, 128...191, 132...163),
            (.bottomRight, 240...303, 132...163),
        ] as [(BurnIn.Place, ClosedRange<Int>, ClosedRange<Int>)])
    func itStandsWhereItIsPut(place: BurnIn.Place, columns: ClosedRange<Int>, rows: ClosedRange<Int>) throws {
        let scratch = try Scratch()
        // A fifth of the width, a twentieth from the edges; the size it has is no matter.
        let picture = BurnIn.Picture(
            path: try Self.logo(scratch, "white", size: "20x10"), place: place, size: 0.2, margin: 0.05)
        let frames = try Self.burn(picture, into: try Self.film(scratch, "film.mov", "-c:v", "prores_ks"), scratch)
        #expect(frames.count == 6)
        for frame in frames { #expect(Self.box(frame) == [columns, rows]) }
    }

    @Test(arguments: [(0.137, 0.013, 44, 22, 4, 4), (1, 0, 320, 160, 0, 0), (0.5, 0.25, 40, 20, 80, 80)])
    func oddSizesAreExactAndLargeOnesFit(
        size: Double, margin: Double, width: Int, height: Int, x: Int, y: Int
    ) throws {
        let scratch = try Scratch()
        let picture = BurnIn.Picture(
            path: try Self.logo(scratch, "white", size: "33x17"), place: .topLeft, size: size, margin: margin)
        let frames = try Self.burn(picture, into: try Self.film(scratch, "film.mov", "-c:v", "prores_ks"), scratch)
        let box = Self.box(frames[0])
        #expect(box[0].lowerBound == x && box[1].lowerBound == y)
        #expect(abs(box[0].count - width) <= 1 && abs(Double(box[1].count) - Double(box[0].count) * 17 / 33) <= 1)
    }

    /// The judge is the `ffmpeg` program's own `overlay`, in planes that are not subsampled.
    @Test(arguments: [1, 0.4], [("bt709", "1"), ("bt470bg", "5")])
    func itLooksAsFfmpegsOverlay(opacity: Double, matrix: (name: String, number: String)) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "rgbtestsrc=s=321x181:r=24:d=0.25,scale=out_color_matrix=\(matrix.name):out_range=tv,format=yuv444p10",
            "-colorspace", matrix.name, "-color_range", "tv", "-c:v", "ffv1", scratch.path("film.mkv"))
        // Alpha from nothing to all, in colours.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "gradients=s=101x51:c0=red:c1=yellow:x0=0:y0=0:x1=100:y1=0:seed=1:n=2,format=rgba,"
                + "geq=r='r(X,Y)':g='g(X,Y)':b='255*Y/H':a='255*X/W'",
            "-frames:v", "1", scratch.path("logo.png"))
        let picture = BurnIn.Picture(
            path: scratch.path("logo.png"), place: .bottomRight, size: 101.0 / 320, margin: 7.0 / 320, opacity: opacity)
        try Self.burn(picture, into: scratch.path("film.mkv"), scratch)
        try Tool.ffmpeg(
            "-i", scratch.path("film.mkv"), "-i", scratch.path("logo.png"), "-filter_complex",
            "[0:v]crop=320:180:0:0,scale=in_color_matrix=\(matrix.name):in_range=tv,format=gbrp[a];"
                + "[1:v]colorchannelmixer=aa=\(opacity)[b];[a][b]overlay=x=W-w-7:y=H-h-7:format=gbrp",
            "-c:v", "ffv1", scratch.path("truth.mkv"))
        // Where it lies it is right to two levels: a wrong matrix or range is further off.
        let (mine, theirs) = (
            try Tool.pixels(scratch.path("made.mov"), width: 320, height: 180),
            try Tool.pixels(scratch.path("truth.mkv"), width: 320, height: 180)
        )
        #expect(peakSignalToNoise(mine, theirs) > 34)
        var off = 0.0
        for row in 124..<170 {
            let line = (row * 320 + 214) * 3..<(row * 320 + 312) * 3
            off += difference(Array(mine[line]), Array(theirs[line])) / 46
        }
        #expect(off < 2.5, "\(off)")
    }

    /// A kind of picture file, and how bright the middle grey in it becomes.
    struct Kind: Sendable, CustomTestStringConvertible {
        var name: String
        var options: [String]
        var grey = 128
        var testDescription: String { ([name] + options).joined(separator: " ") }
    }

    private static let kinds = [
        Kind(name: "a.png", options: ["-pix_fmt", "gray"]), Kind(name: "a.png", options: ["-pix_fmt", "ya8"]),
        Kind(name: "a.png", options: ["-pix_fmt", "rgb24"]), Kind(name: "a.png", options: ["-pix_fmt", "rgba64be"]),
        Kind(name: "a.png", options: ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"]),
        Kind(name: "a.jpg", options: ["-pix_fmt", "yuvj420p", "-q:v", "1"]),
        Kind(name: "a.tif", options: ["-pix_fmt", "rgb48le"]), Kind(name: "a.dpx", options: ["-pix_fmt", "gbrp10le"]),
        Kind(name: "a.webp", options: ["-lossless", "1", "-pix_fmt", "bgra"]),
        // A linear half is 180 of 255 by BT.709's curve.
        Kind(name: "a.exr", options: ["-pix_fmt", "gbrpf32le"], grey: 180),
        Kind(name: "a.exr", options: ["-pix_fmt", "gbrapf32le"], grey: 180),
    ]

    @Test(arguments: kinds) func everyKindOfPictureIsTaken(kind: Kind) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", "color=0x808080:s=64x32:d=0.1", "-frames:v", "1"] + kind.options
                + ["-update", "1", scratch.path(kind.name)])
        let picture = BurnIn.Picture(path: scratch.path(kind.name), place: .centre, size: 0.2)
        let frame = try Self.burn(picture, into: try Self.film(scratch, "film.mov", "-c:v", "prores_ks"), scratch)[0]
        let middle = frame.dropFirst(3 * Self.middle).prefix(3).map { Int($0) }
        #expect(middle.allSatisfy { abs($0 - kind.grey) < 4 }, "\(middle)")
        #expect(abs(Int(frame[0]) - 64) < 4)
    }

    @Test func whatIsTransparentLeavesNoColourAtItsEdges() throws {
        let scratch = try Scratch()
        let film = try Self.film(scratch, "film.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-qp", "0")
        // Green that nobody sees, but for a white square.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "color=0x00ff00@0:s=61x41,format=rgba,geq=r='if(between(X,20,39)*between(Y,10,29),255,0)':g=255:"
                + "b='if(between(X,20,39)*between(Y,10,29),255,0)':a='if(between(X,20,39)*between(Y,10,29),255,0)'",
            "-frames:v", "1", scratch.path("logo.png"))
        let target = try MediaTarget(video: VideoTarget(quality: .high, rate: .factor(2)), audio: nil)
        let picture = BurnIn.Picture(path: scratch.path("logo.png"), place: .centre, size: 0.31)
        try Transcode(input: film, target: target, change: PictureChange(burnIn: BurnIn(lines: [], picture: picture)))
            .render(to: scratch.path("made.mp4"))
        let pixels = try Tool.pixels(scratch.path("made.mp4"), width: 320, height: 180)
        var (green, white) = (0, 0)
        for place in stride(from: 0, to: pixels.count, by: 3) {
            green = max(green, Int(pixels[place + 1]) - Int(pixels[place]))
            white = max(white, Int(pixels[place]))
        }
        #expect(green < 12 && white > 245, "green by \(green), white to \(white)")
    }

    @Test func whatIsNotCoveredStaysToTheBit() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=320x180:r=24:d=0.25", "-pix_fmt", "yuv422p10le", "-c:v", "prores_ks",
            scratch.path("film.mov"))
        let target = try MediaTarget(container: .mov, video: VideoTarget(codec: .prores), audio: nil)
        try Transcode(input: scratch.path("film.mov"), target: target).render(to: scratch.path("plain.mov"))
        let picture = BurnIn.Picture(path: try Self.logo(scratch, "white"), place: .topLeft, size: 0.2, margin: 0.05)
        try Transcode(
            input: scratch.path("film.mov"), target: target,
            change: PictureChange(burnIn: BurnIn(lines: [], picture: picture))
        ).render(to: scratch.path("made.mov"))
        // ProRes codes slices of up to 128 columns and 16 rows by themselves: the last rows know nothing of the watermark.
        let lower = { (name: String) in
            try Tool.run(
                "ffmpeg",
                [
                    "-nostdin", "-v", "error", "-i", scratch.path(name), "-vf", "crop=320:96:0:80", "-f", "framemd5",
                    "-",
                ])
        }
        #expect(try lower("plain.mov") == lower("made.mov"))
        #expect(try Tool.frameHashes(scratch.path("plain.mov")) != Tool.frameHashes(scratch.path("made.mov")))
    }

    @Test func tenBitsAreKept() throws {
        let scratch = try Scratch()
        // Levels 256 to 575 of 1023, one for each column: eight bits have every fourth.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=black:s=320x180:r=24:d=0.25,format=yuv420p10,geq=lum='256+X':cb=512:cr=512",
            "-c:v", "ffv1", scratch.path("film.mkv"))
        let picture = BurnIn.Picture(
            path: try Self.logo(scratch, "white"), place: .centre, size: 1, margin: 0, opacity: 0.25)
        let target = try MediaTarget(container: .mkv, video: VideoTarget(codec: .hevc, rate: .factor(0)), audio: nil)
        try Transcode(
            input: scratch.path("film.mkv"), target: target,
            change: PictureChange(burnIn: BurnIn(lines: [], picture: picture)), keepsDepth: true
        ).render(to: scratch.path("made.mkv"))
        #expect(try Tool.ffprobe(scratch.path("made.mkv")).video?.pix_fmt == "yuv420p10le")
        try Tool.ffmpeg(
            "-i", scratch.path("made.mkv"), "-frames:v", "1", "-vf", "extractplanes=y,crop=320:1:0:90", "-f",
            "rawvideo",
            scratch.path("raw"))
        let bytes = try scratch.bytes("raw")
        let levels = stride(from: 0, to: bytes.count, by: 2).map { Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8 }
        // White is 940 of 1023.
        #expect(levels.count == 320)
        for (column, level) in levels.enumerated() {
            let meant = 0.75 * Double(256 + column) + 235
            #expect(abs(Double(level) - meant) < 3, "column \(column) has \(level), not \(meant)")
        }
        #expect(Set(levels.map { $0 % 4 }).count == 4, "not every fourth level")
    }

    @Test func aFrameThatIsShownTwiceIsDrawnOnOnce() throws {
        let scratch = try Scratch()
        let film = try Self.film(scratch, "film.mov", "-c:v", "prores_ks")
        let picture = BurnIn.Picture(
            path: try Self.logo(scratch, "white"), place: .centre, size: 1, margin: 0, opacity: 0.5)
        let frames = try Self.burn(
            picture, into: film, scratch, change: PictureChange(frameRate: try FrameRate(96)))
        #expect(frames.count == 24)
        for frame in frames {
            let middle = Int(frame[3 * Self.middle])
            #expect(abs(middle - 159) < 4)
        }
    }

    @Test func itIsSeenOverWhatIsTransparent() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=lime@0:s=320x180:r=24:d=0.25,format=yuva444p10", "-c:v", "prores_ks",
            "-profile:v",
            "4444", scratch.path("film.mov"))
        let picture = BurnIn.Picture(path: try Self.logo(scratch, "white@0.5"), place: .centre, size: 0.5)
        let frames = try Self.burn(picture, into: scratch.path("film.mov"), scratch)
        // Its colour is its own: nothing of the green that nobody sees.
        let middle = Array(frames[0].dropFirst(3 * Self.middle).prefix(3))
        #expect(middle.allSatisfy { $0 > 245 }, "\(middle)")
        try Tool.ffmpeg(
            "-i", scratch.path("made.mov"), "-frames:v", "1", "-vf", "extractplanes=a,format=gray", "-f", "rawvideo",
            scratch.path("alpha"))
        let alpha = try scratch.bytes("alpha")
        #expect(abs(Int(alpha[Self.middle]) - 128) < 3 && alpha[0] == 0)
    }

    @Test func itKeepsItsProportionsOnPixelsThatAreNotSquare() throws {
        let scratch = try Scratch()
        let film = try Self.film(scratch, "film.mov", "-vf", "setsar=2/1", "-c:v", "prores_ks")
        let picture = BurnIn.Picture(
            path: try Self.logo(scratch, "white", size: "40x40"), place: .topLeft, size: 0.2, margin: 0)
        let box = Self.box(try Self.burn(picture, into: film, scratch)[0])
        #expect(box == [0...63, 0...127])
    }

    @Test func whatIsNoPictureIsRefusedByName() throws {
        let scratch = try Scratch()
        let film = try Self.film(scratch, "film.mov", "-c:v", "prores_ks")
        try MockImage(prompt: "sea", seed: 1, width: 128, height: 96).render(to: scratch.path("whole.png"))
        try scratch.cut("whole.png", to: 0.6, as: "cut.png")
        try scratch.write("empty.png", [])
        try scratch.write("text.png", Array("not a picture".utf8))
        for (name, code) in [
            ("cut.png", MediaError.Code.inputInvalid), ("empty.png", .inputInvalid), ("text.png", .inputInvalid),
            ("film.mov", .inputInvalid), ("missing.png", .inputUnreadable),
        ] {
            let error = try #require(throws: MediaError.self) {
                try Self.burn(BurnIn.Picture(path: scratch.path(name)), into: film, scratch)
            }
            #expect(error.code == code && error.message.contains(name), "\(error.message)")
            #expect(!error.message.contains(scratch.folder))
            #expect(try !scratch.names.contains("made.mov"))
        }
    }

    @Test(
        arguments: [(0, 0.02, 1), (1.1, 0.02, 1), (0.1, 0.5, 1), (0.1, -0.1, 1), (0.1, 0, 1.5), (.nan, 0, 1)]
            as [(Double, Double, Double)])
    func whatCannotBeIsRefused(size: Double, margin: Double, opacity: Double) throws {
        let scratch = try Scratch()
        let film = try Self.film(scratch, "film.mov", "-c:v", "prores_ks")
        let picture = BurnIn.Picture(
            path: try Self.logo(scratch, "white"), size: size, margin: margin, opacity: opacity)
        let error = try #require(throws: MediaError.self) { try Self.burn(picture, into: film, scratch) }
        #expect(error.code == .parametersInvalid)
    }
}
