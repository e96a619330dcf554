import CMedia
import StudioCore

/// How pictures of any source become the film's: upright, without fields, brought down to BT.709 in limited range, fitted
/// into the film's size with their proportions kept, on black.
///
/// A matrix that the source does not name is BT.601's up to 576 lines and BT.709's above, as players take it. Primaries
/// other than BT.709's are converted for high dynamic range only.
struct ConformedPicture {
    /// The film's width in pixels.
    let width: Int
    /// The film's height in pixels.
    let height: Int
    /// How the film is encoded.
    let target: VideoTarget

    /// The filter that makes whole pictures of fields, one for every frame.
    static let deinterlacer = "bwdif=mode=send_frame:deint=interlaced"

    /// Whether a stream says that its frames are made of fields.
    static func isInterlaced(_ stream: UnsafeMutablePointer<AVStream>) -> Bool {
        [AV_FIELD_TT, AV_FIELD_BB, AV_FIELD_TB, AV_FIELD_BT].contains(
            stream.pointee.codecpar?.pointee.field_order ?? AV_FIELD_UNKNOWN)
    }

    /// The filters for frames like one.
    func chain(
        for frame: Frame, _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer
    ) -> String {
        let picture = frame.pointer.pointee
        let orientation = demuxer.orientation(of: stream)
        var filters = orientation.filters
        var isMapped = false
        if let parameters = stream.pointee.codecpar?.pointee {
            let mapping = ColourConversion(of: parameters, to: target, toneMaps: true).toneMapping
            filters += mapping
            isMapped = !mapping.isEmpty
        }
        var aspect = picture.sample_aspect_ratio
        if aspect.num <= 0 || aspect.den <= 0 { aspect = stream.pointee.sample_aspect_ratio }
        if aspect.num <= 0 || aspect.den <= 0 { aspect = AVRational(num: 1, den: 1) }
        let pixel = orientation.turned(Double(aspect.num), Double(aspect.den))
        let upright = orientation.turned(Double(picture.width), Double(picture.height))
        let ratio = upright.width * pixel.width / (upright.height * pixel.height)
        let inner = Self.inner(of: (width, height), ratio: ratio)
        var scale = "scale=\(inner.width):\(inner.height):flags=bicubic+accurate_rnd+full_chroma_int"
        if !isMapped {
            scale += ":out_color_matrix=bt709:out_range=tv"
            if !PictureShape(frame).isRGB { scale += ":in_color_matrix=\(Self.matrix(of: picture))" }
        }
        filters += [scale, "format=\(target.pixelFormatName)"]
        // Black is added last, to a picture that is what the film is tagged as.
        if inner != (width, height) { filters.append(PictureFit.centred(width, height)) }
        filters.append("setsar=1")
        return filters.joined(separator: ",")
    }

    private static func matrix(of picture: AVFrame) -> String {
        switch picture.colorspace {
        case AVCOL_SPC_BT709: "bt709"
        case AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M: "bt601"
        case AVCOL_SPC_SMPTE240M: "smpte240m"
        case AVCOL_SPC_FCC: "fcc"
        case AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL: "bt2020"
        default: picture.height > 576 ? "bt709" : "bt601"
        }
    }

    private static func inner(of size: (width: Int, height: Int), ratio: Double) -> (width: Int, height: Int) {
        func even(_ value: Double, _ most: Int) -> Int { max(2, min(most, Int(value.rounded()) & ~1)) }
        guard ratio.isFinite, ratio > 0 else { return size }
        let (wide, high) = (Double(size.width), Double(size.height))
        let fitted = (even(min(wide, high * ratio), size.width), even(min(high, wide / ratio), size.height))
        // Less than two pixels of black are nobody's intention: 16:9 is not exact in even numbers of pixels.
        return size.width - fitted.0 <= 2 && size.height - fitted.1 <= 2 ? size : fitted
    }
}
