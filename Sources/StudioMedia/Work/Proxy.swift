import StudioCore

/// A small stand-in for a film, quick to seek in: H.264 in MP4 with a key frame at least every half second, or ProRes Proxy in
/// MOV, with stereo sound, the same frames at the same times, and the same timecode. Never larger than the film.
public struct Proxy: Sendable, Equatable {
    /// The input's path.
    public var input: String
    /// MP4 for H.264, MOV for ProRes.
    public var container: ContainerKind
    /// The highest it may be, in pixels.
    public var maxHeight: Int
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes a proxy.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - container: MP4 for H.264, MOV for ProRes.
    ///   - maxHeight: The highest it may be, in pixels, 16 to 2160. Default 540.
    ///   - limits: The largest input to accept.
    public init(
        input: String, container: ContainerKind = .mp4, maxHeight: Int = 540, limits: MediaLimits = MediaLimits()
    ) {
        self.input = input
        self.container = container
        self.maxHeight = maxHeight
        self.limits = limits
    }

    /// Makes the proxy. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output, never the input's path. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Throws: `MediaError` (`unsupported` for an input without moving pictures, and any other code), or what `progress`
    ///   threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        guard container == .mp4 || container == .mov else {
            throw MediaError(.parametersInvalid, "A proxy is MP4 or MOV, not \(container.title).")
        }
        guard (16...2160).contains(maxHeight) else {
            throw MediaError(.parametersInvalid, "A proxy \(maxHeight) pixels high is not possible; it has 16 to 2160.")
        }
        guard let video = try MediaProbe.read(path: input, limits: limits, depth: .header).video,
            let width = video.width, let height = video.height
        else {
            throw MediaError(.unsupported, "\(fileName(input)) has no picture in it.")
        }
        let seen = [90, 270].contains(video.rotation ?? 0) ? width : height
        let pictures =
            container == .mov
            ? VideoTarget(codec: .prores, profile: .proxy)
            : VideoTarget(quality: .low, keyFrames: .atMost(seconds: 0.5))
        let sound = AudioTarget(codec: container == .mov ? .pcm16 : .aac, quality: .low, channels: .stereo)
        try Transcode(
            input: input, target: try MediaTarget(container: container, video: pictures, audio: sound),
            change: PictureChange(height: seen > maxHeight ? maxHeight : nil), toneMaps: true, limits: limits
        ).render(to: path, progress: progress)
    }
}
