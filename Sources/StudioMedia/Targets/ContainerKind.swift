/// The kinds of file that media is written to. The raw value is the file's extension.
public enum ContainerKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// ISO base media, index first: what browsers and players take.
    case mp4
    /// QuickTime, index first: what editing programs exchange.
    case mov
    /// Matroska: holds everything but DNxHR.
    case mkv
    /// WebM: the part of Matroska that browsers play.
    case webm
    /// ISO base media with sound alone.
    case m4a
    /// A FLAC stream of its own.
    case flac
    /// RIFF WAVE; over 4 GiB it becomes RF64.
    case wav
    /// Ogg with one Opus stream.
    case opus
    /// Ogg with Opus or FLAC.
    case ogg

    /// The video codecs that this kind of file may hold.
    public var videoCodecs: Set<VideoCodec> {
        switch self {
        case .mp4: [.h264, .hevc, .vp9, .av1]
        case .mov: [.h264, .hevc, .prores, .dnxhr]
        case .mkv: [.h264, .hevc, .prores, .vp9, .av1]
        case .webm: [.vp9, .av1]
        case .m4a, .flac, .wav, .opus, .ogg: []
        }
    }

    /// The audio codecs that this kind of file may hold.
    public var audioCodecs: Set<AudioCodec> {
        switch self {
        case .mp4: [.aac, .opus, .flac]
        case .mov: [.aac, .pcm16, .pcm24]
        case .mkv: Set(AudioCodec.allCases)
        case .webm, .opus: [.opus]
        case .m4a: [.aac]
        case .flac: [.flac]
        case .wav: [.pcm16, .pcm24]
        case .ogg: [.opus, .flac]
        }
    }

    /// Whether the file has a place for several audio streams.
    public var holdsManyStreams: Bool { [.mp4, .mov, .mkv, .webm].contains(self) }

    /// The name as people write it.
    public var title: String {
        switch self {
        case .mp4: "MP4"
        case .mov: "MOV"
        case .mkv: "Matroska"
        case .webm: "WebM"
        case .m4a: "M4A"
        case .flac: "FLAC"
        case .wav: "WAV"
        case .opus: "Opus"
        case .ogg: "Ogg"
        }
    }

    /// The video codec to take where none is named; `nil` for files of sound alone.
    public var usualVideo: VideoCodec? {
        switch self {
        case .mp4, .mkv: .h264
        case .mov: .prores
        case .webm: .vp9
        case .m4a, .flac, .wav, .opus, .ogg: nil
        }
    }

    /// The audio codec to take where none is named.
    public var usualAudio: AudioCodec {
        switch self {
        case .mp4, .m4a: .aac
        case .mkv, .flac: .flac
        case .mov, .wav: .pcm24
        case .webm, .opus, .ogg: .opus
        }
    }

    /// libavformat's name of the writer.
    var muxerName: String {
        switch self {
        case .mkv: "matroska"
        case .m4a: "ipod"
        default: rawValue
        }
    }

    /// Whether this is a kind of ISO base media, with an index and edit lists.
    var isISO: Bool { [.mp4, .mov, .m4a].contains(self) }
}
