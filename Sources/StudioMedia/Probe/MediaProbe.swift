/// What a media file is, told by its content. Coded as JSON with these names as they stand; absent values are left out.
public struct MediaProbe: Sendable, Equatable, Codable {
    /// The container in libav's words, such as `mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm` or `png_pipe`.
    public var container: String
    /// The duration in seconds; `nil` for pictures and where the file gives none.
    public var durationSeconds: Double?
    /// The duration as an exact fraction of seconds, such as `1001/250`; that of the film where its frames all have the same.
    public var duration: String?
    /// When the first frame or sample is due, in seconds; usually 0.
    public var startSeconds: Double?
    /// The timecode of the first frame, such as `01:00:00:00`, with `;` before the frames for drop frame.
    public var timecode: String?
    /// What the content is, where the name's extension says something else, such as `png_pipe` for a picture named `a.mp4`.
    public var mismatch: String?
    /// The chapters, in order; `nil` without any.
    public var chapters: [Chapter]?
    /// The file's size in bytes.
    public var sizeBytes: Int64?
    /// Bits a second over the whole file; `nil` where the duration is not known.
    public var bitRate: Int64?
    /// The streams, in the file's order.
    public var streams: [Stream]

    /// The first moving or still picture that is not a cover; `nil` where there is none.
    public var video: Stream? { streams.first { $0.kind == .video && !$0.isCover } }
    /// The first audio stream; `nil` where there is none.
    public var audio: Stream? { streams.first { $0.kind == .audio } }

    /// A part of a film with a name.
    public struct Chapter: Sendable, Equatable, Codable {
        /// The name.
        public var title: String
        /// Where it begins, in seconds.
        public var startSeconds: Double
        /// Where it ends, in seconds.
        public var endSeconds: Double
    }

    /// The kinds of stream.
    public enum Kind: String, Sendable, Codable {
        /// Moving or still pictures.
        case video
        /// Sound.
        case audio
        /// Text or pictures of text.
        case subtitle
        /// Anything else: timecode, attachments, metadata.
        case data
    }

    /// One stream of a file. Values that do not apply to its kind, or that the file does not tell, are `nil`.
    public struct Stream: Sendable, Equatable, Codable {
        /// The number in the file, from 0.
        public var index: Int
        /// The kind.
        public var kind: Kind
        /// The codec in libav's words, such as `h264`.
        public var codec: String
        /// Whether this is a cover picture of a music file rather than something that plays.
        public var isCover: Bool
        /// When the stream's first frame or sample is due, in seconds.
        public var startSeconds: Double?
        /// The stream's own duration in seconds.
        public var durationSeconds: Double?
        /// The stream's own duration as an exact fraction of seconds.
        public var duration: String?
        /// The language as ISO 639-2 has it, such as `eng`.
        public var language: String?
        /// The codec's profile in libav's words, such as `High` or `HQ`.
        public var profile: String?
        /// Bits a second, as the file says.
        public var bitRate: Int64?
        /// The coded width in pixels, before it is turned.
        public var width: Int?
        /// The coded height in pixels, before it is turned.
        public var height: Int?
        /// The pixel format in libav's words, such as `yuv420p`.
        public var pixelFormat: String?
        /// The bits of one sample of a picture or of sound.
        public var bitDepth: Int?
        /// Whether pictures have transparency.
        public var hasAlpha: Bool?
        /// The order of fields: `progressive`, or `tt`, `bb`, `tb`, `bt` in libav's words; `nil` where it is not told.
        public var fieldOrder: String?
        /// The display that pictures of high dynamic range were graded on.
        public var masteringDisplay: MasteringDisplay?
        /// The brightest light of pictures of high dynamic range.
        public var contentLight: ContentLight?
        /// The shape of a pixel, such as `1/1`.
        public var pixelAspect: String?
        /// The average frame rate, such as `24/1` or `30000/1001`.
        public var frameRate: String?
        /// The frames in `frameRateDenominator` seconds.
        public var frameRateNumerator: Int?
        /// The seconds.
        public var frameRateDenominator: Int?
        /// The rate where all frames have the same duration; `nil` where they vary.
        public var steadyFrameRate: String?
        /// The frames: counted by packets with `Depth.packets`, else as the file says.
        public var frameCount: Int?
        /// The colour primaries, such as `bt709`.
        public var colourPrimaries: String?
        /// The transfer characteristics, such as `bt709` or `smpte2084`.
        public var colourTransfer: String?
        /// The matrix, such as `bt709`.
        public var colourMatrix: String?
        /// The range: `tv` (limited) or `pc` (full).
        public var colourRange: String?
        /// How far to turn the picture clockwise for display: 0, 90, 180 or 270 degrees.
        public var rotation: Int?
        /// Whether to mirror the picture left to right for display, before it is turned.
        public var isMirrored: Bool?
        /// Samples a second.
        public var sampleRate: Int?
        /// The channels.
        public var channels: Int?
        /// The channel layout in libav's words, such as `stereo` or `5.1`.
        public var channelLayout: String?
    }

    /// How much of a file is read.
    public enum Depth: Sendable {
        /// The header and the first frames. Fast for files of any size; does not notice that one is cut off.
        case header
        /// All packets, without decoding them: exact frame counts, and a file that is cut off is refused. Pictures are
        /// decoded.
        case packets
    }
}
