import CMedia
import StudioCore

/// The kinds of picture file that are written; the raw value is the file's extension.
public enum StillFormat: String, Sendable, Codable, CaseIterable {
    /// PNG, 8 or 16 bits, with transparency.
    case png
    /// JPEG: 8 bits, BT.601 in full range as JFIF has it.
    case jpg
    /// TIFF, 8 or 16 bits, LZW, with transparency.
    case tif
    /// OpenEXR: linear light, ZIP; half floats up to 10 bits of source, else floats.
    case exr
    /// DPX: RGB of 8, 10 or 12 bits, tagged ITU-R BT.709; with transparency 8 or 16 bits.
    case dpx
    /// WebP, 8 bits, with transparency; without loss at the tier `high`.
    case webp

    /// libav's encoder.
    var encoder: String {
        switch self {
        case .png: "png"
        case .jpg: "mjpeg"
        case .tif: "tiff"
        case .exr: "exr"
        case .dpx: "dpx"
        case .webp: "libwebp"
        }
    }

    /// The pixel format to write for pictures of a shape: no bit of the source is lost where the kind of file has it.
    func pixelFormat(for shape: PictureShape, _ quality: QualityTier) -> AVPixelFormat {
        let (isDeep, hasAlpha) = (shape.depth > 8, shape.hasAlpha)
        switch self {
        case .png where shape.isGrey: return isDeep ? AV_PIX_FMT_GRAY16BE : AV_PIX_FMT_GRAY8
        case .tif where shape.isGrey: return isDeep ? AV_PIX_FMT_GRAY16LE : AV_PIX_FMT_GRAY8
        case .png where hasAlpha: return isDeep ? AV_PIX_FMT_RGBA64BE : AV_PIX_FMT_RGBA
        case .tif where hasAlpha: return isDeep ? AV_PIX_FMT_RGBA64LE : AV_PIX_FMT_RGBA
        case .dpx where hasAlpha: return isDeep ? AV_PIX_FMT_RGBA64BE : AV_PIX_FMT_RGBA
        case .png: return isDeep ? AV_PIX_FMT_RGB48BE : AV_PIX_FMT_RGB24
        case .tif: return isDeep ? AV_PIX_FMT_RGB48LE : AV_PIX_FMT_RGB24
        case .dpx where shape.depth > 12: return AV_PIX_FMT_RGB48BE
        case .dpx where shape.depth > 10: return AV_PIX_FMT_GBRP12BE
        case .dpx: return isDeep ? AV_PIX_FMT_GBRP10BE : AV_PIX_FMT_RGB24
        case .exr: return hasAlpha ? AV_PIX_FMT_GBRAPF32LE : AV_PIX_FMT_GBRPF32LE
        case .webp: return AV_PIX_FMT_BGRA
        case .jpg: return quality == .high ? AV_PIX_FMT_YUVJ444P : AV_PIX_FMT_YUVJ420P
        }
    }

    /// The encoder's own options.
    func options(for shape: PictureShape, _ quality: QualityTier) -> KeyValuePairs<String, String> {
        switch self {
        case .png: ["pred": quality.pngPrediction]
        case .tif: ["compression_algo": "lzw"]
        case .exr: ["compression": "zip16", "format": shape.depth > 10 ? "float" : "half"]
        case .webp where quality == .high: ["lossless": "1"]
        case .webp: ["quality": quality == .low ? "75" : "90"]
        case .jpg, .dpx: [:]
        }
    }
}

/// Writes pictures of one kind of file, one after the other.
///
/// Pictures in YUV become RGB by the matrix and range that they are tagged with; an untagged one has BT.709's matrix from
/// 720 lines on, else BT.601's. Their numbers keep their transfer curve, except in OpenEXR, which gets linear light: BT.709's
/// curve is undone, PQ and HLG are read by their own with 100 cd/m² as 1 and brought to BT.709's primaries.
final class StillEncoder {
    let format: StillFormat
    private let quality: QualityTier
    private let before: [String]
    private let after: [String]
    private let picture: Frame
    private var count: Int64 = 0
    private var stage: (shape: PictureShape, graph: FilterGraph, encoder: Encoder?)?

    /// - Parameters:
    ///   - format: The kind of file.
    ///   - quality: The time and space to spend.
    ///   - before: Filters for the pictures as they come, such as those that give them light for a display.
    ///   - after: Filters that turn the pictures, or size them, when their colours are what they are to be.
    /// - Throws: `MediaError` with `limitExceeded` without memory.
    init(_ format: StillFormat, quality: QualityTier, before: [String] = [], after: [String] = []) throws {
        self.format = format
        self.quality = quality
        self.before = before
        self.after = after
        picture = try Frame()
    }

