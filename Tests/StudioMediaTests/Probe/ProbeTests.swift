import Foundation
import StudioCore
import StudioMedia
import Testing

@Suite struct ProbeTests {
    @Test func aVideoIsDescribed() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=192x108:r=30000/1001:d=2", "-f", "lavfi", "-i", "sine=r=44100:d=2", "-ac",
            "2",
            "-pix_fmt", "yuv422p", "-colorspace", "bt709", "-color_trc", "bt709", "-color_primaries", "bt709",
            "-color_range",
            "tv", scratch.path("a.mkv"))
        let probe = try MediaProbe.read(path: scratch.path("a.mkv"))
        #expect(probe.container == "matroska,webm")
        #expect(abs((probe.durationSeconds ?? 0) - 2) < 0.05)
        #expect(probe.sizeBytes == Int64(try scratch.bytes("a.mkv").count))
        let video = try #require(probe.video)
        #expect((video.codec, video.width, video.height, video.pixelFormat) == ("h264", 192, 108, "yuv422p"))
        #expect((video.frameRate, video.frameRateNumerator, video.frameRateDenominator) == ("30000/1001", 30_000, 1001))
        #expect(video.frameCount == 60)
        #expect((video.colourPrimaries, video.colourTransfer, video.colourMatrix) == ("bt709", "bt709", "bt709"))
        #expect((video.colourRange, video.rotation, video.kind) == ("tv", 0, .video))
        let audio = try #require(probe.audio)
        #expect((audio.sampleRate, audio.channels, audio.channelLayout) == (44_100, 2, "stereo"))
        let coded = try JSONEncoder().encode(probe)
        #expect(String(decoding: coded, as: UTF8.self).contains("\"frameRate\":\"30000\\/1001\""))
        #expect(try JSONDecoder().decode(MediaProbe.self, from: coded) == probe)
    }

    @Test func namesPlayNoPart() throws {
        let scratch = try Scratch()
        try MockImage(prompt: "", seed: 1, width: 64, height: 48).render(to: scratch.path("a.mp4"))
        try MockVideo(prompt: "", seed: 1, width: 64, height: 48, frames: 3).render(to: scratch.path("frame%03d.png"))
        let image = try MediaProbe.read(path: scratch.path("a.mp4"))
        #expect((image.container, image.video?.codec, image.video?.width) == ("png_pipe", "png", 64))
        #expect(image.durationSeconds == nil)
        #expect(try MediaProbe.read(path: scratch.path("frame%03d.png")).video?.frameCount == 3)
    }

    @Test func headersAloneAreEnoughWhereAskedFor() throws {
        let scratch = try Scratch()
        try MockVideo(prompt: "", seed: 1, width: 64, height: 48, frames: 30).render(to: scratch.path("a.mp4"))
        let probe = try MediaProbe.read(path: scratch.path("a.mp4"), depth: .header)
        #expect(probe.video?.frameCount == 30)
    }
}

/// Files that are not what they seem: each is refused by everything that decodes, and nothing is left.
@Suite struct HostileInputTests {
    private func expectRefused(
        _ path: String, _ code: MediaError.Code, _ scratch: Scratch, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let output = scratch.path("out.bin")
        let works: [() throws -> Void] = [
            { _ = try MediaProbe.read(path: path) }, { try Transcode(input: path).render(to: output) },
            { try Thumbnail(input: path, second: 1e6).render(to: output) },
        ]
        for (number, work) in works.enumerated() {
            let error = #expect(throws: MediaError.self, sourceLocation: sourceLocation) { try work() }
            #expect(error?.code == code, "\(number): \(String(describing: error))", sourceLocation: sourceLocation)
            #expect(error?.message.contains(scratch.folder) != true, sourceLocation: sourceLocation)
        }
        #expect(try !scratch.names.contains("out.bin"), sourceLocation: sourceLocation)
    }

