import CMedia

/// The pictures of one file and the sound of others in one file, each from its own beginning. Streams that the container can
/// hold are copied; the others are encoded with what the container usually holds.
public struct Mux: Sendable, Equatable {
    /// The file with the pictures; its own sound is left out where there are others, and kept where there are none.
    public var video: String
    /// The files with sound, in the order of the soundtracks; of each its first stream.
    public var audio: [String]
    /// The soundtracks' languages as ISO 639-2 has them, such as `eng`, in the same order; fewer leave the rest as they are.
    public var languages: [String]
    /// The paths of files with subtitles, WebVTT or SubRip, in order.
    public var subtitles: [String]
    /// The subtitles' languages in order, three letters of ISO 639-2 each.
    public var subtitleLanguages: [String]
    /// The kind of file to write.
    public var container: ContainerKind
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - video: The file with the pictures.
    ///   - audio: The files with sound, in the order of the soundtracks.
    ///   - languages: The soundtracks' languages.
    ///   - subtitles: The paths of files with subtitles.
    ///   - subtitleLanguages: The subtitles' languages in order.
    ///   - container: The kind of file to write.
    ///   - limits: The largest input to accept.
    public init(
        video: String, audio: [String] = [], languages: [String] = [], subtitles: [String] = [],
        subtitleLanguages: [String] = [], container: ContainerKind = .mp4, limits: MediaLimits = MediaLimits()
    ) {
        self.video = video
        self.audio = audio
        self.languages = languages
        self.subtitles = subtitles
        self.subtitleLanguages = subtitleLanguages
        self.container = container
        self.limits = limits
    }

    /// Writes the file. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output, never an input's path. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Returns: What became of each stream.
    /// - Throws: `MediaError` of any code, naming the file at fault, or what `progress` threw.
    @discardableResult
    public func render(
        to path: String, progress: @escaping MediaProgressReport = { _ in }
    ) throws -> TranscodeOutcome {
        guard let pictures = container.usualVideo else {
            throw MediaError(.parametersInvalid, "\(container.title) has no place for pictures.")
        }
        for language in languages + subtitleLanguages
        where !(language.count == 3 && language.allSatisfy { ("a"..."z").contains($0) }) {
            throw MediaError(.parametersInvalid, "\(language.prefix(16)) is no language code of three letters.")
        }
        let target = try MediaTarget(
            container: container, video: VideoTarget(codec: pictures), audio: AudioTarget(codec: container.usualAudio))
        let film = try Demuxer(path: video, limits: limits)
        let sounds = try audio.map { try Demuxer(path: $0, limits: limits) }
        let documents = try subtitles.map(SubtitleFile.read)
        for demuxer in [film] + sounds { try demuxer.refuseOverwriting(path) }
        guard let stream = film.mainVideo, !film.isPicture else {
            throw MediaError(.unsupported, "\(film.name) has no moving pictures.")
        }
        let muxer = try Muxer(path: path, container: container)
        let work = Transcode(input: video, target: target, keepsDepth: true, keepsAlpha: true, limits: limits)
        var first = MuxSource(film)
        first.streams.append(
            container.holds(stream)
                ? .copy(try CopiedStream(stream, start: film.start, into: muxer), isVideo: true)
                : try work.pictures(stream, of: film, nil, into: muxer))
        if sounds.isEmpty {
            for own in film.audioStreams { first.streams.append(try sound(own, of: film, work, into: muxer)) }
        }
        var sources = [first]
        for demuxer in sounds {
            guard let stream = demuxer.audioStreams.first else {
                throw MediaError(.unsupported, "\(demuxer.name) has no sound.")
            }
            sources.append(MuxSource(demuxer, [try sound(stream, of: demuxer, work, into: muxer)]))
        }
        for source in sources {
            CarriedWords(isMain: source.demuxer === film)
                .carry(of: source.demuxer, for: source.streams.map { CarriedStream($0) }, into: muxer)
        }
        let tracks = sources.flatMap(\.streams).filter { !$0.isVideo }
        for (track, language) in zip(tracks, languages) { muxer.describe(stream: track.stream, "language", language) }
        let length = film.duration.map { Int($0 / 1000) }
        let texts = try documents.map { try SubtitleTrack($0, upTo: length, into: muxer) }
        for (text, language) in zip(texts, subtitleLanguages) {
            muxer.describe(stream: text.stream, "language", language)
        }
        try muxer.start()
        for text in texts { try text.write() }
        var counter = ProgressCounter(total: film.expectedFrames(of: stream), report: progress)
        try counter.start()
        try interleave(&sources, counting: &counter)
        try counter.finishing()
        try muxer.finish {
            if sources.contains(where: { $0.streams.contains { $0.handling == .copied } }) {
                try CopiedStream.check(path, copiedFrom: film.name, limits)
            }
            try counter.done()
        }
        return TranscodeOutcome(
            video: sources[0].streams[0].handling, audio: tracks.map(\.handling), subtitles: texts.count,
            frames: counter.framesDone)
    }

    private func sound(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, _ work: Transcode, into muxer: Muxer
    ) throws -> TranscodedStream {
        container.holds(stream)
            ? .copy(try CopiedStream(stream, start: demuxer.start, into: muxer), isVideo: false)
            : try work.sound(stream, of: demuxer, nil, into: muxer)
    }

    /// Takes from the files in the order of time, so that the writer has never much to hold.
    private func interleave(_ sources: inout [MuxSource], counting counter: inout ProgressCounter) throws {
        let packet = try Packet()
        while let next = sources.indices.filter({ !sources[$0].isAtEnd }).min(by: {
            sources[$0].time < sources[$1].time
        }) {
            guard try sources[next].demuxer.read(into: packet) else {
                try sources[next].demuxer.checkComplete()
                sources[next].isAtEnd = true
                continue
            }
            sources[next].time = sources[next].demuxer.reached
            let index = packet.pointer.pointee.stream_index
            guard let stream = sources[next].streams.first(where: { $0.index == index }) else { continue }
            try stream.take(packet) { if stream.isVideo { try counter.advance() } }
        }
        for stream in sources.flatMap(\.streams) {
            try stream.finish(each: { if stream.isVideo { try counter.advance() } }, beat: { try counter.beat() })
        }
    }
}

/// One of the files that are put together.
private struct MuxSource {
    let demuxer: Demuxer
    var streams: [TranscodedStream]
    var isAtEnd = false
    /// How far it has been read, in microseconds from its start.
    var time: Int64 = 0

    init(_ demuxer: Demuxer, _ streams: [TranscodedStream] = []) {
        self.demuxer = demuxer
        self.streams = streams
    }
}
