public import StudioCore

/// What a media file is to hold. Combinations that cannot be are refused when one is made.
public struct MediaTarget: Sendable, Hashable, Codable {
    /// The kind of file.
    public let container: ContainerKind
    /// The pictures; `nil` for sound alone.
    public let video: VideoTarget?
    /// The sound; `nil` for pictures alone.
    public let audio: AudioTarget?

    /// What every browser plays: H.264 and AAC in MP4.
    /// - Parameter quality: The time and space to spend.
    /// - Returns: The target.
    public static func browser(_ quality: QualityTier = .standard) -> MediaTarget {
        MediaTarget(valid: .mp4, VideoTarget(quality: quality), AudioTarget(quality: quality))
    }

    /// Describes a file.
    /// - Parameters:
    ///   - container: The kind of file.
    ///   - video: The pictures, or `nil`.
    ///   - audio: The sound, or `nil`.
    /// - Throws: `MediaError` with `parametersInvalid`, which names the two things that do not go together.
    public init(container: ContainerKind = .mp4, video: VideoTarget?, audio: AudioTarget?) throws {
        guard video != nil || audio != nil else {
            throw MediaError(.parametersInvalid, "A file with neither pictures nor sound is not possible.")
        }
        if let video {
            guard container.videoCodecs.contains(video.codec) else {
                throw Self.refusal(video.codec.title, container, container.videoCodecs.map(\.title))
            }
            try video.check()
            if video.alpha && video.codec == .vp9 && container == .mp4 {
                throw MediaError(.parametersInvalid, "VP9 with transparency cannot be put into MP4; WebM can hold it.")
            }
        }
        if let audio {
            guard container.audioCodecs.contains(audio.codec) else {
                throw Self.refusal(audio.codec.title, container, container.audioCodecs.map(\.title))
            }
            try audio.check()
        }
        self.init(valid: container, video, audio)
    }

    private init(valid container: ContainerKind, _ video: VideoTarget?, _ audio: AudioTarget?) {
        self.container = container
        self.video = video
        self.audio = audio
    }

    /// Reads a target, with the same refusals.
    /// - Parameter decoder: Where it is read from.
    /// - Throws: `DecodingError`, or `MediaError` for what cannot be.
    public init(from decoder: any Swift.Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            container: values.decode(ContainerKind.self, forKey: .container),
            video: values.decodeIfPresent(VideoTarget.self, forKey: .video),
            audio: values.decodeIfPresent(AudioTarget.self, forKey: .audio))
    }

    private enum CodingKeys: String, CodingKey {
        case container, video, audio
    }

    private static func refusal(_ codec: String, _ container: ContainerKind, _ possible: [String]) -> MediaError {
        let list = possible.sorted().joined(separator: ", ")
        let rest = possible.isEmpty ? "it has no place for pictures" : "it can hold \(list)"
        return MediaError(.parametersInvalid, "\(codec) cannot be put into \(container.title); \(rest).")
    }
}
