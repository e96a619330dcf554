import CMedia

/// A picture that lies over all pictures of a film: decoded, sized and brought to the film's colours once, then laid over each.
///
/// Its colours are kept multiplied with how much they cover: what is transparent in the file has no colour at an edge, and
/// one rounding is all that a sample of the film goes through. What is not covered stays to the bit.
final class Watermark {
    /// What it is laid over.
    struct Canvas {
        var width: Int
        var height: Int
        var pixelAspect: AVRational
        /// The film's matrix; where it names none, BT.601's up to 576 lines and BT.709's above.
        var matrix: AVColorSpace
        /// The format of the film's pictures: planes of Y, Cb and Cr in limited range, of 8 or 10 bits, with alpha or without.
        var format: AVPixelFormat
    }

    private let layers: [WatermarkLayer]
    private let alpha: WatermarkLayer?
    private let isDeep: Bool

    /// Reads the picture.
    /// - Parameters:
    ///   - picture: What it is, and where it stands.
    ///   - canvas: What it is laid over.
    ///   - limits: The largest picture to accept.
    /// - Throws: `MediaError` with `inputUnreadable`, `inputInvalid` or `limitExceeded`, which names the file.
    init(_ picture: BurnIn.Picture, on canvas: Canvas, limits: MediaLimits) throws {
        let decoded = try Frame()
        let traits = try StillDecoder(limits: limits).decode(path: picture.path, into: decoded)
        let natural = traits.orientation.turned(
            Int(decoded.pointer.pointee.width), Int(decoded.pointer.pointee.height))
        let aspect = canvas.pixelAspect
        let box = picture.box(
            of: natural, on: (canvas.width, canvas.height),
            pixel: aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1)
        let sized = try Self.sized(decoded, traits, width: box.width, height: box.height)
        guard let descriptor = av_pix_fmt_desc_get(canvas.format)?.pointee else {
            throw MediaError(.unsupported, "A watermark cannot be laid over pictures of this format.")
        }
        isDeep = descriptor.comp.0.depth > 8
        let source = WatermarkSource(
            frame: sized, x: box.x, y: box.y, opacity: picture.opacity, depth: Int(descriptor.comp.0.depth),
            weights: WatermarkSource.weights(of: canvas.matrix, height: canvas.height))
        let chroma = (Int(descriptor.log2_chroma_w), Int(descriptor.log2_chroma_h))
        layers = [
            WatermarkLayer(source, .luma, plane: 0, (0, 0)), WatermarkLayer(source, .blue, plane: 1, chroma),
            WatermarkLayer(source, .red, plane: 2, chroma),
        ]
        let hasAlpha = descriptor.flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0
        alpha = hasAlpha ? WatermarkLayer(source, .alpha, plane: 3, (0, 0)) : nil
    }

    /// Lays it over a picture of the canvas' size and format.
    func draw(on frame: Frame) throws {
        // The filters may have given the same picture twice.
        try frame.makeWritable()
        for layer in layers {
            if isDeep {
                layer.draw(on: frame, UInt16.self, isStraight: alpha != nil)
            } else {
                layer.draw(on: frame, UInt8.self, isStraight: alpha != nil)
            }
        }
        guard let alpha else { return }
        if isDeep { alpha.draw(on: frame, UInt16.self) } else { alpha.draw(on: frame, UInt8.self) }
    }

    /// RGB and alpha of 16 bits in planes, upright, for a display, multiplied with alpha, in the size that is wanted.
    private static func sized(_ decoded: Frame, _ traits: StillTraits, width: Int, height: Int) throws -> Frame {
        let conversion = StillConversion(PictureShape(decoded), traits.light, keepsAlpha: true)
        let exact = "flags=area+accurate_rnd+full_chroma_int+full_chroma_inp"
        let filters =
            conversion.filters + ["scale=\(exact)\(conversion.inputColours)", "format=gbrap16"]
            + traits.orientation.filters
            + ["premultiply=inplace=1", "scale=\(width):\(height):\(exact)", "format=gbrap16"]
        let graph = try FilterGraph(
            pictures: decoded, timeBase: AVRational(num: 1, den: 1), chain: filters.joined(separator: ","))
        let sized = try Frame()
        decoded.pointer.pointee.pts = 0
        try graph.push(decoded)
        try graph.push(nil)
        guard try graph.pull(into: sized) else {
            throw MediaError(.inputInvalid, "The watermark cannot be converted.")
        }
        return sized
    }
}
