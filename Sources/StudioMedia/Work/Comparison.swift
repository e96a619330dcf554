import CMedia
public import StudioCore

/// Compares two videos or pictures frame by frame, in order: PSNR and SSIM of each frame and in all, and what differs as a
/// video or a picture.
///
/// The candidate is brought to the reference's size (bicubic), pixel format, matrix and range. Both are turned upright first.
/// Frames are paired by their number, not by time. Where one has more frames, the rest is left out, and the result says so.
public struct Comparison: Sendable, Equatable {
    /// The path of what is compared with.
    public var reference: String
    /// The path of what is judged.
    public var candidate: String
    /// How much the difference is amplified, 1 to 64.
    public var gain: Int
    /// Whether the output is a PNG of the frame that differs most, rather than a video of all.
    public var isPicture: Bool
    /// The time and space to spend on the video of differences.
    public var quality: QualityTier
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes a comparison.
    /// - Parameters:
    ///   - reference: The path of what is compared with.
    ///   - candidate: The path of what is judged.
    ///   - gain: How much the difference is amplified.
    ///   - isPicture: Whether the output is a PNG of the frame that differs most.
    ///   - quality: The time and space to spend on the video of differences.
    ///   - limits: The largest input to accept.
    public init(
        reference: String, candidate: String, gain: Int = 4, isPicture: Bool = false, quality: QualityTier = .standard,
        limits: MediaLimits = MediaLimits()
    ) {
        self.reference = reference
        self.candidate = candidate
        self.gain = gain
        self.isPicture = isPicture
        self.quality = quality
        self.limits = limits
    }

    /// Compares and writes. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The difference: H.264 in MP4, or PNG. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Returns: The numbers.
    /// - Throws: `MediaError` of any code, or what `progress` threw.
    public func render(
        to path: String, progress: @escaping MediaProgressReport = { _ in }
    ) throws -> ComparisonReport {
        guard (1...64).contains(gain) else {
            throw MediaError(.parametersInvalid, "A difference cannot be amplified \(gain) times; it is 1 to 64.")
        }
        let readers = try [reference, candidate].map { try FrameReader(path: $0, limits: limits) }
        let expected = readers.compactMap { $0.demuxer.expectedFrames(of: $0.stream) }
        var counter = ProgressCounter(total: expected.count == 2 ? expected.min() : nil, report: progress)
        try counter.start()
        let differences = try DifferenceOutput(
            path: path, isPicture: isPicture, quality: quality,
            frameRate: FrameRate(readers[0].stream.pointee.avg_frame_rate) ?? .film)
        var pairs: FramePairs?
        var result = ComparisonReport(reference: readers[0].demuxer.name, candidate: readers[1].demuxer.name)
        func take(_ pair: FramePairs.Answer) throws {
            result.add(pair, depth: pairs?.depth ?? 8)
            try differences.add(pair.difference, isWorst: result.isWorstTheLast, counting: &counter)
        }
        var ends = [false, false]
        while true {
            let frames = try readers.map { try $0.following { try counter.beat() } }
            ends = frames.map { $0 == nil }
            guard let first = frames[0], let second = frames[1] else { break }
            try limits.check(frames: result.frames.count + 1, of: readers[0].demuxer.name)
            if pairs?.fits(first, second) != true {
                try pairs?.finish(each: take)
                pairs = try FramePairs([(first, readers[0]), (second, readers[1])], gain: gain, evenSides: !isPicture)
            }
            try pairs?.push(first, second, each: take)
        }
        try pairs?.finish(each: take)
        guard !result.frames.isEmpty else {
            throw MediaError(.inputInvalid, "There are no frames to compare.")
        }
        for (index, reader) in readers.enumerated() {
            var count = result.frames.count + (ends[index] ? 0 : 1)
            if !ends[index] { while try reader.following(each: { try counter.beat() }) != nil { count += 1 } }
            if index == 0 { result.referenceFrames = count } else { result.candidateFrames = count }
        }
        try differences.finish(counting: &counter)
        return result
    }
}
