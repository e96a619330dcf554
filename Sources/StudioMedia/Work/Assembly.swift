import CMedia
public import StudioCore

/// A video from a sequence of pictures, tagged BT.709 limited range, every frame with the same duration.
///
/// Pictures are turned and mirrored as their Exif data says. All frames get the first one's size then, rounded down to even
/// sides. A picture of another size is scaled to fit inside with its proportions kept, and centred on black. What is
/// transparent lies on black, unless the target keeps transparency. Linear light and film density get BT.709's curve (``PictureLight``).
public struct Assembly: Sendable, Equatable {
    /// The pictures in order: PNG, JPEG, TIFF, OpenEXR, DPX or WebP, told apart by content.
    public var frames: [String]
    /// The number in a picture's name that the sequence begins with; `nil` for the first one's.
    public var start: Int?
    /// What happens where numbers are missing between the names. Default: an error that names them.
    public var gaps: FrameSequence.Gaps
    /// What the pictures' numbers mean as light; `nil` for what each file says.
    public var light: PictureLight?
    /// Frames a second.
    public var frameRate: FrameRate
    /// The kind of file.
    public var container: ContainerKind
    /// How the pictures are encoded.
    public var target: VideoTarget
    /// The largest picture to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - frames: The pictures' paths in order.
    ///   - start: The number in a picture's name that the sequence begins with, or `nil`.
    ///   - gaps: What happens where numbers are missing between the names.
    ///   - light: What the pictures' numbers mean as light, or `nil`.
    ///   - frameRate: Frames a second.
    ///   - quality: The time and space to spend; plays no part where a target is named.
    ///   - container: The kind of file.
    ///   - target: How the pictures are encoded; `nil` for H.264 of the quality.
    ///   - limits: The largest picture and the most frames to accept.
    public init(
        frames: [String], start: Int? = nil, gaps: FrameSequence.Gaps = .reported, light: PictureLight? = nil,
        frameRate: FrameRate = .film, quality: QualityTier = .standard, container: ContainerKind = .mp4,
        target: VideoTarget? = nil, limits: MediaLimits = MediaLimits()
    ) {
        self.frames = frames
        self.start = start
        self.gaps = gaps
        self.light = light
        self.frameRate = frameRate
        self.container = container
        self.target = target ?? VideoTarget(quality: quality)
        self.limits = limits
    }

    /// Decodes, encodes and writes. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Throws: `MediaError` (`inputInvalid` and `inputUnreadable` name the frame at fault; `limitExceeded`,
    ///   `parametersInvalid` without frames, `outputFailed`, `storageFull`) or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        let shown = try sequence()
        try limits.check(frames: shown.count, of: "The sequence")
        guard let first = shown.first else { throw MediaError(.parametersInvalid, "There are no frames to assemble.") }
        var counter = ProgressCounter(total: shown.count, report: progress)
        try counter.start()
        let decoder = try StillDecoder(limits: limits)
        let decoded = try Frame()
        var traits = try decode(first, decoder, into: decoded)
        let size = traits.orientation.turned(Int(decoded.pointer.pointee.width), Int(decoded.pointer.pointee.height))
        let (width, height) = (size.width & ~1, size.height & ~1)
        guard width > 0, height > 0 else {
            throw MediaError(.unsupported, "\(fileName(frames[first])) is less than two pixels wide or high.")
        }
        let video = try SteadyVideo(
            path: path, container: container, width: width, height: height, frameRate: frameRate, target: target)
        let conformer = try StillConformer(width: width, height: height, target: target)
        var last = first
        for index in shown {
            if index != last { traits = try decode(index, decoder, into: decoded) }
            last = index
            let conformed = try blaming(index) { try conformer.conform(decoded, traits) }
            try video.add(conformed, counting: &counter)
        }
        try video.finish(counting: &counter)
    }

    /// The pictures to show, by their place among ``frames``.
    private func sequence() throws -> [Int] {
        guard !frames.isEmpty else { throw MediaError(.parametersInvalid, "There are no frames to assemble.") }
        let sequence = FrameSequence(names: frames.map(fileName), start: start, gaps: gaps, longest: limits.maxFrames)
        if let start, let first = sequence.missing.first, first.lowerBound == start, gaps == .held {
            throw MediaError(.inputInvalid, "Frame \(start), with which the sequence is to begin, is missing.")
        }
        if gaps == .reported, !sequence.missing.isEmpty {
            throw MediaError(.inputInvalid, "The sequence has missing frames: \(sequence.missingText).")
        }
        if sequence.shown.isEmpty, let start {
            throw MediaError(.inputInvalid, "The sequence has no frame \(start) and none after it.")
        }
        return sequence.shown
    }

    private func decode(_ index: Int, _ decoder: StillDecoder, into frame: Frame) throws -> StillTraits {
        var traits = try blaming(index) { try decoder.decode(path: frames[index], into: frame) }
        if let light { traits.light = light }
        return traits
    }

    private func blaming<Result>(_ index: Int, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as MediaError {
            throw MediaError(
                error.code, "Frame \(index + 1) of \(frames.count): \(error.message)", detail: error.detail)
        }
    }
}
