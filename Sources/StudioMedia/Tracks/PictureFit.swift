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

    init(_ frame: Frame) {
        width = frame.pointer.pointee.width
        height = frame.pointer.pointee.height
        format = frame.pointer.pointee.format
    }

    /// RGB, palette or grey: without a matrix of its own.
    var isRGB: Bool {
        guard let descriptor = av_pix_fmt_desc_get(AVPixelFormat(rawValue: format))?.pointee else { return false }
        return descriptor.flags & UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) != 0
    }
}
