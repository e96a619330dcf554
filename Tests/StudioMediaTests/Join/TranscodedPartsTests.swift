import Foundation
import QueueProtocol
import StudioCore
import Testing

@testable import StudioMedia

/// Films that were transcoded in parts and joined, held against the same films transcoded in one pass.
@Suite("Transcodes joined of parts")
struct TranscodedPartsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// The source's file, and how `ffmpeg` encodes it.
        var file: String
        var rate = "24"
        var sound: [String] = []
        var coding: [String]
        var pictures = "testsrc2=s=256x144:r=RATE:d=7,noise=alls=12:allf=t:all_seed=3"
        var container: ContainerKind
        var video: VideoTarget
        var audio: AudioCodec?
        var change = PictureChange()
        var toneMaps = false
        var isFamiliar = true
        var testDescription: String { name }
    }

    private static let words = [
        "-metadata", "title=Harbour", "-metadata", "comment=of the sea", "-metadata:s:a:0", "language=deu",
    ]
    private static let open = ["-c:v", "libx264", "-crf", "1", "-preset", "veryfast", "-bf", "3"]
    private static let light =
        "hdr10=1:repeat-headers=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
        + ":max-cll=1000,400"
    private static let tones = ["aevalsrc='0.4*sin(2*PI*(200+40*t)*t)|0.3*sin(2*PI*(300+50*t)*t)':s=48000:d=7"]

    private static let cases: [Case] = [
        Case(
            name: "open groups in MP4 to H.264 in MP4, with chapters, words and timecode", file: "a.mp4",
            rate: "24000/1001", sound: tones,
            coding: open + [
                "-x264-params", "open-gop=1:keyint=40", "-c:a", "aac", "-timecode", "01:00:00:00",
            ] + words, container: .mp4, video: VideoTarget(quality: .low), audio: .aac),
        Case(
            name: "HEVC in Matroska, two soundtracks, to a smaller H.264 in Matroska", file: "a.mkv", rate: "25",
            sound: tones + ["sine=500:d=6.9"],
            coding: [
                "-c:v", "libx265", "-crf", "8", "-preset", "ultrafast", "-x265-params",
                "keyint=60:open-gop=1:bframes=4:log-level=error", "-c:a", "flac", "-metadata:s:a:1", "language=fra",
                "-disposition:a:0", "0", "-disposition:a:1", "default",
            ] + words, container: .mkv, video: VideoTarget(quality: .low), audio: .aac,
            change: PictureChange(width: 192)),
        Case(
            name: "a film that is turned, to ProRes in MOV", file: "turned.mp4", rate: "30000/1001", sound: tones,
            coding: open + ["-c:a", "aac", "-timecode", "00:59:58;00"] + words, container: .mov,
            video: VideoTarget(codec: .prores, profile: .proxy), audio: .pcm24),
        Case(
            name: "high dynamic range that is kept, HEVC in MP4", file: "hdr.mp4",
            coding: [
                "-c:v", "libx265", "-crf", "8", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
                "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error:" + light, "-color_primaries",
                "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc",
            ], container: .mp4, video: VideoTarget(codec: .hevc, quality: .low), audio: nil),
        Case(
            name: "high dynamic range that is brought down, H.264 in MOV", file: "hdr.mkv",
            coding: [
                "-c:v", "libx265", "-crf", "8", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
                "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error:" + light, "-color_primaries",
                "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc",
            ], container: .mov, video: VideoTarget(quality: .low), audio: nil, toneMaps: true),
        Case(
            name: "25 to 24000/1001 frames a second", file: "b.mp4", rate: "25", sound: tones,
            coding: open + ["-c:a", "aac", "-timecode", "10:00:00:00"] + words, container: .mp4,
            video: VideoTarget(quality: .low), audio: .aac,
            change: PictureChange(frameRate: try? FrameRate(24_000, 1001))),
        Case(
            name: "24 to 60 frames a second, VP9 in WebM", file: "c.mkv", sound: tones,
            coding: open + ["-c:a", "flac"] + words, container: .webm, video: VideoTarget(codec: .vp9, quality: .low),
            audio: .opus, change: PictureChange(frameRate: try? FrameRate(60, 1))),
        Case(
            name: "VP9 with transparency", file: "alpha.webm", rate: "25",
            coding: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "12", "-b:v", "0"],
            pictures: "testsrc2=s=256x144:r=RATE:d=7,format=yuva420p,"
                + "geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='X*255/W'",
            container: .webm, video: VideoTarget(codec: .vp9, quality: .low), audio: nil),
        Case(
            name: "ProRes to DNxHR", file: "a.mov", rate: "25", sound: tones,
            coding: ["-c:v", "prores_ks", "-profile:v", "0", "-c:a", "pcm_s24le", "-timecode", "01:00:00:00"] + words,
            container: .mov, video: VideoTarget(codec: .dnxhr, profile: .lb), audio: .pcm16),
        Case(
            name: "a stream without an index to AV1", file: "a.ts", rate: "25",
            coding: open + ["-x264-params", "open-gop=1:keyint=50"], container: .mp4,
            video: VideoTarget(codec: .av1, quality: .low), audio: nil, isFamiliar: false),
    ]

    private func source(_ test: Case, _ scratch: Scratch) throws -> String {
        let path = scratch.path(test.file)
        let chapters = scratch.path("chapters")
        try Data(
            """
            ;FFMETADATA1
            [CHAPTER]
            TIMEBASE=1/1000
            START=0
            END=2500
            title=Out
            [CHAPTER]
            TIMEBASE=1/1000
            START=2500
            END=7000
            title=In

            """.utf8
        ).write(to: URL(fileURLWithPath: chapters))
        var arguments = ["-f", "lavfi", "-i", test.pictures.replacingOccurrences(of: "RATE", with: test.rate)]
        for sound in test.sound { arguments += ["-f", "lavfi", "-i", sound] }
        arguments += ["-f", "ffmetadata", "-i", chapters, "-map_chapters", "\(test.sound.count + 1)", "-map", "0:v"]
        for number in test.sound.indices { arguments += ["-map", "\(number + 1):a"] }
        if !test.coding.contains("-pix_fmt"), !test.file.hasPrefix("alpha") {
            arguments += ["-pix_fmt", test.file.hasSuffix(".mov") ? "yuv422p10le" : "yuv420p"]
        }
        try Tool.ffmpeg(arguments + test.coding + [path])
        guard test.file.hasPrefix("turned") else { return path }
        let turned = scratch.path("again-" + test.file)
        try Tool.ffmpeg(
            "-i", path, "-map", "0:v", "-map", "0:a", "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
        return turned
    }

    private func work(_ test: Case, _ source: String) throws -> Transcode {
        Transcode(
            input: source,
            target: try MediaTarget(
                container: test.container, video: test.video,
                audio: test.audio.map { AudioTarget(codec: $0, quality: .low) }),
            change: test.change, keepsDepth: !test.toneMaps, keepsAlpha: true, toneMaps: test.toneMaps)
    }

    /// What the gateway would plan by the source's probe.
    private func planned(_ test: Case, _ source: String) throws -> ChunkedTranscode {
        var parameters: [String: JSONValue] = [
            "container": .string(test.container.rawValue), "videoCodec": .string(test.video.codec.rawValue),
        ]
        if let rate = test.change.frameRate { parameters["frameRate"] = .string(rate.description) }
        if let audio = test.audio { parameters["audioCodec"] = .string(audio.rawValue) }
        let probe = try JSONText.decode(JSONValue.self, from: JSONText.compact(MediaProbe.read(path: source)))
        return try ChunkedTranscode(parameters: parameters, probe: probe, name: test.file)
    }

    /// The parts and the sound, made as jobs make them, and joined.
    private func join(_ work: Transcode, _ ranges: [Range<Int>], _ scratch: Scratch, to path: String) throws {
        let total = try #require(ranges.last).upperBound
        let kind = work.target.container
        let chunks = try ranges.map { range in
            var part = work
            part.target = try MediaTarget(container: kind, video: work.target.video, audio: nil)
            part.part = FilmPart(range, of: total)
            let path = scratch.path("part-\(range.lowerBound).\(kind.rawValue)")
            let outcome = try part.render(to: path)
            #expect(outcome.frames == range.count)
            return path
        }
        var sound: String?
        if let audio = work.target.audio {
            let place = ChunkedCoding.soundContainer(of: kind.rawValue, codec: audio.codec.rawValue)
            var only = work
            only.target = try MediaTarget(
                container: try #require(ContainerKind(rawValue: place)), video: nil, audio: audio)
            sound = scratch.path("sound.\(place)")
            try only.render(to: try #require(sound))
        }
        try Join(
            chunks: chunks, sound: sound, container: kind, transcodeOf: work.input, rate: work.change.frameRate
        ).render(to: path)
    }

    /// All that `ffprobe` tells of a file but for the bytes of its pictures; how long things are stands by itself.
    private func told(_ path: String) throws -> (lines: [Substring], durations: [Double]) {
        let text = try Tool.run("ffprobe", ["-v", "error", "-show_format", "-show_streams", "-show_chapters", path])
        let lines = text.split(separator: "\n").filter { line in
            !["filename=", "size=", "bit_rate=", "probe_score="].contains { line.hasPrefix($0) }
        }
        let durations = lines.filter { $0.hasPrefix("duration=") }.map { Double($0.dropFirst(9)) ?? 0 }
        return (lines.filter { !$0.hasPrefix("duration") }, durations)
    }

    @Test("Pictures, times, sound, tags, words and side data are those of the film in one pass", arguments: cases)
    func sameAsOnePass(_ test: Case) throws {
        let scratch = try Scratch()
        let source = try source(test, scratch)
        let work = try work(test, source)
        let plan = try planned(test, source)
        #expect(plan.isFamiliar == test.isFamiliar && plan.hasSound == (test.audio != nil))
        let ranges = ChunkPlan.ranges(of: plan.film, hosts: 1, mode: .chunks(3))
        #expect(ranges.count == 3)
        let kind = test.container.rawValue
        let (one, joined) = (scratch.path("one.\(kind)"), scratch.path("joined.\(kind)"))
        let outcome = try work.render(to: one)
        #expect(outcome.frames == plan.film.frameCount, "the plan counts as the film in one pass does")
        try join(work, ranges, scratch, to: joined)

        let (inChunks, inOne) = (try told(joined), try told(one))
        let changes = inChunks.lines.difference(from: inOne.lines).map { "\($0)" }
        #expect(changes.isEmpty, "\(changes)")
        // ISO media tell in thousandths of a second how long AAC is heard, which is rounded once more where it is joined.
        #expect(inChunks.durations.count == inOne.durations.count)
        #expect(zip(inChunks.durations, inOne.durations).allSatisfy { abs($0 - $1) <= 0.0011 })
        #expect(try MediaProbe.read(path: joined).video?.frameCount == outcome.frames)
        #expect(try Tool.times(joined) == Tool.times(one))
        func packets(_ path: String, _ entry: String) throws -> [Int] {
            try Tool.ask(path, "packet=\(entry)", "-select_streams", "v:0").compactMap { Int($0.filter { $0 != "," }) }
        }
        // Which packet holds which frame is the encoder's choice; when packets and frames are due is not.
        #expect(try packets(joined, "dts") == packets(one, "dts"))
        #expect(try packets(joined, "pts").sorted() == packets(one, "pts").sorted())
        #expect(try packets(joined, "duration") == packets(one, "duration"))
        for track in test.audio == nil ? [] : test.sound.indices.map({ "0:a:\($0)" }) {
            #expect(try Tool.packetHashes(joined, track) == Tool.packetHashes(one, track))
            #expect(try Tool.frameHashes(joined, track) == Tool.frameHashes(one, track))
        }
        var exact = work
        exact.target = try MediaTarget(
            container: .mkv, video: VideoTarget(quality: .low, rate: .factor(0), chroma: .full), audio: nil)
        (exact.keepsAlpha, exact.toneMaps) = (false, true)
        // What stays of high dynamic range, in ten bits, is held against the source.
        let staysHigh = test.file.hasPrefix("hdr") && !test.toneMaps
        if !staysHigh { try exact.render(to: scratch.path("exact.mkv")) }
        let measure = staysHigh ? source : scratch.path("exact.mkv")
        let luma = "setpts=PTS-STARTPTS,extractplanes=y"
        let single = try Tool.psnr(one, measure, filters: luma)
        let chunked = try Tool.psnr(joined, measure, filters: luma)
        #expect(single - chunked <= 0.1 && single > 20, "\(single) dB in one pass, \(chunked) dB joined")
    }
}
