import CMedia
public import StudioCore

/// A film in several sizes for review in a browser: HTTP Live Streaming with H.264 and AAC in fragmented MP4 (CMAF), one file
/// with byte ranges for each size and one for the sound.
///
/// The largest size is the source's, as it is seen, or what ``maxSide`` allows; the others are those of 1440, 1080, 720, 480
/// and 240 lines that are at most four fifths of the one before. All begin their segments with a key frame at the same
/// moments, and refer to nothing outside of them. The first soundtrack is heard, cut or filled with silence to the pictures'
/// length. Frames have all the same duration: the source's rate, or its average.
public struct Ladder: Sendable, Equatable {
    /// The most sizes that are made.
    public static let mostSizes = 4

    /// A file and the playlist that lists its segments.
    public struct Rendition: Sendable, Equatable {
        /// The path of the media.
        public var media: String
        /// The path of its playlist.
        public var playlist: String
        /// What the playlist calls the media: an address relative to the playlist's own.
        public var mediaAddress: String
        /// What the main playlist calls this one.
        public var playlistAddress: String

        /// Describes where a rendition goes.
        /// - Parameters:
        ///   - media: The path of the media.
        ///   - playlist: The path of its playlist.
        ///   - mediaAddress: What the playlist calls the media.
        ///   - playlistAddress: What the main playlist calls this one.
        public init(media: String, playlist: String, mediaAddress: String, playlistAddress: String) {
            self.media = media
            self.playlist = playlist
            self.mediaAddress = mediaAddress
            self.playlistAddress = playlistAddress
        }
    }

    /// The input's path.
    public var input: String
    /// The shorter side of the largest size, in pixels, 16 to 2160.
    public var maxSide: Int
    /// How long a segment is, in seconds, 0.5 to 30; rounded to whole frames.
    public var segmentSeconds: Double
    /// The time and space to spend.
    public var quality: QualityTier
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes a ladder.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - maxSide: The shorter side of the largest size, in pixels. Default 1080.
    ///   - segmentSeconds: How long a segment is. Default 4.
    ///   - quality: The time and space to spend.
    ///   - limits: The largest input to accept.
    public init(
        input: String, maxSide: Int = 1080, segmentSeconds: Double = 4, quality: QualityTier = .standard,
        limits: MediaLimits = MediaLimits()
    ) {
        self.input = input
        self.maxSide = maxSide
        self.segmentSeconds = segmentSeconds
        self.quality = quality
        self.limits = limits
    }

    /// The shorter sides of the sizes, largest first.
    /// - Parameter side: The source's shorter side, in pixels.
    /// - Returns: One to ``mostSizes`` numbers, none larger than the source's.
    public func sides(ofSource side: Int) -> [Int] {
        var sides = [max(2, min(side, maxSide) & ~1)]
        for usual in [1440, 1080, 720, 480, 240] where sides.count < Self.mostSizes {
            if let last = sides.last, usual * 5 <= last * 4 { sides.append(usual) }
        }
        return sides
    }

    /// Makes the files. Blocks for as long as it takes. Of the renditions only as many are made as the film has sizes, and
    /// sound only where it has any; on failure nothing is left of any.
    /// - Parameters:
    ///   - path: The main playlist. A file there is replaced, as for the others.
    ///   - videos: Where the sizes go, largest first; ``mostSizes`` of them are always enough.
    ///   - sound: Where the sound goes.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Returns: The sizes that were made, and whether there is sound.
    /// - Throws: `MediaError` (`unsupported` for an input without moving pictures, and any other code), or what `progress`
    ///   threw.
    @discardableResult
    public func render(
        to path: String, videos: [Rendition], sound: Rendition, progress: @escaping MediaProgressReport = { _ in }
    ) throws -> Outcome {
        guard (16...2160).contains(maxSide), segmentSeconds.isFinite, (0.5...30).contains(segmentSeconds) else {
            throw MediaError(
                .parametersInvalid,
                "A ladder \(maxSide) pixels high with segments of \(segmentSeconds) s is not possible; it has 16 to 2160 "
                    + "pixels and 0.5 to 30 s.")
        }
        let film = try LadderFilm(self, videos: videos, sound: sound)
        return try film.render(to: path, progress: progress)
    }

    /// What was made.
    public struct Outcome: Sendable, Hashable, Codable {
        /// A size.
        public struct Size: Sendable, Hashable, Codable {
            /// The width in pixels.
            public var width: Int
            /// The height in pixels.
            public var height: Int
            /// The bits a second of the segments that need most, without sound.
            public var bitRate: Int
        }

        /// The sizes, largest first.
        public var sizes: [Size]
        /// Whether there is sound.
        public var hasSound: Bool
        /// The frames of each size.
        public var frames: Int
    }
}
