import Foundation
import StudioCore
import Testing

@testable import StudioMedia

/// Films that were made in chunks, held against the same films made in one pass.
@Suite("Films joined of chunks")
struct JoinTests {
    /// A film of moving, noisy pictures with sound that never repeats.
    private func source(_ scratch: Scratch, _ name: String, _ rate: String, seed: Int) throws {
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=256x144:r=\(rate):d=7,noise=alls=12:allf=t:all_seed=\(seed)", "-f",
            "lavfi",
            "-i", "aevalsrc='0.4*sin(2*PI*(200+\(seed)+40*t)*t)|0.3*sin(2*PI*(300+50*t)*t)':s=48000:d=7", "-c:v",
            "libx264", "-crf", "1", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "24", "-color_range", "tv",
            "-colorspace", "bt709", "-c:a", "pcm_s16le", scratch.path(name))
    }

    /// Three shots in 150 frames; the second one comes in with a dissolve that lies over frame 96 at 24 frames a second, and
    /// goes with a cut.
    private func film(
        _ scratch: Scratch, _ target: MediaTarget, rate: EditRate, start: String? = nil
    ) throws -> Conform {
        if !FileManager.default.fileExists(atPath: scratch.path("a.mov")) {
            try source(scratch, "a.mov", rate.description, seed: 1)
            try source(scratch, "b.mov", rate.description, seed: 2)
        }
        var cut = Cut(
            name: "Seams", rate: rate,
            tracks: [
                Cut.Track(
                    .video,
                    [
                        NumberedSource.clip("a.mov", 7..<101, at: rate), NumberedSource.dissolve(8, 8, at: rate),
                        NumberedSource.clip("b.mov", 20..<56, at: rate),
                        NumberedSource.clip("a.mov", 40..<60, at: rate),
                    ])
            ])
        if let start {
            cut.isDropFrame = start.contains(";")
            cut.globalStart = Timecode.frames(start, at: rate).map { EditTime($0, at: rate) }
        }
        let catalogue = ConformCatalogue(try ["a.mov", "b.mov"].map { try NumberedSource.source(scratch, $0) })
        let plan = try ConformPlan(
            cut, from: catalogue,
            settings: .init(rate: rate, sampleRate: Conform.sampleRate(of: target, preferred: 48_000)))
        return Conform(
            plan: plan, files: plan.sources.map { scratch.path($0.path) }, target: target, width: 256, height: 144,
            title: cut.name)
    }

    /// The film's chunks and its sound, made as jobs make them.
    private func chunks(
        of film: Conform, _ scratch: Scratch, _ ranges: [Range<Int>]
    ) throws -> (files: [String], sound: String?) {
        let kind = film.target.container
        let files = try ranges.map { range in
            var chunk = film
            chunk.target = try MediaTarget(container: kind, video: film.target.video, audio: nil)
            chunk.frames = range
            let path = scratch.path("\(range.lowerBound).\(kind.rawValue)")
            try chunk.render(to: path)
            return path
        }
        guard let audio = film.target.audio else { return (files, nil) }
        let place = kind.ofJoinedSound(audio.codec)
        var sound = film
        sound.target = try MediaTarget(container: place, video: nil, audio: audio)
        try sound.render(to: scratch.path("sound.\(place.rawValue)"))
        return (files, scratch.path("sound.\(place.rawValue)"))
    }

    private func join(of film: Conform, _ files: [String], sound: String?) -> Join {
        Join(
            chunks: files, sound: sound, container: film.target.container, rate: film.plan.settings.rate,
            frameCount: film.plan.frameCount,
            words: FilmWords(
                title: film.title, startTimecode: film.plan.startTimecode, chapters: film.plan.chapters))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var container: ContainerKind
        var video: VideoTarget
        var audio: AudioCodec
        var rate: (Int, Int)
        var start: String?
        var testDescription: String { "\(container.title), \(video.codec.title), \(audio)" }
    }

    @Test(
        "Pictures, times, sound and words are those of the film in one pass",
        arguments: [
            Case(
                container: .mp4, video: VideoTarget(quality: .low), audio: .aac, rate: (24_000, 1001),
                start: "01:00:00:00"),
            Case(
                container: .mov, video: VideoTarget(codec: .hevc, quality: .low), audio: .pcm16, rate: (30_000, 1001),
                start: "00:59:58;00"),
            Case(
                container: .mkv, video: VideoTarget(quality: .low), audio: .flac, rate: (30_000, 1001),
                start: "00:01:59;28"),
            Case(container: .mkv, video: VideoTarget(codec: .hevc, quality: .low), audio: .aac, rate: (24, 1)),
            Case(
                container: .mov, video: VideoTarget(codec: .prores, profile: .proxy), audio: .pcm24,
                rate: (24_000, 1001),
                start: "10:00:00:00"),
            Case(container: .mov, video: VideoTarget(codec: .dnxhr, profile: .lb), audio: .aac, rate: (25, 1)),
            Case(container: .webm, video: VideoTarget(codec: .vp9, quality: .low), audio: .opus, rate: (25, 1)),
            Case(container: .mp4, video: VideoTarget(codec: .av1, quality: .low), audio: .opus, rate: (24, 1)),
        ])
    func sameAsOnePass(_ test: Case) throws {
        let scratch = try Scratch()
        let rate = try #require(EditRate(test.rate.0, test.rate.1))
        let target = try MediaTarget(
            container: test.container, video: test.video, audio: AudioTarget(codec: test.audio, quality: .low))
        let film = try film(scratch, target, rate: rate, start: test.start)
        let coding = ChunkedCoding(group: test.video.codec.isIntraOnly ? 1 : 48, isEven: true)
        let ranges = ChunkPlan.ranges(
            of: .init(frameCount: film.plan.frameCount, rate: rate, coding: coding), hosts: 1, mode: .chunks(3))
        #expect(ranges.count == 3 && film.plan.frameCount == 150)
        let (one, joined) = (
            scratch.path("one.\(test.container.rawValue)"), scratch.path("joined.\(test.container.rawValue)")
        )
        try film.render(to: one)
        let made = try chunks(of: film, scratch, ranges)
        var last: MediaProgress?
        try join(of: film, made.files, sound: made.sound).render(to: joined) { last = $0 }
        #expect(last?.framesDone == 150 && last?.framesTotal == 150 && last?.stage == .done)

        #expect(try Tool.ffprobe(joined).video?.nb_read_frames == "150")
        #expect(try MediaProbe.read(path: joined).video?.frameCount == 150)
        #expect(try Tool.pixels(joined, width: 16, height: 9).count == 150 * 16 * 9 * 3)
        #expect(try Tool.times(joined) == Tool.times(one))
        let decoded = try Tool.ask(joined, "packet=dts", "-select_streams", "v:0").compactMap(Int.init)
        #expect(zip(decoded, decoded.dropFirst()).allSatisfy { $0 < $1 })
        #expect(try Tool.frameHashes(joined, "0:a:0") == Tool.frameHashes(one, "0:a:0"))
        #expect(try Tool.packetHashes(joined, "0:a:0") == Tool.packetHashes(one, "0:a:0"))
        #expect(try told(joined) == told(one))
        try expectPictures(of: joined, asGoodAs: one, film, scratch)
    }

    /// What a file tells of itself that does not depend on the bytes of its pictures.
    private func told(_ path: String) throws -> String {
        try Tool.run(
            "ffprobe",
            [
                "-v", "error", "-show_chapters", "-show_entries",
                "stream=index,codec_type,codec_name,profile,codec_tag_string,width,height,pix_fmt,level,color_range,"
                    + "color_space,color_transfer,color_primaries,r_frame_rate,avg_frame_rate,time_base,start_pts,"
                    + "duration_ts,nb_frames,sample_rate,channels,channel_layout,has_b_frames:stream_tags"
                    + ":stream_disposition=default:format=nb_streams,format_name,start_time,duration:format_tags",
                path,
            ])
    }

    private func expectPictures(
        of joined: String, asGoodAs one: String, _ film: Conform, _ scratch: Scratch
    ) throws {
        var exact = film
        // The film without loss: H.264 in 4:4:4 with the factor 0.
        exact.target = try MediaTarget(
            container: .mkv, video: VideoTarget(quality: .low, rate: .factor(0), chroma: .full), audio: nil)
        try exact.render(to: scratch.path("exact.mkv"))
        let luma = "setpts=PTS-STARTPTS,extractplanes=y"
        let single = try Tool.psnr(one, scratch.path("exact.mkv"), filters: luma)
        let chunked = try Tool.psnr(joined, scratch.path("exact.mkv"), filters: luma)
        #expect(abs(single - chunked) <= 0.1, "\(single) dB in one pass, \(chunked) dB joined")
        // No seam is seen: of the frames beside one, none is worse than the film's worst in one pass, but for a little.
        let worst = try Tool.framePSNR(one, scratch.path("exact.mkv")).min() ?? 0
        let found = try Tool.framePSNR(joined, scratch.path("exact.mkv"))
        #expect(
            found.count == 150 && (found.min() ?? 0) >= worst - 1, "\(found.min() ?? 0) dB, \(worst) dB in one pass")
    }

    @Test("What does not follow is refused by its name, and nothing is left")
    func refusals() throws {
        let scratch = try Scratch()
        let target = try MediaTarget(container: .mkv, video: VideoTarget(quality: .low), audio: nil)
        let film = try film(scratch, target, rate: .film)
        let ranges = [0..<48, 48..<96, 96..<144, 144..<150]
        let files = try chunks(of: film, scratch, ranges).files
        let out = scratch.path("out.mkv")
        try join(of: film, files, sound: nil).render(to: out)
        try FileManager.default.removeItem(atPath: out)

        let smaller = scratch.path("smaller.mkv")
        var other = film
        (other.width, other.frames) = (160, 48..<96)
        try other.render(to: smaller)
        let finer = scratch.path("finer.mkv")
        other = film
        other.target = try MediaTarget(container: .mkv, video: VideoTarget(quality: .high), audio: nil)
        other.frames = 48..<96
        try other.render(to: finer)
        let plain = scratch.path("plain.mkv")
        try Tool.ffmpeg("-i", files[1], "-c", "copy", "-metadata", "comment=", plain)
        let late = scratch.path("late.mkv")
        try Tool.ffmpeg("-i", files[1], "-c", "copy", "-copyinkf", "-bsf:v", "noise=drop=not(n)", late)
        let short = scratch.path("short.mkv")
        try Tool.ffmpeg("-i", files[1], "-c", "copy", "-frames:v", "40", short)
        let slow = scratch.path("slow.mkv")
        try Tool.ffmpeg("-itsscale", "2", "-i", files[1], "-c", "copy", slow)
        try scratch.cut("96.mkv", to: 0.6, as: "torn.mkv")
        let torn = scratch.path("torn.mkv")
        try Data("no film".utf8).write(to: URL(fileURLWithPath: scratch.path("words.mkv")))

        let broken: [(files: [String], says: String)] = [
            ([files[0], files[2], files[3]], "96.mkv"), ([files[0], files[1], files[2]], "144"),
            ([files[1], files[0], files[2], files[3]], "48.mkv"), (Array(files.dropFirst()), "48.mkv"),
            ([files[0], files[1], files[1], files[2], files[3]], "48.mkv"),
            ([files[0], smaller, files[2], files[3]], "smaller.mkv"),
            ([files[0], finer, files[2], files[3]], "finer.mkv"), ([files[0], plain, files[2], files[3]], "plain.mkv"),
            ([files[0], late, files[2], files[3]], "key frame"), ([files[0], short, files[2], files[3]], "short.mkv"),
            ([files[0], slow, files[2], files[3]], "slow.mkv"), ([files[0], files[1], torn, files[3]], "torn.mkv"),
            ([files[0], scratch.path("words.mkv")], "words.mkv"), ([], "no chunk"),
            ([files[0], scratch.path("away.mkv")], "away.mkv"),
        ]
        for (files, says) in broken {
            let error = #expect(throws: MediaError.self, "\(says)") {
                try join(of: film, files, sound: nil).render(to: out)
            }
            #expect(error?.message.contains(says) == true, "\(says): \(error?.message ?? "")")
            #expect(!FileManager.default.fileExists(atPath: out))
        }
        var longer = join(of: film, files, sound: nil)
        longer.frameCount = 160
        #expect(throws: MediaError.self) { try longer.render(to: out) }
        #expect(throws: MediaError.self) { try join(of: film, files, sound: files[0]).render(to: out) }
        #expect(throws: MediaError.self) { try join(of: film, files, sound: nil).render(to: files[1]) }
    }
}

extension ContainerKind {
    fileprivate func ofJoinedSound(_ codec: AudioCodec) -> ContainerKind {
        ContainerKind(rawValue: ChunkedCoding.soundContainer(of: rawValue, codec: codec.rawValue)) ?? self
    }
}

extension Tool {
    /// How far every frame of a film is from the one of another, in luma, in decibels.
    fileprivate static func framePSNR(_ first: String, _ second: String) throws -> [Double] {
        let scratch = try Scratch()
        try ffmpeg(
            "-i", first, "-i", second, "-lavfi",
            "[0:v]settb=1/25,setpts=N,format=gray10[a];[1:v]settb=1/25,setpts=N,format=gray10[b];[a][b]psnr=stats_file=\(scratch.path("log"))",
            "-f", "null", "-")
        return String(decoding: try scratch.bytes("log"), as: UTF8.self).split(separator: "\n").compactMap { line in
            line.split(separator: " ").first { $0.hasPrefix("psnr_y:") }.flatMap { Double($0.dropFirst(7)) }
        }
    }
}