    @Test func whatIsNotMediaIsRefused() throws {
        let scratch = try Scratch()
        try scratch.write("empty.mp4", [])
        try scratch.write("text.mp4", Array("Dear diary,\nnothing happened today.\n".utf8))
        try scratch.write("zeros.mp4", [UInt8](repeating: 0, count: 100_000))
        var state: UInt64 = 1
        let noise = (0..<200_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        try scratch.write("noise.mkv", noise)
        for name in ["empty.mp4", "text.mp4", "zeros.mp4", "noise.mkv"] {
            try expectRefused(scratch.path(name), .inputInvalid, scratch)
        }
    }

    @Test func whatIsNotAFileIsUnreadable() throws {
        let scratch = try Scratch()
        try Tool.run("mkfifo", [scratch.path("pipe")])
        for path in [scratch.path("missing.mp4"), scratch.folder, scratch.path("pipe"), "/dev/zero", "a\0b"] {
            try expectRefused(path, .inputUnreadable, scratch)
        }
    }

    @Test(arguments: ["a.mp4", "a.mkv", "a.mov", "a.webm", "a.avi"])
    func whatIsCutOffIsRefused(name: String) throws {
        let scratch = try Scratch()
        let index = name.hasSuffix("mov") ? ["-movflags", "+faststart"] : []
        let codec = name.hasSuffix("webm") ? ["-deadline", "realtime", "-c:v", "libvpx"] : []
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", "testsrc2=s=192x108:d=8", "-f", "lavfi", "-i", "sine=d=8"] + index + codec + [
                scratch.path(name)
            ])
        for part in [0.02, 0.5, 0.88] {
            try scratch.cut(name, to: part, as: "cut.bin")
            let error = try #require(throws: MediaError.self, "\(part)") {
                try MediaProbe.read(path: scratch.path("cut.bin"))
            }
            #expect(error.code == .inputInvalid)
            let other = try #require(throws: MediaError.self, "\(part)") {
                try Transcode(input: scratch.path("cut.bin")).render(to: scratch.path("out.mp4"))
            }
            #expect(other.code == .inputInvalid, "\(part): \(other)")
            #expect(try !scratch.names.contains("out.mp4"))
        }
    }

    @Test func picturesThatAreCutOffAreRefused() throws {
        let scratch = try Scratch()
        try MockImage(prompt: "", seed: 1, width: 256, height: 256).render(to: scratch.path("a.png"))
        for format in ["jpg", "webp", "bmp"] {
            try Tool.ffmpeg("-i", scratch.path("a.png"), scratch.path("a." + format))
        }
        for format in ["png", "jpg", "webp", "bmp"] {
            #expect(try MediaProbe.read(path: scratch.path("a." + format)).video?.width == 256)
            try scratch.cut("a." + format, to: 0.5, as: "cut.bin")
            let error = try #require(throws: MediaError.self, "\(format)") {
                try MediaProbe.read(path: scratch.path("cut.bin"))
            }
            #expect(error.code == .inputInvalid)
        }
    }

    @Test func scratchesAreToleratedAndWrecksAreNot() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=192x108:d=8", "-c:v", "mpeg2video", scratch.path("a.ts"))
        var bytes = try scratch.bytes("a.ts")
        for offset in bytes.count / 2..<bytes.count / 2 + 400 { bytes[offset] ^= 0x5A }
        try scratch.write("scratched.ts", bytes)
        try Transcode(input: scratch.path("scratched.ts"), quality: .low).render(to: scratch.path("out.mp4"))
        let frames = try #require(Int(try Tool.ffprobe(scratch.path("out.mp4")).video?.nb_read_frames ?? ""))
        #expect((190...200).contains(frames))
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=192x108:d=8", "-c:v", "ffv1", "-slicecrc", "1", scratch.path("b.avi"))
        bytes = try scratch.bytes("b.avi")
        for offset in stride(from: 20_000, to: bytes.count - 30_000, by: 97) { bytes[offset] ^= 0x5A }
        try scratch.write("wreck.avi", bytes)
        let error = try #require(throws: MediaError.self) {
            try Transcode(input: scratch.path("wreck.avi"), quality: .low).render(to: scratch.path("wreck.mp4"))
        }
        #expect(error.code == .inputInvalid)
        #expect(try !scratch.names.contains("wreck.mp4"))
    }

    @Test func absurdClaimsAreRefusedBeforeAnythingIsMade() throws {
        let scratch = try Scratch()
        try MockImage(prompt: "", seed: 1, width: 64, height: 64).render(to: scratch.path("a.png"))
        try Tool.ffmpeg("-i", scratch.path("a.png"), scratch.path("a.jpg"))
        try Tool.ffmpeg("-i", scratch.path("a.png"), "-frames:v", "1", scratch.path("a.gif"))
        func claim(_ name: String, at offset: Int, _ bytes: [UInt8], as other: String) throws {
            var file = try scratch.bytes(name)
            file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            try scratch.write(other, file)
        }
        try claim("a.png", at: 16, [0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0], as: "vast.png")
        try claim("a.png", at: 16, [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF], as: "vaster.png")
        let frame = try #require(try scratch.bytes("a.jpg").firstRange(of: [0xFF, 0xC0] as [UInt8]))
        try claim("a.jpg", at: frame.lowerBound + 5, [0xFF, 0xFF, 0xFF, 0xFF], as: "vast.jpg")
        for name in ["vast.png", "vaster.png", "vast.jpg"] {
            try expectRefused(scratch.path(name), .limitExceeded, scratch)
            let error = try #require(throws: MediaError.self) {
                try Assembly(frames: [scratch.path(name)]).render(to: scratch.path("out.mp4"))
            }
            #expect(error.code == .limitExceeded)
        }
    }

    @Test func theLimitsHold() throws {
        let scratch = try Scratch()
        try MockVideo(prompt: "", seed: 1, width: 128, height: 64, frames: 48).render(to: scratch.path("a.mp4"))
        for limits in [
            MediaLimits(maxWidth: 127), MediaLimits(maxHeight: 63), MediaLimits(maxPixels: 8191),
            MediaLimits(maxSeconds: 1.9),
            MediaLimits(maxFrames: 47), MediaLimits(maxStreams: 0),
        ] {
            let error = try #require(throws: MediaError.self) {
                try Transcode(input: scratch.path("a.mp4"), limits: limits).render(to: scratch.path("out.mp4"))
            }
            #expect(error.code == .limitExceeded)
            #expect(throws: MediaError.self) { try MediaProbe.read(path: scratch.path("a.mp4"), limits: limits) }
        }
        #expect(try scratch.names == ["a.mp4"])
    }

    @Test func aPlaylistOpensNoOtherFile() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=2", scratch.path("secret.ts"))
        let list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n\(scratch.path("secret.ts"))\n#EXT-X-ENDLIST\n"
        try scratch.write("list.m3u8", Array(list.utf8))
        try scratch.write("list.txt", Array("ffconcat version 1.0\nfile \(scratch.path("secret.ts"))\n".utf8))
        for name in ["list.m3u8", "list.txt"] { try expectRefused(scratch.path(name), .inputInvalid, scratch) }
    }
}
