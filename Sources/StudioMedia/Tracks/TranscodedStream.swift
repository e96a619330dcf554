import CMedia

/// One stream of a file on its way into another: encoded anew, or copied.
enum TranscodedStream {
    case video(VideoPipeline)
    case audio(AudioPipeline)
    case copy(CopiedStream, isVideo: Bool)

    /// The stream's number in its file.
    var index: Int32 {
        switch self {
        case .video(let pipeline): pipeline.index
        case .audio(let pipeline): pipeline.index
        case .copy(let copy, _): copy.index
        }
    }

    /// The stream's number in the output.
    var stream: Int32 {
        switch self {
        case .video(let pipeline): pipeline.stream
        case .audio(let pipeline): pipeline.stream
        case .copy(let copy, _): copy.stream
        }
    }

    var isVideo: Bool {
        switch self {
        case .video: true
        case .audio: false
        case .copy(_, let isVideo): isVideo
        }
    }

    /// What becomes of the stream.
    var handling: StreamHandling {
        if case .copy = self { .copied } else { .encoded }
    }

    /// Takes a packet; `each` is called for every frame or block that comes of it.
    func take(_ packet: Packet, each: () throws -> Void) throws {
        switch self {
        case .video(let pipeline): try pipeline.decode(packet, each: each)
        case .audio(let pipeline): try pipeline.decode(packet, each: each)
        case .copy(let copy, _):
            try copy.write(packet)
            try each()
        }
    }

    /// Brings out all that is still under way; `beat` is called where work goes on without a new frame.
    func finish(each: () throws -> Void, beat: () throws -> Void) throws {
        switch self {
        case .video(let pipeline): try pipeline.finish(each: each, beat: beat)
        case .audio(let pipeline): try pipeline.finish(each: each)
        case .copy: break
        }
    }
}

/// What became of a stream.
public enum StreamHandling: String, Sendable, Hashable, Codable {
    /// It was decoded and encoded anew.
    case encoded
    /// Its packets were written as they are.
    case copied
}

/// What a transcode did with each stream of its output, in the output's order.
public struct TranscodeOutcome: Sendable, Hashable, Codable {
    /// The pictures; `nil` without any.
    public var video: StreamHandling?
    /// The soundtracks.
    public var audio: [StreamHandling]
    /// How many tracks of subtitles were added.
    public var subtitles = 0
    /// The frames written, or for sound alone the blocks.
    public var frames: Int

    /// What was done.
    /// - Parameters:
    ///   - video: The pictures; `nil` without any.
    ///   - audio: The soundtracks.
    ///   - subtitles: How many tracks of subtitles were added; default none.
    ///   - frames: The frames written, or for sound alone the blocks.
    public init(video: StreamHandling?, audio: [StreamHandling], subtitles: Int = 0, frames: Int) {
        (self.video, self.audio, self.subtitles, self.frames) = (video, audio, subtitles, frames)
    }
}
