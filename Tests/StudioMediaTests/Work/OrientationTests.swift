import StudioCore
import StudioMedia
import Testing

/// Pictures and films that say how they are to be turned and mirrored. The fixture has a colour in each quarter: red and
/// green above, blue and white below.
@Suite struct OrientationTests {
    /// What is seen, left to right and down, for each of Exif's orientations.
    static let seen = ["rgbw", "grwb", "wbgr", "bwrg", "rbgw", "brwg", "wgbr", "gwrb"]

    private static let quarters =
        "color=red:s=96x64:r=25:d=0.2,format=rgb24,drawbox=x=48:y=0:w=48:h=32:c=lime:t=fill,"
        + "drawbox=x=0:y=32:w=48:h=32:c=blue:t=fill,drawbox=x=48:y=32:w=48:h=32:c=white:t=fill"

    private static func picture(_ scratch: Scratch, _ name: String, _ options: String...) throws {
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", quarters, "-frames:v", "1"] + options + ["-update", "1", scratch.path(name)])
    }

    /// The colours of the four quarters of a file's first frame, as it is coded.
    private static func colours(_ path: String) throws -> String {
        let judged = try #require(try Tool.ffprobe(path).video)
        let (width, height) = (try #require(judged.width), try #require(judged.height))
        let pixels = try Tool.pixels(path, width: width, height: height)
        let places = [(1, 1), (3, 1), (1, 3), (3, 3)].map { (width * $0.0 / 4, height * $0.1 / 4) }
        return places.map { x, y in
            let pixel = pixels[3 * (y * width + x)..<3 * (y * width + x) + 3].map { $0 > 128 }
            return switch pixel {
            case [true, false, false]: "r"
            case [false, true, false]: "g"
            case [false, false, true]: "b"
            case [true, true, true]: "w"
            default: "?"
            }
        }.joined()
    }

    private static func size(_ path: String) throws -> [Int?] {
        let judged = try #require(try Tool.ffprobe(path).video)
        return [judged.width, judged.height]
    }

    @Test(arguments: 1...8) func aPictureIsSeenAsItWasMeant(orientation: Int) throws {
        let scratch = try Scratch()
        try Self.picture(scratch, "plain.jpg", "-q:v", "2", "-pix_fmt", "yuvj420p")
        // Every other one is big-endian.
        let block = Exif.block(orientation, isLittle: orientation % 2 == 0)
        try scratch.write("a.jpg", Exif.jpeg(try scratch.bytes("plain.jpg"), block))
        let expected = orientation < 5 ? [96, 64] : [64, 96]
        try Thumbnail(input: scratch.path("a.jpg")).render(to: scratch.path("t.jpg"))
        try Assembly(frames: [scratch.path("a.jpg")]).render(to: scratch.path("a.mp4"))
        try Transcode(input: scratch.path("a.jpg")).render(to: scratch.path("t.mp4"))
        for output in ["t.jpg", "a.mp4", "t.mp4"] {
            #expect(try Self.size(scratch.path(output)) == expected, "\(output)")
            #expect(try Self.colours(scratch.path(output)) == Self.seen[orientation - 1], "\(output)")
        }
        let probe = try #require(try MediaProbe.read(path: scratch.path("a.jpg")).video)
        #expect(probe.rotation == [0, 0, 180, 180, 270, 90, 90, 270][orientation - 1])
        #expect(probe.isMirrored == [2, 4, 5, 7].contains(orientation))
        #expect((probe.width, probe.height) == (96, 64), "as it is coded")
    }

    @Test(arguments: [6, 7]) func everyKindOfPictureMaySayIt(orientation: Int) throws {
        let scratch = try Scratch()
        try Self.picture(scratch, "plain.jpg", "-q:v", "2", "-pix_fmt", "yuvj422p")
        try Self.picture(scratch, "plain.png")
        try Self.picture(scratch, "plain.webp", "-quality", "95")
        try Self.picture(scratch, "plain.tif")
        let block = Exif.block(orientation)
        try scratch.write("a.jpg", Exif.jpeg(try scratch.bytes("plain.jpg"), block))
        try scratch.write("a.png", Exif.png(try scratch.bytes("plain.png"), block))
        try scratch.write("a.webp", Exif.webp(try scratch.bytes("plain.webp"), block))
        try scratch.write("b.webp", Exif.webp(try scratch.bytes("plain.webp"), Array("Exif\0\0".utf8) + block))
        try scratch.write("a.tif", Exif.tiff(try scratch.bytes("plain.tif"), orientation))
        for name in ["a.jpg", "a.png", "a.webp", "b.webp", "a.tif"] {
            try Thumbnail(input: scratch.path(name)).render(to: scratch.path("t.jpg"))
            #expect(try Self.colours(scratch.path("t.jpg")) == Self.seen[orientation - 1], "\(name)")
            try Transcode(input: scratch.path(name)).render(to: scratch.path("t.mp4"))
            #expect(try Self.colours(scratch.path("t.mp4")) == Self.seen[orientation - 1], "\(name)")
            #expect(try MediaProbe.read(path: scratch.path(name)).video?.rotation == 90)
        }
        let frames = ["a.png", "a.jpg"].map { scratch.path($0) }
        try Assembly(frames: frames).render(to: scratch.path("a.mp4"))
        #expect(try Self.size(scratch.path("a.mp4")) == [64, 96])
        #expect(try Self.colours(scratch.path("a.mp4")) == Self.seen[orientation - 1])
    }

    @Test func aSequenceMixesThem() throws {
        let scratch = try Scratch()
        try Self.picture(scratch, "flat.jpg", "-q:v", "2")
        try scratch.write("tall.jpg", Exif.jpeg(try scratch.bytes("flat.jpg"), Exif.block(6)))
        let names = ["tall.jpg", "flat.jpg", "tall.jpg"]
        try Assembly(frames: names.map { scratch.path($0) }).render(to: scratch.path("a.mp4"))
        let pixels = try Tool.pixels(scratch.path("a.mp4"), width: 64, height: 96)
        let frame = 64 * 96 * 3
        #expect(pixels.count == 3 * frame)
        let tall = Array(pixels[..<frame])
        #expect(difference(tall, Array(pixels[(2 * frame)...])) < 4)
        let flat = Array(pixels[frame..<2 * frame])
        #expect(flat[..<(3 * 64 * 8)].allSatisfy { $0 < 24 }, "a flat one is centred on black")
        let middle = 3 * (64 * 32 + 16)
        #expect(flat[middle] > 200 && flat[middle + 2] < 60, "and red above on the left")
    }

    @Test(arguments: 1...8) func aFilmIsSeenAsItsMatrixSays(orientation: Int) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", Self.quarters, "-pix_fmt", "yuv420p", scratch.path("plain.mp4"))
        let matrices = [
            (1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1), (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, -1, 0),
            (0, -1, 1, 0),
        ]
        let (a, b, c, d) = matrices[orientation - 1]
        var film = try scratch.bytes("plain.mp4")
        let header = try #require(film.indices.first { film[$0...].starts(with: "tkhd".utf8) })
        // Behind the name: version and flags, two times, the track, a gap, the duration, two gaps, four short numbers.
        let matrix = header + 4 + 4 + 20 + 8 + 8
        for (place, value) in [(0, a), (1, b), (3, c), (4, d)] {
            let fixed = value << 16
            for byte in 0..<4 { film[matrix + 4 * place + byte] = UInt8(truncatingIfNeeded: fixed >> (24 - 8 * byte)) }
        }
        try scratch.write("a.mp4", film)
        let expected = orientation < 5 ? [96, 64] : [64, 96]
        try Thumbnail(input: scratch.path("a.mp4")).render(to: scratch.path("t.jpg"))
        try Transcode(input: scratch.path("a.mp4")).render(to: scratch.path("t.mp4"))
        for output in ["t.jpg", "t.mp4"] {
            #expect(try Self.size(scratch.path(output)) == expected, "\(output)")
            #expect(try Self.colours(scratch.path(output)) == Self.seen[orientation - 1], "\(output)")
        }
        let probe = try #require(try MediaProbe.read(path: scratch.path("a.mp4")).video)
        #expect(probe.rotation == [0, 0, 180, 180, 270, 90, 90, 270][orientation - 1])
        #expect(probe.isMirrored == [2, 4, 5, 7].contains(orientation))
    }

