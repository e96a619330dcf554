import StudioCore
import StudioMedia
import Testing

@Suite struct AssemblyTests {
    @Test func picturesOfBothKindsBecomeAVideoInOrder() throws {
        let scratch = try Scratch()
        var frames: [String] = []
        for (index, colour) in ["red", "lime", "blue", "white"].enumerated() {
            // One of them with a name that tells the wrong kind.
            let name = index == 1 ? "1.png" : "\(index).\(index % 2 == 0 ? "png" : "jpg")"
            let codec = index % 2 == 0 ? "png" : "mjpeg"
            try Tool.ffmpeg(
                "-f", "lavfi", "-i", "color=\(colour):s=96x64", "-frames:v", "1", "-c:v", codec, "-f", "image2",
                "-update", "1",
                scratch.path(name))
            frames.append(scratch.path(name))
        }
        try Assembly(frames: frames, frameRate: try FrameRate(25), quality: .high).render(to: scratch.path("a.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("a.mp4")).video)
        #expect((video.width, video.height, video.nb_read_frames, video.avg_frame_rate) == (96, 64, "4", "25/1"))
        #expect((video.color_space, video.color_range) == ("bt709", "tv"))
        let pixels = try Tool.pixels(scratch.path("a.mp4"), width: 1, height: 1)
        let expected: [[Int]] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]
        for (index, colour) in expected.enumerated() {
            for part in 0..<3 {
                #expect(abs(Int(pixels[3 * index + part]) - colour[part]) < 12, "frame \(index): \(pixels)")
            }
        }
    }

    @Test func otherSizesAreFittedIntoTheFirst() throws {
        let scratch = try Scratch()
        for (name, size) in [("0.png", "101x60"), ("1.png", "60x60"), ("2.png", "400x300")] {
            try Tool.ffmpeg("-f", "lavfi", "-i", "color=white:s=\(size)", "-frames:v", "1", scratch.path(name))
        }
        try Assembly(frames: (0..<3).map { scratch.path("\($0).png") }).render(to: scratch.path("a.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("a.mp4")).video)
        #expect((video.width, video.height, video.nb_read_frames) == (100, 60, "3"))
        let pixels = try Tool.pixels(scratch.path("a.mp4"), width: 100, height: 60)
        let frame = 100 * 60 * 3
        let row = 30 * 100 * 3
        #expect(pixels[row + 3 * 2] > 240, "the first fills the picture")
        #expect(
            pixels[frame + row + 3 * 2] < 20 && pixels[frame + row + 3 * 50] > 240, "black at the side, white inside")
    }

    @Test func aBrokenFrameIsNamed() throws {
        let scratch = try Scratch()
        for index in 0..<3 {
            let name = scratch.path("f\(index).png")
            try MockImage(prompt: "sea", seed: UInt64(index), width: 128, height: 96).render(to: name)
        }
        try Tool.ffmpeg("-i", scratch.path("f0.png"), "-q:v", "2", scratch.path("whole.jpg"))
        try scratch.cut("f1.png", to: 0.6, as: "cut.png")
        try scratch.cut("whole.jpg", to: 0.6, as: "cut.jpg")
        try scratch.write("empty.png", [])
        try scratch.write("text.png", Array("not a picture".utf8))
        for (name, code) in [
            ("cut.png", MediaError.Code.inputInvalid), ("cut.jpg", .inputInvalid), ("empty.png", .inputInvalid),
            ("text.png", .inputInvalid), ("missing.png", .inputUnreadable),
        ] {
            let error = try #require(throws: MediaError.self) {
                try Assembly(frames: [scratch.path("f0.png"), scratch.path(name), scratch.path("f2.png")])
                    .render(to: scratch.path("out.mp4"))
            }
            #expect(error.code == code, "\(name)")
            #expect(error.message.contains("Frame 2 of 3") && error.message.contains(name), "\(error.message)")
            #expect(!error.message.contains(scratch.folder), "no folders in what people see")
            #expect(try !scratch.names.contains("out.mp4"))
        }
    }

    @Test func noFramesAreRefused() throws {
        let scratch = try Scratch()
        let error = try #require(throws: MediaError.self) { try Assembly(frames: []).render(to: scratch.path("a.mp4")) }
        #expect(error.code == .parametersInvalid)
    }
}
