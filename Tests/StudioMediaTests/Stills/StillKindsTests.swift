import StudioCore
import StudioMedia
import Testing

/// The kinds of picture file that sequences are made of: what they become, and what is wrong with damaged ones.
@Suite struct StillKindsTests {
    /// A kind as `ffmpeg` writes it: the name tells the kind.
    struct Kind: Sendable, CustomTestStringConvertible {
        var name: String
        var options: [String]
        var testDescription: String { ([name] + options).joined(separator: " ") }
    }

    static let displayKinds: [Kind] = [
        Kind(name: "a.png", options: ["-pix_fmt", "rgb24"]), Kind(name: "a.png", options: ["-pix_fmt", "rgb48be"]),
        Kind(name: "a.png", options: ["-pix_fmt", "rgba"]), Kind(name: "a.png", options: ["-pix_fmt", "rgba64be"]),
        Kind(name: "a.jpg", options: ["-q:v", "1", "-pix_fmt", "yuvj444p"]),
        Kind(name: "a.tif", options: ["-pix_fmt", "rgb24"]), Kind(name: "a.tif", options: ["-pix_fmt", "rgb48le"]),
        Kind(name: "a.tif", options: ["-pix_fmt", "rgba64le", "-compression_algo", "lzw"]),
        Kind(name: "a.dpx", options: ["-pix_fmt", "gbrp10le"]), Kind(name: "a.dpx", options: ["-pix_fmt", "gbrp12be"]),
        Kind(name: "a.dpx", options: ["-pix_fmt", "rgba"]),
        Kind(name: "a.webp", options: ["-lossless", "1", "-pix_fmt", "bgra"]),
        Kind(name: "a.webp", options: ["-quality", "100", "-pix_fmt", "yuv420p"]),
    ]

    static let kinds =
        displayKinds + [
            Kind(name: "a.exr", options: ["-pix_fmt", "gbrpf32le"]),
            Kind(name: "a.exr", options: ["-pix_fmt", "gbrapf32le", "-compression", "zip16", "-format", "half"]),
        ]

    private static func make(_ kind: Kind, _ scratch: Scratch, source: String) throws {
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", source, "-frames:v", "1"] + kind.options + ["-update", "1", scratch.path(kind.name)])
    }

    /// The mean colour of a file's first frame.
    private static func colour(_ path: String) throws -> [Int] {
        try Tool.pixels(path, width: 1, height: 1).prefix(3).map(Int.init)
    }

