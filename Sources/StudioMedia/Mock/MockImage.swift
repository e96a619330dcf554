import CMedia
public import StudioCore

/// A still picture from a prompt: PNG, 8 bits RGB, tagged sRGB. The same parameters give the same bytes.
public struct MockImage: Sendable, Equatable {
    /// The words.
    public var prompt: String
    /// Tells takes of one prompt apart.
    public var seed: UInt64
    /// The width in pixels, 16 to 16,384; odd widths are kept.
    public var width: Int
    /// The height in pixels, 16 to 16,384; odd heights are kept.
    public var height: Int
    /// How hard to compress. The picture is the same at every tier.
    public var quality: QualityTier

    /// Describes a picture.
    /// - Parameters:
    ///   - prompt: The words.
    ///   - seed: Tells takes of one prompt apart.
    ///   - width: The width in pixels.
    ///   - height: The height in pixels.
    ///   - quality: How hard to compress.
    public init(prompt: String, seed: UInt64, width: Int = 1280, height: Int = 720, quality: QualityTier = .standard) {
        self.prompt = prompt
        self.seed = seed
        self.width = width
        self.height = height
        self.quality = quality
    }

    /// Paints and writes the picture. Blocks; takes about 50 ms for 1280×720.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress; what it throws stops the work.
    /// - Throws: `MediaError` (`parametersInvalid`, `outputFailed`, `storageFull`, `limitExceeded`) or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        var counter = ProgressCounter(total: 1, report: progress)
        let picture = try MockPicture(prompt: prompt, seed: seed, width: width, height: height)
        try counter.start()
        let options = Options(["pred": quality.pngPrediction])
        let encoder = try Encoder("png", options: options) { context in
            context.pointee.width = Int32(width)
            context.pointee.height = Int32(height)
            context.pointee.pix_fmt = AV_PIX_FMT_RGB24
            context.pointee.time_base = AVRational(num: 1, den: 1)
            context.pointee.compression_level = quality.pngCompression
            context.pointee.thread_count = 1
        }
        let frame = try Frame(width: width, height: height, format: AV_PIX_FMT_RGB24)
        guard let pixels = frame.pointer.pointee.data.0 else {
            throw MediaError(.limitExceeded, "There is no picture.")
        }
        picture.paintRGB(into: pixels, stride: Int(frame.pointer.pointee.linesize.0), at: 0)
        // These two together are what makes the encoder write PNG's sRGB chunk.
        frame.pointer.pointee.color_primaries = AVCOL_PRI_BT709
        frame.pointer.pointee.color_trc = AVCOL_TRC_IEC61966_2_1
        frame.pointer.pointee.pts = 0
        let bytes = try encoder.encodePicture(frame)
        try OutputFile.write(picture: bytes, to: path, counting: &counter)
    }
}
