import CMedia
public import StudioCore

/// One film of chunks that were encoded by themselves, and of its sound, which was made in one pass: packets are copied,
/// nothing is encoded.
///
/// A chunk is a part of the film with pictures alone, as `Conform` makes it. Every promise that the film makes is held
/// against the chunks while they are read, and nothing is left where one of them is broken: they are of one film and follow
/// each other without a gap; all have the same codec, header, size and colours; each begins with a key frame and has exactly
/// its frames, each once, at the film's rate. Times are counted in frames of the film and never taken from a chunk's own
/// clock, so that they are those of a film that was made in one pass, to the tick.
public struct Join: Sendable {
    /// The chunks' files, in order.
    public var chunks: [String]
    /// The file with the sound; nil for none.
    public var sound: String?
    /// The kind of file to write.
    public var container: ContainerKind
    /// The film's rate.
    public var rate: EditRate
    /// The film's length.
    public var frameCount: Int
    /// What the film says of itself.
    public var words: FilmWords
    /// The film that the chunks are a transcode of; its words, chapters, timecode and languages are carried, as in one pass, in
    /// place of ``words``.
    public var original: String?
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - chunks: The chunks' files, in order.
    ///   - sound: The file with the sound; nil for none.
    ///   - container: The kind of file to write; default MP4.
    ///   - rate: The film's rate.
    ///   - frameCount: The film's length, in frames.
    ///   - words: What the film says of itself; default nothing.
    ///   - original: The film that the chunks are a transcode of, whose words are carried; default none.
    ///   - limits: The largest input to accept.
    public init(
        chunks: [String], sound: String? = nil, container: ContainerKind = .mp4, rate: EditRate, frameCount: Int,
        words: FilmWords = FilmWords(), original: String? = nil, limits: MediaLimits = MediaLimits()
    ) {
        self.chunks = chunks
        self.sound = sound
        self.container = container
        self.rate = rate
        self.frameCount = frameCount
        self.words = words
        self.original = original
        self.limits = limits
    }

    /// Joins the chunks. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output, never an input's path. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Throws: `MediaError` of any code, naming the chunk at fault, or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        guard let opening = chunks.first else { throw MediaError(.parametersInvalid, "There is no chunk to join.") }
        guard !container.videoCodecs.isEmpty else {
            throw MediaError(.parametersInvalid, "\(container.title) has no place for pictures to join.")
        }
        let first = try JoinedChunk(path: opening, limits: limits)
        try first.demuxer.refuseOverwriting(path)
        guard container.holds(first.video) else {
            throw MediaError(
                .unsupported, "The pictures of \(first.demuxer.name) cannot be put into \(container.title) as they are."
            )
        }
        let muxer = try Muxer(path: path, container: container)
        let frameRate = try FrameRate(rate.numerator, rate.denominator)
        let pictures = try JoinedPictures(like: first, rate: frameRate, frameCount: frameCount, into: muxer)
        let samples = try sound.map { file in
            let sound = try JoinedSound(path: file, limits: limits, into: muxer)
            try sound.refuseOverwriting(path)
            return sound
        }
        if let original {
            try carryWords(of: original, at: frameRate, pictures, samples, into: muxer)
        } else {
            try words.write(of: 0..<frameCount, at: rate, pictures: pictures.stream, into: muxer)
        }
        try muxer.start()
        var counter = ProgressCounter(total: frameCount, report: progress)
        try counter.start()
        for (number, file) in chunks.enumerated() {
            let chunk = number == 0 ? first : try JoinedChunk(path: file, limits: limits)
            if number > 0 { try chunk.demuxer.refuseOverwriting(path) }
            try pictures.append(chunk) { time in
                try samples?.write(upTo: time)
                try counter.advance()
            }
        }
        try pictures.checkWhole()
        try samples?.finish { try counter.beat() }
        try counter.finishing()
        try muxer.finish {
            try CopiedStream.check(path, copiedFrom: first.demuxer.name, limits)
            try counter.done()
        }
    }

    private func carryWords(
        of original: String, at rate: FrameRate, _ pictures: JoinedPictures, _ sound: JoinedSound?, into muxer: Muxer
    ) throws {
        let demuxer = try Demuxer(path: original, limits: limits)
        guard let video = demuxer.mainVideo else {
            throw MediaError(.unsupported, "\(demuxer.name) has no moving pictures.")
        }
        let tracks = sound?.streams ?? []
        guard tracks.isEmpty || tracks.count == demuxer.audioStreams.count else {
            throw MediaError(
                .inputInvalid,
                "\(demuxer.name) has \(demuxer.audioStreams.count) soundtracks, of which \(tracks.count) were made.")
        }
        let streams =
            [CarriedStream(index: video.pointee.index, stream: pictures.stream, isVideo: true)]
            + zip(demuxer.audioStreams, tracks).map {
                CarriedStream(index: $0.pointee.index, stream: $1, isVideo: false)
            }
        CarriedWords(frameRate: rate).carry(of: demuxer, for: streams, into: muxer)
    }
}