    /// The bytes of a picture's file.
    func encode(_ frame: Frame) throws -> [UInt8] {
        let shape = PictureShape(frame)
        let base = AVRational(num: 1, den: 1)
        if stage?.shape != shape {
            let chain = before + conversion(of: frame, shape) + after
            let graph = try FilterGraph(pictures: frame, timeBase: base, chain: chain.joined(separator: ","))
            stage = (shape, graph, nil)
        }
        let kept = frame.pointer.pointee.pts
        defer { frame.pointer.pointee.pts = kept }
        frame.pointer.pointee.pts = 0
        try stage?.graph.push(frame)
        guard try stage?.graph.pull(into: picture) == true else {
            throw MediaError(.inputInvalid, "The picture cannot be converted.")
        }
        let encoder = try stage?.encoder ?? open(for: shape)
        stage?.encoder = encoder
        // libav's JPEG encoder takes no time twice.
        picture.pointer.pointee.pts = count
        count += 1
        picture.pointer.pointee.pict_type = AV_PICTURE_TYPE_NONE
        picture.pointer.pointee.quality = encoder.context.pointee.global_quality
        var bytes: [UInt8] = []
        try encoder.encode(picture) { packet in
            bytes += UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))
        }
        guard !bytes.isEmpty else { throw MediaError(.outputFailed, "The encoder gave no picture.") }
        // libav calls every DPX linear: here it is what it is, transfer and colorimetry of ITU-R BT.709.
        if format == .dpx, bytes.count > 802 { (bytes[801], bytes[802]) = (6, 6) }
        return bytes
    }

    private func open(for shape: PictureShape) throws -> Encoder {
        let made = picture.pointer.pointee
        return try Encoder(format.encoder, options: Options(format.options(for: shape, quality))) { context in
            context.pointee.width = made.width
            context.pointee.height = made.height
            context.pointee.pix_fmt = AVPixelFormat(rawValue: made.format)
            context.pointee.sample_aspect_ratio = made.sample_aspect_ratio
            context.pointee.color_range = AVCOL_RANGE_JPEG
            context.pointee.time_base = AVRational(num: 1, den: 1)
            // One thread gives every picture at once.
            context.pointee.thread_count = 1
            if format == .png { context.pointee.compression_level = quality.pngCompression }
            if format == .jpg {
                context.pointee.flags |= AV_CODEC_FLAG_QSCALE
                context.pointee.global_quality = Int32(quality.jpegQuantiser) * FF_QP2LAMBDA
            }
        }
    }

    private func conversion(of frame: Frame, _ shape: PictureShape) -> [String] {
        let picture = frame.pointer.pointee
        let made = format.pixelFormat(for: shape, quality)
        let name = av_get_pix_fmt_name(made).map { String(cString: $0) } ?? "rgb24"
        let flags = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
        let isTagged = picture.colorspace != AVCOL_SPC_UNSPECIFIED
        let matrix = isTagged || shape.isRGB ? "" : ":in_color_matrix=" + (picture.height >= 720 ? "bt709" : "bt601")
        let scale = "scale=\(flags):out_range=pc\(matrix)"
        switch format {
        case .jpg: return ["\(scale):out_color_matrix=bt601", "format=\(name)"]
        case .exr:
            let alpha = shape.hasAlpha ? "a" : ""
            let isHighDynamic = [AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67].contains(picture.color_trc)
            if isHighDynamic, !shape.isRGB {
                let matrix = isTagged ? "input" : "2020_ncl"
                let primaries = picture.color_primaries == AVCOL_PRI_UNSPECIFIED ? "2020" : "input"
                return [
                    "zscale=transfer=linear:npl=100:matrixin=\(matrix):primariesin=\(primaries)", "format=gbrpf32le",
                    "zscale=primaries=709",
                ]
            }
            // Multiplied as floating point, in which dark light loses nothing.
            let premultiplied = shape.hasAlpha ? ["premultiply=inplace=1"] : []
            return [scale, "format=gbr\(alpha)p16", PictureLight.toLinear, "format=\(name)"] + premultiplied
        case .png, .tif, .dpx, .webp: return [scale, "format=\(name)"]
        }
    }
}
