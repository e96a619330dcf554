import CMedia
public import StudioCore

/// A map of a picture or a video that steers a generating model: its edges, or a stand-in for its depth. Of the source's size
/// and timing, upright, without sound; white on black, full range in PNG, BT.709 limited range in video.
public struct ControlMap: Sendable, Equatable {
    /// What the map shows.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Thin white edges on black: Canny's method (libavfilter's `edgedetect`).
        case edges
        /// How steep brightness is everywhere: Sobel's operator.
        case sobel
        /// Brightness, smoothed, as a stand-in for depth: bright is near. It is no measure of depth, which takes a model; it
        /// serves where a light falls off with distance, and for trying out a workflow.
        case lumaDepth = "luma-depth"
    }

    /// The input's path.
    public var input: String
    /// What the map shows.
    public var kind: Kind
    /// The lower threshold of ``Kind/edges``, 0 to 1: edges fainter than this are left out.
    public var low: Double
    /// The upper threshold of ``Kind/edges``, `low` to 1: edges stronger than this are always drawn.
    public var high: Double
    /// Whether black and white change places.
    public var isInverted: Bool
    /// Whether the output is a PNG of the first frame rather than a video.
    public var isPicture: Bool
    /// The time and space to spend.
    public var quality: QualityTier
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes a map.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - kind: What the map shows.
    ///   - low: The lower threshold of edges, 0 to 1.
    ///   - high: The upper threshold of edges, `low` to 1.
    ///   - isInverted: Whether black and white change places.
    ///   - isPicture: Whether the output is a PNG of the first frame.
    ///   - quality: The time and space to spend.
    ///   - limits: The largest input to accept.
    public init(
        input: String, kind: Kind = .edges, low: Double = 0.08, high: Double = 0.2, isInverted: Bool = false,
        isPicture: Bool = false, quality: QualityTier = .standard, limits: MediaLimits = MediaLimits()
    ) {
        self.input = input
        self.kind = kind
        self.low = low
        self.high = high
        self.isInverted = isInverted
        self.isPicture = isPicture
        self.quality = quality
        self.limits = limits
    }

    /// Makes the map. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output: PNG, or H.264 in MP4. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Throws: `MediaError` of any code, or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        guard low >= 0, low <= high, high <= 1 else {
            throw MediaError(
                .parametersInvalid, "Edges between \(low) and \(high) are not possible; 0 ≤ low ≤ high ≤ 1.")
        }
        let reader = try FrameReader(path: input, limits: limits)
        let expected = isPicture ? 1 : reader.demuxer.expectedFrames(of: reader.stream)
        if let expected { try limits.check(frames: expected, of: reader.demuxer.name) }
        guard !reader.demuxer.source.isFile(at: path) else {
            throw MediaError(.parametersInvalid, "The output would replace the input \(reader.demuxer.name).")
        }
        var counter = ProgressCounter(total: expected, report: progress)
        try counter.start()
        guard isPicture else {
            let film = FilteredFilm(reader: reader, target: VideoTarget(quality: quality)) { frame in
                filters(for: frame, reader)
            }
            try film.render(to: path, counting: &counter)
            return
        }
        let frame = try reader.frame(at: 0) { try counter.beat() }.frame
        let encoder = try StillEncoder(.png, quality: quality, before: filters(for: frame, reader))
        try OutputFile.write(picture: try encoder.encode(frame), to: path, counting: &counter)
    }

    /// The filters that make a map of frames like this one: RGB in full range.
    private func filters(for frame: Frame, _ reader: FrameReader) -> [String] {
        let height = frame.pointer.pointee.height
        let map: String =
            switch kind {
            // A slight lean to one side: between two pixels that are as steep as each other, as beside every edge that is
            // perfectly sharp, edgedetect draws neither.
            case .edges: "convolution=0m='0 0 0 0 4 2 0 2 1',edgedetect=low=\(low):high=\(high):mode=wires"
            case .sobel: "sobel"
            // A hundredth of the height takes away grain and keeps shapes.
            case .lumaDepth: "gblur=sigma=\(max(1, Double(height) / 100))"
            }
        return ColourConversion(of: frame).toneMapping + reader.demuxer.stillFilters(for: frame)
            + ["scale=out_range=pc", "format=gray", map] + (isInverted ? ["negate"] : [])
            + ["scale=in_range=pc:out_range=pc", "format=gbrp"] + reader.orientation.filters
    }
}
