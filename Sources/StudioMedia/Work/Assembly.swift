import CMedia
public import StudioCore

/// A video from a sequence of pictures, tagged BT.709 limited range, every frame with the same duration.
///
/// Pictures are turned and mirrored as their Exif data says. All frames get the first one's size then, rounded down to even
/// sides. A picture of another size is scaled to fit inside with its proportions kept, and centred on black. What is
/// transparent lies on black, unless the target keeps transparency. Linear light and film density get BT.709's curve
/// (``PictureLight``). Sound is laid under them from the first picture on, cut or filled with silence to their length.
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
    /// Whether pictures of more than eight bits, or of linear light, make ten in HEVC, VP9 and AV1, whatever the target's depth.
    public var keepsDepth: Bool
    /// The highest picture, in pixels: larger ones are made smaller. `nil` for any height.
    public var maxHeight: Int?
    /// A file whose first soundtrack is laid under the pictures; `nil` for none.
    public var sound: String?
    /// How the sound is encoded.
    public var audio: AudioTarget
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
    ///   - keepsDepth: Whether more than eight bits are kept where they can be.
    ///   - maxHeight: The highest picture, or `nil`.
    ///   - sound: A file whose first soundtrack is laid under the pictures, or `nil`.
    ///   - audio: How the sound is encoded; `nil` for what is usual in the kind of file.
    ///   - limits: The largest picture and the most frames to accept.
    public init(
        frames: [String], start: Int? = nil, gaps: FrameSequence.Gaps = .reported, light: PictureLight? = nil,
        frameRate: FrameRate = .film, quality: QualityTier = .standard, container: ContainerKind = .mp4,
        target: VideoTarget? = nil, keepsDepth: Bool = false, maxHeight: Int? = nil, sound: String? = nil,
        audio: AudioTarget? = nil, limits: MediaLimits = MediaLimits()
    ) {
        self.frames = frames
        self.start = start
        self.gaps = gaps
        self.light = light
        self.frameRate = frameRate
        self.container = container
        self.target = target ?? VideoTarget(quality: quality)
        self.keepsDepth = keepsDepth
        self.maxHeight = maxHeight
        self.sound = sound
        self.audio = audio ?? AudioTarget(codec: container.usualAudio, quality: quality)
        self.limits = limits
    }

    /// Decodes, encodes and writes. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Returns: What the sequence was found to be, and what was made of it.
    /// - Throws: `MediaError` (`inputInvalid` and `inputUnreadable` name the frame at fault; `limitExceeded`,
    ///   `parametersInvalid` without frames or for what does not go together, `unsupported` for a file without sound,
    ///   `outputFailed`, `storageFull`) or what `progress` threw.
    @discardableResult
    public func render(
        to path: String, progress: @escaping MediaProgressReport = { _ in }
    ) throws -> AssemblyOutcome {
        if let maxHeight, !(16...8192).contains(maxHeight) {
            throw MediaError(
                .parametersInvalid, "A height of \(maxHeight) is not possible; pictures have 16 to 8192 pixels.")
        }
        let shown = try sequence()
        try limits.check(frames: shown.count, of: "The sequence")
        guard let first = shown.first else { throw MediaError(.parametersInvalid, "There are no frames to assemble.") }
        var counter = ProgressCounter(total: shown.count, report: progress)
        try counter.start()
        // A picture that is held is decoded once.
        let distinct = shown.reduce(into: [Int]()) { if $0.last != $1 { $0.append($1) } }
        let ahead = StillsAhead(distinct.map { frames[$0] }, limits: limits)
        var (decoded, traits) = try decode(first, ahead)
        var found = SequenceProbe(
            names: distinct.map { fileName(frames[$0]) })
        found.note(decoded, traits, file: fileName(frames[first]))
        let (width, height) = try size(of: decoded, traits, name: fileName(frames[first]))
        let target = suited(to: decoded, traits)
        var under: UnderlaidSound?
        let video = try SteadyVideo(
            path: path, container: container, width: width, height: height, frameRate: frameRate, target: target
        ) { muxer in
            under = try sound.map {
                try UnderlaidSound(
                    path: $0, target: audio, frames: shown.count, rate: frameRate, limits: limits, into: muxer)
            }
        }
        let conformer = try StillConformer(width: width, height: height, target: target)
        var last = first
        for (place, index) in shown.enumerated() {
            if index != last {
                (decoded, traits) = try decode(index, ahead)
                found.note(decoded, traits, file: fileName(frames[index]))
            }
            last = index
            let conformed = try blaming(index) { try conformer.conform(decoded, traits) }
            try video.add(conformed, counting: &counter)
            try under?.advance(toFrame: place + 1) { try counter.beat() }
        }
        try under?.finish()
        try video.finish(counting: &counter)
        return AssemblyOutcome(frames: shown.count, hasSound: under != nil, sequence: found)
    }

    /// The film's size: the first picture's as it is seen, made smaller where it is too high, with even sides.
    private func size(
        of picture: Frame, _ traits: StillTraits, name: String
    ) throws -> (width: Int, height: Int) {
        let seen = traits.orientation.turned(Int(picture.pointer.pointee.width), Int(picture.pointer.pointee.height))
        var (width, height) = seen
        if let maxHeight, height > maxHeight {
            width = Int((Double(width) * Double(maxHeight) / Double(height)).rounded())
            height = maxHeight
        }
        guard width > 1, height > 1 else {
            throw MediaError(.unsupported, "\(name) is less than two pixels wide or high.")
        }
        return (width & ~1, height & ~1)
    }

    /// The target with what is kept of the first picture.
    private func suited(to picture: Frame, _ traits: StillTraits) -> VideoTarget {
        var target = target
        let isDeep = PictureShape(picture).depth > 8 || traits.light != .display
        // VP9 has transparency in eight bits alone.
        if keepsDepth, isDeep, !target.alpha, [.hevc, .vp9, .av1].contains(target.codec) { target.depth = .ten }
        return target
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

    /// The picture at a place among ``frames``, which is the next that is decoded.
    private func decode(_ index: Int, _ ahead: StillsAhead) throws -> (frame: Frame, traits: StillTraits) {
        guard var next = try blaming(index, ahead.next) else {
            throw MediaError(.inputInvalid, "Frame \(index + 1) of \(frames.count) is missing.")
        }
        if let light { next.traits.light = light }
        return next
    }

    private func blaming<Result>(_ index: Int, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as MediaError {
            throw MediaError(
                error.code, "Frame \(index + 1) of \(frames.count): \(error.message)", detail: error.detail)
        }
    }
}
