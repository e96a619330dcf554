import CMedia
public import StudioCore

/// Every frame of a video as a picture file of its own, numbered, in one ZIP file.
///
/// Frames are written in order of display, each once, whatever their durations; upright, with the pixels they have: not
/// deinterlaced, not resized, pixels that are not square stay so. Depth and transparency are kept where the kind of file has
/// them. See ``StillFormat`` for the kinds, and `StillEncoder` for what happens to colours: all kinds keep the video's
/// transfer curve, except OpenEXR, which is linear, and JPEG and WebP of high dynamic range, which is brought down to BT.709.
public struct Disassembly: Sendable, Equatable {
    /// The video's path.
    public var input: String
    /// The kind of picture file.
    public var format: StillFormat
    /// The number of the first picture, 0 to 9,999,999.
    public var start: Int
    /// The time and space to spend.
    public var quality: QualityTier
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - input: The video's path.
    ///   - format: The kind of picture file.
    ///   - start: The number of the first picture.
    ///   - quality: The time and space to spend.
    ///   - limits: The largest input to accept.
    public init(
        input: String, format: StillFormat = .png, start: Int = 1, quality: QualityTier = .standard,
        limits: MediaLimits = MediaLimits()
    ) {
        self.input = input
        self.format = format
        self.start = start
        self.quality = quality
        self.limits = limits
    }

    /// Decodes, encodes and writes. Blocks for as long as it takes.
    ///
    /// The pictures are named `<input>.<number>.<extension>`, with four digits or as many as the last number has.
    /// - Parameters:
    ///   - path: The ZIP file. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Throws: `MediaError` of any code, or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        guard (0...9_999_999).contains(start) else {
            throw MediaError(
                .parametersInvalid, "Pictures cannot be numbered from \(start); they begin at 0 to 9999999.")
        }
        let reader = try FrameReader(path: input, limits: limits)
        let expected = reader.demuxer.expectedFrames(of: reader.stream)
        if let expected { try limits.check(frames: expected, of: reader.demuxer.name) }
        guard !reader.demuxer.source.isFile(at: path) else {
            throw MediaError(.parametersInvalid, "The output would replace the input \(reader.demuxer.name).")
        }
        var counter = ProgressCounter(total: expected, report: progress)
        try counter.start()
        // A file that does not say how many frames it has may have as many as are allowed.
        let digits = max(4, String(start + (expected ?? limits.maxFrames)).count)
        let archive = try StillArchive(path: path)
        var crew: (shape: PictureShape, encoders: StillCrew)?
        func write(_ frame: Frame, _ bytes: [UInt8]) throws {
            let number = String(start + counter.framesDone)
            let padding = String(repeating: "0", count: max(0, digits - number.count))
            try archive.add("\(Self.stem(reader.demuxer.name)).\(padding)\(number).\(format.rawValue)", bytes)
            counter.newest = { frame }
            try counter.advance()
        }
        var decoded = 0
        while let frame = try reader.following() {
            decoded += 1
            try limits.check(frames: decoded, of: reader.demuxer.name)
            let shape = PictureShape(frame)
            try limits.check(width: Int(shape.width), height: Int(shape.height), of: reader.demuxer.name)
            if crew?.shape != shape {
                try crew?.encoders.finish(write)
                crew = (shape, try StillCrew(for: shape) { try makeEncoder(for: frame, reader) })
            }
            if try crew?.encoders.take(frame) == true { try crew?.encoders.encode(write) }
        }
        try crew?.encoders.finish(write)
        guard counter.framesDone > 0 else {
            throw MediaError(
                .inputInvalid, "\(reader.demuxer.name) has no picture that can be decoded.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
        try counter.finishing()
        try archive.finish { try counter.done() }
    }

    private func makeEncoder(for frame: Frame, _ reader: FrameReader) throws -> StillEncoder {
        let isForViewing = format == .jpg || format == .webp
        let before = isForViewing ? ColourConversion(of: frame).toneMapping : []
        let light = format == .exr ? [] : reader.demuxer.stillFilters(for: frame)
        return try StillEncoder(format, quality: quality, before: before + light, after: reader.orientation.filters)
    }

    /// A file's name without its extension.
    private static func stem(_ name: String) -> String {
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
        return String(name[..<dot])
    }
}
