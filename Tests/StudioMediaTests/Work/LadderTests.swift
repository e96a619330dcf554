import Foundation
import StudioCore
import StudioMedia
import Testing

/// A film in several sizes for a browser, read back as players read it: by its playlists and byte ranges.
@Suite struct LadderTests {
    /// The files of a job, named after their ports as the gateway serves them.
    private struct Served {
        let scratch: Scratch
        let outcome: Ladder.Outcome

        init(_ scratch: Scratch, source: String, maxSide: Int = 1080, seconds: Double = 1) throws {
            func rendition(_ name: String) -> Ladder.Rendition {
                Ladder.Rendition(
                    media: scratch.path(name), playlist: scratch.path("\(name)-playlist"), mediaAddress: name,
                    playlistAddress: "\(name)-playlist")
            }
            self.scratch = scratch
            outcome = try Ladder(
                input: scratch.path(source), maxSide: maxSide, segmentSeconds: seconds, quality: .low
            ).render(
                to: scratch.path("playlist"), videos: (1...Ladder.mostSizes).map { rendition("video\($0)") },
                sound: rendition("sound"))
        }

        func text(_ name: String) throws -> String { String(decoding: try scratch.bytes(name), as: UTF8.self) }

        /// The segments of a playlist: seconds, offset, size.
        func segments(_ name: String) throws -> [(seconds: Double, offset: Int, size: Int)] {
            let lines = try text("\(name)-playlist").split(separator: "\n").map(String.init)
            return lines.indices.filter { lines[$0].hasPrefix("#EXTINF:") }.compactMap { index in
                let range = lines[index + 1].dropFirst("#EXT-X-BYTERANGE:".count).split(separator: "@").compactMap {
                    Int($0)
                }
                guard lines[index + 2] == name, range.count == 2,
                    let seconds = Double(lines[index].dropFirst(8).dropLast())
                else { return nil }
                return (seconds, range[1], range[0])
            }
        }

        /// A file of nothing but the header and one segment, as a player that seeks has them.
        func alone(_ name: String, _ segment: (seconds: Double, offset: Int, size: Int)) throws -> String {
            let bytes = try scratch.bytes(name)
            let playlist = try text("\(name)-playlist")
            let header = try #require(playlist.firstMatch(of: #/BYTERANGE="(\d+)@0"/#).flatMap { Int($0.1) })
            let piece = bytes[..<header] + bytes[segment.offset..<segment.offset + segment.size]
            try scratch.write("alone.mp4", Array(piece))
            return scratch.path("alone.mp4")
        }
    }

    /// Ports' names have no extensions, by which the judge would refuse them.
    private static let hls = [
        "-f", "hls", "-allowed_extensions", "ALL", "-allowed_segment_extensions", "ALL", "-extension_picky", "0",
    ]

    @Test(arguments: ["25", "24000/1001", "50"]) func everySizeBeginsItsSegmentsAtTheSameMoments(rate: String) throws {
        let scratch = try Scratch()
        try FlashAndBeep.make(
            scratch.path("a.mp4"), rate: rate,
            encoding: ["-vf", "scale=640:480", "-c:v", "libx264", "-bf", "2", "-preset", "veryfast", "-c:a", "aac"])
        let frames = try #require(Int(try Tool.ffprobe(scratch.path("a.mp4")).video?.nb_read_frames ?? ""))
        let made = try Served(scratch, source: "a.mp4")
        #expect(made.outcome.sizes.map(\.height) == [480, 240] && made.outcome.frames == frames)
        #expect(try scratch.names.filter { $0.hasPrefix("video3") || $0.hasPrefix("video4") } == [])
        let parts = rate.split(separator: "/").compactMap { Double($0) }
        let exact = parts[0] / (parts.count > 1 ? parts[1] : 1)
        let length = exact.rounded()
        let first = try made.segments("video1")
        #expect(first.count == Int((Double(frames) / length).rounded(.up)))
        #expect(try made.segments("video2").map(\.seconds) == first.map(\.seconds))
        for name in ["video1", "video2"] {
            // As a whole by the playlist, and every segment by itself.
            let counted = try Tool.run(
                "ffprobe",
                ["-v", "error"] + Self.hls + [
                    "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0",
                    scratch.path("\(name)-playlist"),
                ])
            #expect(counted.split(whereSeparator: { !$0.isNumber }).first.map { Int($0) } == frames)
            for (number, segment) in try made.segments(name).enumerated() {
                let file = try made.alone(name, segment)
                let packets = try Tool.ask(file, "packet=pts_time,flags")
                #expect(packets[0].contains("K") && packets.dropFirst().allSatisfy { !$0.contains("K") })
                let times = try Tool.times(file)
                #expect(abs(times[0] - Double(number) * length / exact) < 0.0005, "\(name) \(number): \(times)")
                #expect(abs(Double(times.count) / exact - segment.seconds) < 0.0005, "no frame is missing")
            }
        }
        let size = try scratch.bytes("video1").count
        #expect(first.last.map { $0.offset + $0.size } == size, "nothing is behind the last segment")
    }

