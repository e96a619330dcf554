import CMedia
public import StudioCore

/// A moving picture from a prompt: H.264 in MP4, 4:2:0, 8 bits, tagged BT.709 limited range, index first.
///
/// Every frame has exactly the same duration. The same parameters give the same bytes on every machine with the same
/// libx264: the number of encoder threads is fixed and nothing of the machine or the date is written.
public struct MockVideo: Sendable, Equatable {
    /// The words.
    public var prompt: String
    /// Tells takes of one prompt apart.
    public var seed: UInt64
    /// The width in pixels, 16 to 8192. H.264's 4:2:0 needs even sides: an odd width is rounded down.
    public var width: Int
    /// The height in pixels, 16 to 8192. An odd height is rounded down.
    public var height: Int
    /// Frames a second.
    public var frameRate: FrameRate
    /// The number of frames, 1 to 1,000,000.
    public var frames: Int
    /// Every which frame is made, 1 or more: with 8 the frames 0, 8, 16, …, each shown eight times as long, so that the
    /// video is as long as the whole.
    public var step: Int
    /// The time and space to spend.
    public var quality: QualityTier

    /// The encoder's threads. Part of the result: libx264 decides differently with another number.
    static let threads = 4

    /// Describes a video by its number of frames. For a duration, use `FrameRate.frames(inSeconds:)`.
    /// - Parameters:
    ///   - prompt: The words.
    ///   - seed: Tells takes of one prompt apart.
    ///   - width: The width in pixels.
    ///   - height: The height in pixels.
    ///   - frameRate: Frames a second.
    ///   - frames: The number of frames of the whole.
    ///   - step: Every which of them is made; default each.
    ///   - quality: The time and space to spend.
    public init(
        prompt: String, seed: UInt64, width: Int = 1280, height: Int = 720, frameRate: FrameRate = .film,
        frames: Int = 96, step: Int = 1,
        quality: QualityTier = .standard
    ) {
        self.prompt = prompt
        self.seed = seed
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.frames = frames
        self.step = step
        self.quality = quality
    }

    /// Paints, encodes and writes the video. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Throws: `MediaError` (`parametersInvalid`, `outputFailed`, `storageFull`, `limitExceeded`) or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        guard (1...1_000_000).contains(frames) else {
            throw MediaError(.parametersInvalid, "A video of \(frames) frames is not possible; it has 1 to 1000000.")
        }
        guard width <= 8192, height <= 8192 else {
            throw MediaError(
                .parametersInvalid, "A video of \(width)×\(height) is not possible; a side has at most 8192 pixels.")
        }
        guard step >= 1 else {
            throw MediaError(.parametersInvalid, "Every \(step)th frame cannot be made; the least step is 1.")
        }
        let shown = try FrameRate(frameRate.numerator, frameRate.denominator * step)
        let count = (frames + step - 1) / step
        let (width, height) = (width & ~1, height & ~1)
        let picture = try MockPicture(prompt: prompt, seed: seed, width: width, height: height)
        var counter = ProgressCounter(total: count, report: progress)
        try counter.start()
        let video = try SteadyVideo(
            path: path, width: width, height: height, frameRate: shown,
            target: VideoTarget(quality: quality, threads: Self.threads))
        let frame = try Frame(width: width, height: height, format: AV_PIX_FMT_YUV420P)
        for index in 0..<count {
            try frame.makeWritable()
            picture.paintPlanes(try Self.planes(of: frame), at: frameRate.microseconds(ofFrame: index * step))
            try video.add(frame, counting: &counter)
        }
        try video.finish(counting: &counter)
    }

    private static func planes(of frame: Frame) throws -> MockPicture.Planes {
        let picture = frame.pointer.pointee
        guard let luma = picture.data.0, let blue = picture.data.1, let red = picture.data.2 else {
            throw MediaError(.limitExceeded, "There is no picture.")
        }
        return MockPicture.Planes(
            luma: luma, lumaStride: Int(picture.linesize.0), blueDifference: blue, blueStride: Int(picture.linesize.1),
            redDifference: red, redStride: Int(picture.linesize.2))
    }
}

extension FrameRate {
    /// When a frame begins, rounded down.
    func microseconds(ofFrame index: Int) -> Int64 { Int64(index) * 1_000_000 * Int64(denominator) / Int64(numerator) }
}
