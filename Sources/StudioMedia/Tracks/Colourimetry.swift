import CMedia

/// What the numbers in a picture mean as colours.
struct Colourimetry {
    var primaries = AVCOL_PRI_UNSPECIFIED
    var transfer = AVCOL_TRC_UNSPECIFIED
    var matrix = AVCOL_SPC_UNSPECIFIED

    static let bt709 = Colourimetry(primaries: AVCOL_PRI_BT709, transfer: AVCOL_TRC_BT709, matrix: AVCOL_SPC_BT709)
}

/// How a decoded picture becomes one for H.264: 8 bits, 4:2:0, limited range.
struct ColourConversion {
    /// What the output is tagged with.
    let output: Colourimetry
    /// The filters that bring high dynamic range down; empty where there is none.
    let toneMapping: [String]
    /// Whether values change even where format and size already fit.
    let changesValues: Bool
    /// Whether the input has no matrix because it is RGB or grey.
    let isFromRGB: Bool

    init(of parameters: AVCodecParameters) {
        let descriptor = av_pix_fmt_desc_get(AVPixelFormat(rawValue: parameters.format))?.pointee
        let flags = descriptor?.flags ?? 0
        let components = descriptor?.nb_components ?? 3
        isFromRGB = flags & UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) != 0 || components < 3
        let isHighDynamic = [AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67].contains(parameters.color_trc)
        let fullRangeFormats = [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVJ440P]
        changesValues =
            isFromRGB || parameters.color_range == AVCOL_RANGE_JPEG
            || fullRangeFormats.contains(AVPixelFormat(rawValue: parameters.format))
        if isHighDynamic {
            output = .bt709
            let matrix = parameters.color_space == AVCOL_SPC_UNSPECIFIED ? "2020_ncl" : "input"
            let primaries = parameters.color_primaries == AVCOL_PRI_UNSPECIFIED ? "2020" : "input"
            // To linear light, to BT.709's primaries, into range, back to BT.709's curve.
            toneMapping = [
                "zscale=transfer=linear:npl=100:matrixin=\(matrix):primariesin=\(primaries)", "format=gbrpf32le",
                "zscale=primaries=709", "tonemap=tonemap=hable:desat=0",
                "zscale=transfer=709:matrix=709:range=limited", "format=yuv420p",
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

    /// The filters after size and orientation.
    var finish: [String] {
        guard toneMapping.isEmpty else { return ["format=yuv420p"] }
        guard changesValues else { return ["format=yuv420p"] }
        return ["scale=out_range=tv" + (isFromRGB ? ":out_color_matrix=bt709" : ""), "format=yuv420p"]
    }
}