    @Test func exifThatMakesNoSenseChangesNothing() throws {
        let scratch = try Scratch()
        try Self.picture(scratch, "plain.jpg", "-q:v", "2")
        let plain = try scratch.bytes("plain.jpg")
        let whole = Exif.block(6)
        var blocks = [
            Exif.block(0), Exif.block(9), Exif.block(0xFFFF), [], Array(whole.prefix(7)), Array(whole.prefix(15)),
        ]
        // A directory far away, one of 65,535 entries, and one that begins inside its own header.
        blocks += [[0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0]].map { Array(whole[..<4]) + $0 + Array(whole[8...]) }
        blocks.append(Array(whole[..<8]) + [0xFF, 0xFF] + Array(whole[10...].prefix(4)))
        for (index, block) in blocks.enumerated() {
            try scratch.write("a.jpg", Exif.jpeg(plain, block))
            #expect(try MediaProbe.read(path: scratch.path("a.jpg")).video?.rotation == 0, "\(index)")
            try Thumbnail(input: scratch.path("a.jpg")).render(to: scratch.path("t.jpg"))
            #expect(try Self.size(scratch.path("t.jpg")) == [96, 64], "\(index)")
        }
    }

    @Test(arguments: ["raw", "packbits", "lzw", "deflate"])
    func aTIFFIsTakenWholeAndRefusedDamaged(compression: String) throws {
        let scratch = try Scratch()
        try Self.picture(scratch, "whole.tif", "-compression_algo", compression)
        try Transcode(input: scratch.path("whole.tif")).render(to: scratch.path("t.mp4"))
        #expect(try Self.colours(scratch.path("t.mp4")) == Self.seen[0])
        #expect(try MediaProbe.read(path: scratch.path("whole.tif")).video?.codec == "tiff")
        try scratch.cut("whole.tif", to: 0.6, as: "cut.tif")
        var bytes = try scratch.bytes("whole.tif")
        for index in 8..<bytes.count / 2 { bytes[index] = UInt8(truncatingIfNeeded: index &* 37) }
        try scratch.write("broken.tif", bytes)
        // Uncompressed pictures have nothing to tell changed bytes by.
        for name in compression == "raw" ? ["cut.tif"] : ["cut.tif", "broken.tif"] {
            for work in [
                { _ = try MediaProbe.read(path: scratch.path(name)) },
                { try Thumbnail(input: scratch.path(name)).render(to: scratch.path("x.jpg")) },
                { try Transcode(input: scratch.path(name)).render(to: scratch.path("x.mp4")) },
            ] {
                let error = try #require(throws: MediaError.self, "\(name)") { try work() }
                #expect(error.code == .inputInvalid, "\(name): \(error)")
            }
        }
    }
}