    @Test func soundIsInSyncAndAsLongAsThePictures() throws {
        let scratch = try Scratch()
        try FlashAndBeep.make(
            scratch.path("a.mov"), rate: "25",
            encoding: [
                "-vf", "scale=320:240", "-c:v", "prores_ks", "-c:a", "pcm_s16le", "-metadata:s:a:0", "language=fra",
            ])
        let made = try Served(scratch, source: "a.mov")
        #expect(made.outcome.hasSound)
        try Tool.ffmpeg(
            Self.hls + [
                "-copyts", "-i", scratch.path("playlist"), "-map", "0:v:0", "-map", "0:a:0", "-vsync", "passthrough",
                "-c:v", "ffv1", "-af", "aresample=48000:first_pts=0", "-c:a", "pcm_s16le", scratch.path("read.mkv"),
            ])
        let offsets = try FlashAndBeep.offsets(scratch.path("read.mkv"))
        #expect(offsets.count == 3)
        for offset in offsets { #expect(abs(offset) <= 0.001, "\(offsets)") }
        let segments = try made.segments("sound")
        #expect(segments.count == 4)
        #expect(abs(segments.map(\.seconds).reduce(0, +) - 4) < 0.05, "a block or two more: \(segments)")
        for (number, segment) in segments.enumerated() {
            #expect(abs(segment.seconds - 1) < 0.03)
            let times = try Tool.times(try made.alone("sound", segment), stream: "a:0")
            #expect(times[0] >= Double(number) - 0.0221 && times[0] < Double(number) + 0.022, "\(times[0])")
        }
        #expect(try made.text("playlist").contains("LANGUAGE=\"fra\""))
    }

    @Test func theMainPlaylistTellsWhatWasMeasured() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=720x576:r=25:d=3.4,setsar=16/11", "-f", "lavfi", "-i", "sine=d=5", "-c:v",
            "libx264", "-preset", "veryfast", "-c:a", "aac", scratch.path("a.mkv"))
        let made = try Served(scratch, source: "a.mkv")
        let lines = try made.text("playlist").split(separator: "\n").map(String.init)
        let streams = lines.filter { $0.hasPrefix("#EXT-X-STREAM-INF:") }
        #expect(streams.count == 2 && lines.filter { $0.hasPrefix("#EXT-X-MEDIA:") }.count == 1)
        func peak(_ name: String) throws -> Double {
            // The last, of 0.4 s, counts with the one before it.
            let found = try made.segments(name)
            let tail = Double(found[2].size + found[3].size) * 8 / (found[2].seconds + found[3].seconds)
            let whole: [Double] = found[..<3].map { Double($0.size) * 8 / $0.seconds }
            return max(tail, whole.max() ?? 0)
        }
        func average(_ name: String) throws -> Double {
            let found = try made.segments(name)
            let seconds: Double = found.map(\.seconds).reduce(0, +)
            return Double(found.map(\.size).reduce(0, +)) * 8 / seconds
        }
        for (number, stream) in streams.enumerated() {
            let name = "video\(number + 1)"
            let judged = try Tool.ffprobe(scratch.path(name)).video
            let width = try #require(judged?.width), height = try #require(judged?.height)
            #expect(height == [576, 240][number] && judged?.sample_aspect_ratio == "1:1")
            #expect(stream.contains("RESOLUTION=\(width)x\(height)") && stream.contains("FRAME-RATE=25.000"))
            #expect(
                stream.contains("CODECS=\"avc1.6400") && stream.contains(",mp4a.40.2\"")
                    && stream.contains("AUDIO=\"sound\""))
            let told = try #require(stream.firstMatch(of: #/:BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)/#))
            let needed = try peak(name) + peak("sound")
            #expect(abs(try #require(Double(told.1)) - needed) < 16)
            let average = try average(name) + average("sound")
            #expect(abs(try #require(Double(told.2)) - average) < 16)
            let level = try Tool.ask(scratch.path(name), "stream=level", "-select_streams", "v")[0]
            let codec = try #require(stream.firstMatch(of: #/avc1\.6400([0-9a-f]{2})/#))
            #expect(Int(codec.1, radix: 16) == Int(level), "the level in the name is the stream's")
        }
        #expect(abs(try made.segments("sound").map(\.seconds).reduce(0, +) - 3.4) < 0.05, "cut to the pictures")
    }

    @Test func aFilmIsNeverMadeLargerAndMayBePortraitOrSilentOrUneven() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc=s=101x333:r=25:d=2", "-c:v", "ffv1", scratch.path("a.mkv"))
        let made = try Served(scratch, source: "a.mkv")
        #expect(made.outcome.sizes.map(\.width) == [100] && !made.outcome.hasSound)
        #expect(try scratch.names == ["a.mkv", "playlist", "video1", "video1-playlist"])
        #expect(try !made.text("playlist").contains("AUDIO"))
        // Frames of other durations are brought to one; a film over the largest size allowed is brought down.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc=s=128x96:r=30:d=3", "-vf", "select='not(between(n,10,20))'", "-vsync", "vfr",
            "-c:v", "ffv1", scratch.path("b.mkv"))
        let other = try Served(scratch, source: "b.mkv", maxSide: 48)
        #expect(other.outcome.sizes.map(\.height) == [48])
        let lengths = try other.segments("video1").map(\.seconds)
        #expect(Set(lengths.dropLast()).count == 1 && abs(lengths.reduce(0, +) - 3) < 0.1, "\(lengths)")
        #expect(Ladder(input: "").sides(ofSource: 2160) == [1080, 720, 480, 240])
        #expect(Ladder(input: "", maxSide: 2160).sides(ofSource: 2160) == [2160, 1440, 1080, 720])
        #expect(Ladder(input: "").sides(ofSource: 241) == [240])
    }

    @Test func whatCannotBeShownLeavesNothing() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", scratch.path("a.wav"))
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc=d=0.04", "-frames:v", "1", scratch.path("b.png"))
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:d=2", "-c:v", "mpeg4", scratch.path("c.mp4"))
        try scratch.cut("c.mp4", to: 0.5, as: "d.mp4")
        let before = try scratch.names
        for (name, seconds) in [("a.wav", 1.0), ("b.png", 1), ("d.mp4", 1), ("c.mp4", 0.1)] {
            #expect(throws: MediaError.self) { try Served(scratch, source: name, seconds: seconds) }
        }
        #expect(throws: CancellationError.self) {
            let place = Ladder.Rendition(
                media: scratch.path("v"), playlist: scratch.path("p"), mediaAddress: "v", playlistAddress: "p")
            try Ladder(input: scratch.path("c.mp4")).render(to: scratch.path("m"), videos: [place], sound: place) {
                if $0.framesDone == 20 { throw CancellationError() }
            }
        }
        #expect(try scratch.names == before)
    }
}
