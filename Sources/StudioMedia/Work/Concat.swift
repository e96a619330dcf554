import CMedia

/// Films one after the other in one file.
///
/// Films of one and the same format are joined without encoding them, where that is allowed: their packets follow each other.
/// Otherwise every one is brought to the first one's size (fitted inside, centred on black), frame rate (as `PictureChange`
/// says) and colours, and has its first soundtrack, cut or filled with silence to the length of its pictures, so that sound and
/// picture stay together however many films there are.
public struct Concat: Sendable, Equatable {
    /// The films' paths, in order.
    public var inputs: [String]
    /// What the output holds where films are encoded.
    public var target: MediaTarget
    /// The size and rate where films are encoded; `nil` values are the first film's.
    public var change: PictureChange
    /// Whether films of one format are joined without encoding them.
    public var copies: Bool
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - inputs: The films' paths, in order; two or more.
    ///   - target: What the output holds where films are encoded.
    ///   - change: The size and rate where films are encoded; the first film's by default.
    ///   - copies: Whether films of one format are joined without encoding them.
    ///   - limits: The largest input to accept.
    public init(
        inputs: [String], target: MediaTarget, change: PictureChange = PictureChange(), copies: Bool = true,
        limits: MediaLimits = MediaLimits()
    ) {
        self.inputs = inputs
        self.target = target
        self.change = change
        self.copies = copies
        self.limits = limits
    }

    /// Joins the films. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output, never an input's path. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Returns: Whether the films were encoded or copied, and the frames.
    /// - Throws: `MediaError` of any code, naming the film at fault, or what `progress` threw.
    @discardableResult
    public func render(
        to path: String, progress: @escaping MediaProgressReport = { _ in }
    ) throws -> TranscodeOutcome {
        try change.check()
        guard inputs.count >= 2 else { throw MediaError(.parametersInvalid, "There are not two films to join.") }
        guard let pictures = target.video else {
            throw MediaError(.parametersInvalid, "\(target.container.title) has no place for pictures to join.")
        }
        let films = try inputs.map { try ConcatFilm(path: $0, limits: limits) }
        for film in films { try film.demuxer.refuseOverwriting(path) }
        var counter = ProgressCounter(total: films.map(\.frames).reduce(0, +), report: progress)
        try counter.start()
        if copies, change == PictureChange(), let first = films.first,
            films.allSatisfy({ $0.format == first.format && $0.canBeCopied(into: target.container) })
        {
            return try copy(films, to: path, counting: &counter)
        }
        return try encode(films, pictures, to: path, counting: &counter)
    }

    private func copy(
        _ films: [ConcatFilm], to path: String, counting counter: inout ProgressCounter
    ) throws -> TranscodeOutcome {
        guard let first = films.first else { throw MediaError(.parametersInvalid, "There are no films.") }
        let muxer = try Muxer(path: path, container: target.container)
        let kept = [first.video] + first.demuxer.audioStreams
        // Every film's own start is taken off below.
        let tracks = try kept.map { try CopiedStream($0, start: 0, into: muxer) }
        if let timecode = first.demuxer.timecode, first.rate.hasTimecode {
            muxer.setTimecode(timecode.description, ofVideo: tracks[0].stream)
        }
        try muxer.start()
        var before = 0
        for film in films {
            let streams = [film.video] + film.demuxer.audioStreams
            let packet = try Packet()
            var frames = 0
            while try film.demuxer.read(into: packet) {
                let index = packet.pointer.pointee.stream_index
                guard let place = streams.firstIndex(where: { $0.pointee.index == index }) else { continue }
                let base = streams[place].pointee.time_base
                let shown = film.demuxer.shown(packet, base)
                if place == 0 {
                    frames += 1
                } else if shown >= film.rate.time(ofFrame: film.frames, in: base) || (before > 0 && shown < 0) {
                    // Sound beside its pictures would run into the neighbouring film.
                    continue
                }
                let start = av_rescale_q(film.demuxer.start, cmedia_microsecond(), base)
                try tracks[place].write(packet, shift: film.rate.time(ofFrame: before, in: base) - start)
                if place == 0 { try counter.advance() }
            }
            try film.demuxer.checkComplete()
            before += frames
        }
        try counter.finishing()
        try muxer.finish {
            try CopiedStream.check(path, copiedFrom: first.demuxer.name, limits)
            try counter.done()
        }
        return TranscodeOutcome(
            video: .copied, audio: tracks.dropFirst().map { _ in .copied }, frames: counter.framesDone)
    }

    private func encode(
        _ films: [ConcatFilm], _ pictures: VideoTarget, to path: String, counting counter: inout ProgressCounter
    ) throws -> TranscodeOutcome {
        guard let first = films.first else { throw MediaError(.parametersInvalid, "There are no films.") }
        let rate = change.frameRate ?? first.rate
        let plan = try PicturePlan(
            first.video, of: first.demuxer, change: change, target: pictures, toneMaps: true)
        var common = change
        (common.width, common.height, common.frameRate) = (plan.width, plan.height, rate)
        let muxer = try Muxer(path: path, container: target.container)
        let video = try VideoTrack(
            VideoTrack.Shape(
                width: plan.width, height: plan.height, timeBase: rate.frameDuration, frameRate: rate.rational,
                colours: .bt709, target: pictures),
            into: muxer)
        let sounding = films.compactMap { $0.demuxer.audioStreams.first }.first
        let samples = try target.audio.flatMap { target in
            try sounding.map { try SampleQueue(into: AudioTrack(target, of: AudioTrack.Source($0), into: muxer)) }
        }
        if let timecode = first.demuxer.timecode, rate.hasTimecode {
            muxer.setTimecode(
                timecode.converted(from: first.rate, to: rate).description, ofVideo: video.stream)
        }
        try muxer.start()
        var frames = 0
        for film in films {
            frames += try film.encode(
                after: frames, change: common, target: pictures, rate: rate, into: video, samples
            ) { try counter.advance() }
        }
        try video.finish { try counter.beat() }
        try samples?.finish()
        try counter.finishing()
        try muxer.finish { try counter.done() }
        return TranscodeOutcome(video: .encoded, audio: samples.map { _ in [.encoded] } ?? [], frames: frames)
    }
}
