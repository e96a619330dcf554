import CMedia

/// A ladder being made: the film is decoded once, and every picture goes to all sizes.
final class LadderFilm {
    /// One size.
    private struct Rung {
        let muxer: Muxer
        let pipeline: VideoPipeline
        let segments: MediaSegments
        let plan: PicturePlan
        let place: Ladder.Rendition
    }

    /// The sound of all sizes.
    private struct Sound {
        let muxer: Muxer
        let sound: ConcatSound
        let samples: SampleQueue
        let segments: MediaSegments
        let place: Ladder.Rendition
        let language: String?
    }

    private let demuxer: Demuxer
    private let pictures: DecodedStream
    private let rate: FrameRate
    private let rungs: [Rung]
    private let sound: Sound?
    private let expected: Int?

    init(_ work: Ladder, videos: [Ladder.Rendition], sound place: Ladder.Rendition) throws {
        let demuxer = try Demuxer(path: work.input, limits: work.limits)
        guard let stream = demuxer.mainVideo, !demuxer.isPicture, let parameters = stream.pointee.codecpar?.pointee
        else { throw MediaError(.unsupported, "\(demuxer.name) has no moving pictures.") }
        for file in (videos + [place]).flatMap({ [$0.media, $0.playlist] }) { try demuxer.refuseOverwriting(file) }
        let rate =
            demuxer.steadyRate(of: stream) ?? FrameRate(stream.pointee.avg_frame_rate) ?? FrameRate(valid: 25, 1)
        let frames = min(3600, rate.frames(inSeconds: work.segmentSeconds))
        let (unit, ticks) = rate.fineTimeBase
        let length = Int64(frames) * ticks
        let target = VideoTarget(quality: work.quality, keyFrames: .every(frames: frames))
        pictures = try DecodedStream(stream, of: demuxer)
        let seen = Self.seen(parameters, demuxer.orientation(of: stream))
        rungs = try zip(work.sides(ofSource: Int(min(seen.width, seen.height))), videos).map { side, place in
            var change = PictureChange(frameRate: rate)
            change.beginsAtZero = true
            // Less than a change of size can be; such a film keeps its own.
            if side >= 16 {
                if seen.width < seen.height { change.width = side } else { change.height = side }
            }
            let plan = try PicturePlan(stream, of: demuxer, change: change, target: target, toneMaps: true)
            let segments = MediaSegments(length: length, unit: unit)
            let muxer = try Muxer(path: place.media, container: .mp4, segments: segments)
            let pipeline = try VideoPipeline(
                stream, of: demuxer, plan: plan, target: target, frameRate: rate, highDynamicRange: nil,
                decodesItself: false, into: muxer)
            return Rung(muxer: muxer, pipeline: pipeline, segments: segments, plan: plan, place: place)
        }
        // The file may last longer than its pictures, which the sound is cut to.
        let counted =
            stream.pointee.nb_frames > 0
            ? Int(stream.pointee.nb_frames)
            : try ConcatFilm.countFrames(work.input, stream.pointee.index, work.limits)
        let expected = demuxer.steadyRate(of: stream) == nil ? rungs.first?.pipeline.expectedFrames : counted
        sound = try demuxer.audioStreams.first.map { stream in
            let segments = MediaSegments(length: length, unit: unit)
            let muxer = try Muxer(path: place.media, container: .mp4, segments: segments)
            let target = AudioTarget(codec: .aac, quality: work.quality, channels: .stereo)
            let samples = try SampleQueue(into: AudioTrack(target, of: AudioTrack.Source(stream), into: muxer))
            let end = expected.map { samples.time(ofFrame: $0, at: rate) } ?? .max
            let sound = try ConcatSound(stream, of: demuxer, into: samples, from: 0, to: end)
            let said = demuxer.words(of: stream).first { $0.0 == "language" && $0.1 != "und" }
            let language = said.flatMap { Playlist.language($0.1) }
            return Sound(
                muxer: muxer, sound: sound, samples: samples, segments: segments, place: place, language: language)
        }
        self.demuxer = demuxer
        self.rate = rate
        self.expected = expected
    }

