import CMedia

/// What the numbers in a picture mean as colours.
struct Colourimetry {
    var primaries = AVCOL_PRI_UNSPECIFIED
    var transfer = AVCOL_TRC_UNSPECIFIED
    var matrix = AVCOL_SPC_UNSPECIFIED

    static let bt709 = Colourimetry(primaries: AVCOL_PRI_BT709, transfer: AVCOL_TRC_BT709, matrix: AVCOL_SPC_BT709)
}

extension AVCodecParameters {
    /// Whether the pictures are of high dynamic range, by PQ (SMPTE ST 2084) or HLG (ARIB STD-B67).
    var isHighDynamicRange: Bool { [AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67].contains(color_trc) }
}

/// How a decoded picture becomes one for an encoder: its bits and planes, limited range. High dynamic range is kept where
/// there are more than eight bits for it, and brought down to BT.709 otherwise.
struct ColourConversion {
    /// What the output is tagged with.
    let output: Colourimetry
    /// The filters that bring high dynamic range down; empty where there is none.
    let toneMapping: [String]
    /// Whether values change even where format and size already fit.
    let changesValues: Bool
    /// Whether the input has no matrix because it is RGB or grey.
    let isFromRGB: Bool

    /// libav's name of the format that comes out.
    private let format: String

    /// - Parameters:
    ///   - parameters: What the input's stream says of its pictures.
    ///   - target: How they are encoded.
    ///   - toneMaps: Whether high dynamic range is brought down where it could be kept.
    init(of parameters: AVCodecParameters, to target: VideoTarget = VideoTarget(), toneMaps: Bool = false) {
        let descriptor = av_pix_fmt_desc_get(AVPixelFormat(rawValue: parameters.format))?.pointee
        let flags = descriptor?.flags ?? 0
        let components = descriptor?.nb_components ?? 3
        isFromRGB = flags & UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) != 0 || components < 3
        let isBroughtDown = parameters.isHighDynamicRange && (toneMaps || !target.isDeep)
        format = target.pixelFormatName
        let fullRangeFormats = [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVJ440P]
        changesValues =
            isFromRGB || parameters.color_range == AVCOL_RANGE_JPEG
            || fullRangeFormats.contains(AVPixelFormat(rawValue: parameters.format))
        if isBroughtDown {
            output = .bt709
            let matrix = parameters.color_space == AVCOL_SPC_UNSPECIFIED ? "2020_ncl" : "input"
            let primaries = parameters.color_primaries == AVCOL_PRI_UNSPECIFIED ? "2020" : "input"
            // To linear light, to BT.709's primaries, into range, back to BT.709's curve.
            toneMapping = [
                "zscale=transfer=linear:npl=100:matrixin=\(matrix):primariesin=\(primaries)", "format=gbrpf32le",
                "zscale=primaries=709", "tonemap=tonemap=hable:desat=0",
                "zscale=transfer=709:matrix=709:range=limited", "format=\(format)",
            ]
        } else {
            toneMapping = []
            output =
                isFromRGB
                ? .bt709
                : Colourimetry(
                    primaries: parameters.color_primaries, transfer: parameters.color_trc,
                    matrix: parameters.color_space)
        }
    }

    /// For a picture that is decoded already.
    init(of frame: Frame) {
        let picture = frame.pointer.pointee
        var parameters = AVCodecParameters()
        parameters.format = picture.format
        parameters.color_range = picture.color_range
        parameters.color_primaries = picture.color_primaries
        parameters.color_trc = picture.color_trc
        parameters.color_space = picture.colorspace
        self.init(of: parameters)
    }

    /// The filters after size and orientation.
    var finish: [String] {
        guard toneMapping.isEmpty, changesValues else { return ["format=\(format)"] }
        return ["scale=out_range=tv" + (isFromRGB ? ":out_color_matrix=bt709" : ""), "format=\(format)"]
    }
}
