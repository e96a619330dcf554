import CMedia

/// The filters that give pictures their size.
enum PictureFit {
    /// Scaled to fit inside with proportions kept.
    static func inside(_ width: Int, _ height: Int) -> String {
        "scale=\(width):\(height):force_original_aspect_ratio=decrease:force_divisible_by=2"
    }

    /// Centred on black, or on another of libav's colours.
    static func centred(_ width: Int, _ height: Int, _ colour: String = "black") -> String {
        "pad=\(width):\(height):-1:-1:\(colour)"
    }
}

/// What a filter chain is made for: a frame that differs needs a new chain.
struct PictureShape: Equatable {
    let width: Int32
    let height: Int32
    let format: Int32
    /// Whether the frame says that it has limited range.
    let isLimitedRange: Bool
    /// Whether the frame says that it has full range, by its tag or its format.
    let isFullRange: Bool

    init(_ frame: Frame) {
        width = frame.pointer.pointee.width
        height = frame.pointer.pointee.height
        format = frame.pointer.pointee.format
        isLimitedRange = frame.pointer.pointee.color_range == AVCOL_RANGE_MPEG
        let fullRange = [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVJ440P]
        isFullRange =
            frame.pointer.pointee.color_range == AVCOL_RANGE_JPEG
            || fullRange.contains(AVPixelFormat(rawValue: frame.pointer.pointee.format))
    }

    /// RGB, palette or grey: without a matrix of its own.
    var isRGB: Bool { flags & UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) != 0 }

    /// Whether pixels may be transparent.
    var hasAlpha: Bool { flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0 }

    /// Whether there is no colour, and no transparency.
    var isGrey: Bool {
        (av_pix_fmt_desc_get(AVPixelFormat(rawValue: format))?.pointee.nb_components ?? 3) == 1 && !isRGB
    }

    /// The bits of a channel; of floating point 32.
    var depth: Int { Int(av_pix_fmt_desc_get(AVPixelFormat(rawValue: format))?.pointee.comp.0.depth ?? 8) }

    private var flags: UInt64 { av_pix_fmt_desc_get(AVPixelFormat(rawValue: format))?.pointee.flags ?? 0 }
}
