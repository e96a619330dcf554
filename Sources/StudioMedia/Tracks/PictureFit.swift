import CMedia

/// The filters that give pictures their size.
enum PictureFit {
    /// Scaled to fit inside with proportions kept.
    static func inside(_ width: Int, _ height: Int) -> String {
        "scale=\(width):\(height):force_original_aspect_ratio=decrease:force_divisible_by=2"
    }

    /// Centred on black.
    static func centred(_ width: Int, _ height: Int) -> String { "pad=\(width):\(height):-1:-1:black" }

    /// The filters that turn a picture upright, by clockwise degrees: 0, 90, 180 or 270.
    static func upright(_ rotation: Int) -> [String] {
        switch rotation {
        case 90: ["transpose=clock"]
        case 180: ["hflip", "vflip"]
        case 270: ["transpose=cclock"]
        default: []
        }
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

/// How a stream wants to be turned for display.
enum Rotation {
    /// Clockwise degrees from a stream's display matrix, to the nearest quarter.
    static func of(_ stream: UnsafeMutablePointer<AVStream>) -> Int {
        var size = 0
        guard let data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size), size >= 36 else { return 0 }
        let degrees = data.withMemoryRebound(to: Int32.self, capacity: 9) { av_display_rotation_get($0) }
        return quarter(-degrees)
    }

    /// Clockwise degrees from the Exif orientation that libav's JPEG decoder puts into a frame's metadata.
    static func ofPicture(_ frame: Frame) -> Int {
        guard let entry = av_dict_get(frame.pointer.pointee.metadata, "Orientation", nil, 0),
            let value = entry.pointee.value
        else { return 0 }
        let number = String(cString: value).filter(\.isNumber)
        return ["3": 180, "6": 90, "8": 270][number] ?? 0
    }

    private static func quarter(_ degrees: Double) -> Int {
        guard degrees.isFinite else { return 0 }
        let quarters = Int((degrees / 90).rounded()) % 4
        return (quarters + 4) % 4 * 90
    }
}