    @Test(arguments: displayKinds) func everyKindShowsTheSamePicture(kind: Kind) throws {
        let scratch = try Scratch()
        // Smooth, so that coarser colours in some kinds hardly matter; the sides are odd.
        try Self.make(
            kind, scratch, source: "gradients=s=97x65:c0=red:c1=blue:x0=0:y0=0:x1=96:y1=64:seed=1:n=2,format=gbrp16")
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "gradients=s=97x65:c0=red:c1=blue:x0=0:y0=0:x1=96:y1=64:seed=1:n=2", "-frames:v", "1",
            "-vf", "crop=96:64:0:0", "-pix_fmt", "rgb24", scratch.path("truth.png"))
        try Assembly(frames: [scratch.path(kind.name)], quality: .high).render(to: scratch.path("a.mp4"))
        let made = try Tool.pixels(scratch.path("a.mp4"), width: 96, height: 64)
        #expect(difference(made, try Tool.pixels(scratch.path("truth.png"), width: 96, height: 64)) < 2.5)
        let probe = try MediaProbe.read(path: scratch.path(kind.name))
        #expect((probe.video?.width, probe.video?.height) == (97, 65))
    }

    /// 46 of 255 is a linear 0.18, which BT.709's curve makes 0.4095 of the range; 111 of 255 is Cineon's 445.
    @Test(
        arguments: [
            ("a.exr", nil, nil, 104), ("a.exr", nil, .display, 46), ("a.tif", nil, .linear, 104),
            ("a.tif", nil, nil, 46),
            ("a.dpx", nil, nil, 46), ("a.dpx", 2, nil, 46), ("a.dpx", 2, .linear, 104), ("a.dpx", 1, nil, 94),
            ("a.dpx", 3, nil, 94), ("a.dpx", 3, .display, 111),
        ] as [(String, UInt8?, PictureLight?, Int)])
    func lightGetsTheCurveOfTheFilm(name: String, transfer: UInt8?, light: PictureLight?, expected: Int) throws {
        let scratch = try Scratch()
        let isLog = transfer == 1 || transfer == 3
        let format = name == "a.exr" ? "gbrpf32le" : name == "a.dpx" ? "gbrp10le" : "rgb48le"
        let kind = Kind(name: name, options: ["-pix_fmt", format])
        try Self.make(kind, scratch, source: "color=0x\(isLog ? "6F6F6F" : "2E2E2E"):s=32x32,format=gbrp16")
        if let transfer {
            var bytes = try scratch.bytes(name)
            bytes[801] = transfer
            try scratch.write(name, bytes)
        }
        try Assembly(frames: [scratch.path(name)], light: light, quality: .high).render(to: scratch.path("a.mp4"))
        for part in try Self.colour(scratch.path("a.mp4")) { #expect(abs(part - expected) <= 2) }
        if light == nil {
            try Thumbnail(input: scratch.path(name)).render(to: scratch.path("t.jpg"))
            for part in try Self.colour(scratch.path("t.jpg")) { #expect(abs(part - expected) <= 2) }
        }
    }

    @Test(arguments: ["a.png", "a.tif", "a.webp"]) func whatIsTransparentLiesOnBlack(name: String) throws {
        let scratch = try Scratch()
        let options = name == "a.webp" ? ["-lossless", "1", "-pix_fmt", "bgra"] : ["-pix_fmt", "rgba"]
        try Self.make(
            Kind(name: name, options: options), scratch, source: "color=white@0.5:s=32x32,format=rgba")
        try Assembly(frames: [scratch.path(name)], quality: .high).render(to: scratch.path("a.mp4"))
        for part in try Self.colour(scratch.path("a.mp4")) { #expect(abs(part - 128) <= 3) }
    }

    @Test(arguments: kinds) func whatIsCutOffIsRefused(kind: Kind) throws {
        let scratch = try Scratch()
        try Self.make(kind, scratch, source: "testsrc2=s=128x96,noise=alls=40:allf=t:all_seed=1")
        let size = try scratch.bytes(kind.name).count
        for part in [0.001, 0.01, 0.3, 0.7, 0.98] {
            try scratch.cut(kind.name, to: part, as: "cut")
            let error = try #require(throws: MediaError.self) {
                try Assembly(frames: [scratch.path("cut")]).render(to: scratch.path("a.mp4"))
            }
            #expect(error.code == .inputInvalid && error.message.contains("cut"), "\(part) of \(size): \(error)")
            #expect(throws: MediaError.self, "\(part) of \(size)") { try MediaProbe.read(path: scratch.path("cut")) }
        }
        #expect(try !scratch.names.contains("a.mp4"))
    }

    @Test func damageInsideIsRefused() throws {
        let scratch = try Scratch()
        // WebP's and uncompressed pixels carry no check: damage there is another picture.
        let checked = [
            Kind(name: "a.png", options: []), Kind(name: "a.exr", options: ["-compression", "zip16"]),
            Kind(name: "a.tif", options: ["-compression_algo", "deflate"]),
        ]
        for kind in checked {
            try Self.make(kind, scratch, source: "testsrc2=s=128x96")
            var bytes = try scratch.bytes(kind.name)
            for index in bytes.count / 2..<bytes.count / 2 + 24 { bytes[index] ^= 0x5A }
            try scratch.write("bad", bytes)
            let error = try #require(throws: MediaError.self, "\(kind.name)") {
                try Assembly(frames: [scratch.path("bad")]).render(to: scratch.path("a.mp4"))
            }
            #expect(error.code == .inputInvalid)
        }
    }

    @Test(arguments: kinds) func aPictureOverTheLimitIsRefusedByWhatItClaims(kind: Kind) throws {
        let scratch = try Scratch()
        try Self.make(kind, scratch, source: "color=red:s=200x100")
        let error = try #require(throws: MediaError.self) {
            try Assembly(frames: [scratch.path(kind.name)], limits: MediaLimits(maxPixels: 19_999))
                .render(to: scratch.path("a.mp4"))
        }
        #expect(error.code == .limitExceeded && error.message.contains("200×100"), "\(error)")
    }
}
