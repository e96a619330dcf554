import CMedia
public import StudioCore

/// A video from a sequence of pictures: H.264 in MP4, tagged BT.709 limited range, every frame with the same duration.
///
/// Pictures are turned and mirrored as their Exif data says. All frames get the first one's size then, rounded down to even
/// sides. A picture of another size is scaled to fit inside with its proportions kept, and centred on black. Transparency is
/// ignored.
public struct Assembly: Sendable, Equatable {
    /// The pictures in order, PNG or JPEG, told apart by content.
    public var frames: [String]
    /// Frames a second.
    public var frameRate: FrameRate
    /// The time and space to spend.
    public var quality: QualityTier
    /// The largest picture to accept.
    public var limits: MediaLimits
    /// Encoder threads. Default 0: as many as the machine's cores allow. Another number gives other bytes.
    public var threads: Int

    /// Describes the work.
    /// - Parameters:
    ///   - frames: The pictures' paths in order.
    ///   - frameRate: Frames a second.
    ///   - quality: The time and space to spend.
    ///   - limits: The largest picture and the most frames to accept.
    ///   - threads: Encoder threads, 0 for as many as the machine's cores allow.
    public init(
        frames: [String], frameRate: FrameRate = .film, quality: QualityTier = .standard,
        limits: MediaLimits = MediaLimits(),
        threads: Int = 0
    ) {
        self.frames = frames
        self.frameRate = frameRate
        self.quality = quality
        self.limits = limits
        self.threads = threads
    }

    /// Decodes, encodes and writes. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Throws: `MediaError` (`inputInvalid` and `inputUnreadable` name the frame at fault; `limitExceeded`,
    ///   `parametersInvalid` without frames, `outputFailed`, `storageFull`) or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        guard let first = frames.first else { throw MediaError(.parametersInvalid, "There are no frames to assemble.") }
        try limits.check(frames: frames.count, of: "The sequence")
        var counter = ProgressCounter(total: frames.count, report: progress)
        try counter.start()
        let decoder = try StillDecoder(limits: limits)
        let decoded = try Frame()
        var orientation = try blaming(0) { try decoder.decode(path: first, into: decoded) }
        let seen = orientation.turned(Int(decoded.pointer.pointee.width), Int(decoded.pointer.pointee.height))
        let (width, height) = (seen.width & ~1, seen.height & ~1)
        guard width > 0, height > 0 else {
            throw MediaError(.unsupported, "\(fileName(first)) is less than two pixels wide or high.")
        }
        let video = try SteadyVideo(
            path: path, width: width, height: height, frameRate: frameRate,
            target: VideoTarget(quality: quality, threads: threads))
        let conformer = try Conformer(width: width, height: height)
        for (index, frame) in frames.enumerated() {
            if index > 0 { orientation = try blaming(index) { try decoder.decode(path: frame, into: decoded) } }
            let conformed = try blaming(index) { try conformer.conform(decoded, orientation) }
            try video.add(conformed, counting: &counter)
        }
        try video.finish(counting: &counter)
    }

    private func blaming<Result>(_ index: Int, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as MediaError {
            throw MediaError(
                error.code, "Frame \(index + 1) of \(frames.count): \(error.message)", detail: error.detail)
        }
    }
}

/// Brings pictures of any size, format and orientation to one size in 4:2:0, upright.
private final class Conformer {
    private struct Kind: Equatable {
        let shape: PictureShape
        let orientation: Orientation
    }

    private let width: Int
    private let height: Int
    private let output: Frame
    private var graph: FilterGraph?
    private var kind: Kind?

    init(width: Int, height: Int) throws {
        self.width = width
        self.height = height
        output = try Frame()
    }

    func conform(_ frame: Frame, _ orientation: Orientation) throws -> Frame {
        let kind = Kind(shape: PictureShape(frame), orientation: orientation)
        if graph == nil || kind != self.kind {
            graph = try FilterGraph(pictures: frame, timeBase: AVRational(num: 1, den: 1), chain: chain(for: kind))
            self.kind = kind
        }
        frame.pointer.pointee.pts = 0
        try graph?.push(frame)
        guard try graph?.pull(into: output) == true else {
            throw MediaError(.inputInvalid, "The picture cannot be converted.")
        }
        return output
    }

    /// Turned last, when all pictures are 4:2:0, and then put on black.
    private func chain(for kind: Kind) -> String {
        let shape = kind.shape
        // Both kinds of picture carry full range; JPEG's matrix is always BT.601.
        let colours = "out_range=tv:out_color_matrix=bt709" + (shape.isRGB ? "" : ":in_range=pc:in_color_matrix=bt601")
        let coded = kind.orientation.turned(width, height)
        let isSameSize = Int(shape.width) & ~1 == coded.width && Int(shape.height) & ~1 == coded.height
        let fit =
            isSameSize
            ? ["crop=\(coded.width):\(coded.height):0:0", "scale=\(colours)"]
            : [PictureFit.inside(coded.width, coded.height) + ":" + colours]
        let padding = isSameSize ? [] : [PictureFit.centred(width, height)]
        return (fit + ["format=yuv420p"] + kind.orientation.filters + padding + ["setsar=1"]).joined(separator: ",")
    }
}