    func render(to path: String, progress: @escaping MediaProgressReport) throws -> Ladder.Outcome {
        try demuxer.refuseOverwriting(path)
        for muxer in muxers { try muxer.start() }
        var counter = ProgressCounter(total: expected, report: progress)
        if let first = rungs.first { counter.newest = { first.pipeline.newest } }
        try counter.start()
        let packet = try Packet()
        var packets = 0
        while try demuxer.read(into: packet) {
            packets += 1
            if packets % 64 == 0 { try counter.beat() }
            let index = packet.pointer.pointee.stream_index
            if index == pictures.index { try pictures.decode(packet) { try take($0, &counter) } }
            if let sound, sound.sound.index == index { try sound.sound.decode(packet) }
        }
        try demuxer.checkComplete()
        try pictures.finish { try take($0, &counter) }
        for (number, rung) in rungs.enumerated() {
            try rung.pipeline.finish(
                each: { if number == 0 { try counter.advance() } }, beat: { try counter.beat() })
        }
        let frames = counter.framesDone
        if let sound {
            try sound.sound.finish()
            try sound.samples.fill(to: sound.samples.time(ofFrame: frames, at: rate))
            try sound.samples.finish()
        }
        try counter.finishing()
        try finish(muxers[...]) { try self.list(in: path) { try counter.done() } }
        return Ladder.Outcome(
            sizes: rungs.map {
                Ladder.Outcome.Size(width: $0.plan.width, height: $0.plan.height, bitRate: $0.segments.peakBitRate)
            },
            hasSound: sound != nil, frames: frames)
    }

    private var muxers: [Muxer] { rungs.map(\.muxer) + (sound.map { [$0.muxer] } ?? []) }

    private func take(_ decoded: Frame, _ counter: inout ProgressCounter) throws {
        for (number, rung) in rungs.enumerated() {
            try rung.pipeline.take(decoded) { if number == 0 { try counter.advance() } }
        }
    }

    /// Finishes files one within the other, so that none is kept where one cannot be.
    private func finish(_ rest: ArraySlice<Muxer>, _ last: () throws -> Void) throws {
        guard let muxer = rest.first else { return try last() }
        try muxer.finish { try finish(rest.dropFirst(), last) }
    }

    /// Writes the playlists.
    private func list(in path: String, _ last: () throws -> Void) throws {
        var texts: [(String, String)] = []
        let videos = try rungs.map { rung in
            texts.append((rung.place.playlist, Playlist.text(of: rung.segments, at: rung.place.mediaAddress)))
            return Playlist.Rendition(
                playlist: rung.place.playlistAddress, segments: rung.segments, codec: try codec(of: rung),
                size: (rung.plan.width, rung.plan.height))
        }
        let heard = sound.map { sound in
            texts.append((sound.place.playlist, Playlist.text(of: sound.segments, at: sound.place.mediaAddress)))
            // AAC-LC, RFC 6381, section 3.4.
            return Playlist.Rendition(
                playlist: sound.place.playlistAddress, segments: sound.segments, codec: "mp4a.40.2",
                language: sound.language)
        }
        texts.append((path, Playlist.master(of: videos, sound: heard, frameRate: rate)))
        let outputs = try texts.map { place, text in
            let output = try OutputFile(path: place)
            try output.write(Array(text.utf8))
            return output
        }
        try last()
        for output in outputs { output.keep() }
    }

    private func codec(of rung: Rung) throws -> String {
        guard let parameters = rung.muxer.stream(rung.pipeline.stream)?.pointee.codecpar?.pointee,
            let codec = Playlist.codec(
                ofH264: UnsafeBufferPointer(start: parameters.extradata, count: Int(parameters.extradata_size)))
        else { throw MediaError(.outputFailed, "The encoder does not say what it made.") }
        return codec
    }

    /// The pictures' size as they are seen: upright, pixels square.
    private static func seen(
        _ parameters: AVCodecParameters, _ orientation: Orientation
    ) -> (width: Double, height: Double) {
        let aspect = parameters.sample_aspect_ratio
        let stretch = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1
        return orientation.turned(Double(parameters.width) * stretch, Double(parameters.height))
    }
}
