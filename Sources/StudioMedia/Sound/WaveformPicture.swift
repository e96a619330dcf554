import CMedia
import StudioCore

/// A colour with transparency, as `#RRGGBB` or `#RRGGBBAA`.
public struct PictureColour: Sendable, Hashable {
    /// Red, green, blue and opacity, 0 to 255.
    public let red, green, blue, opacity: UInt8

    /// Reads a colour.
    /// - Parameter text: The colour as web pages write it, with six or eight digits.
    /// - Throws: `MediaError` with `parametersInvalid` where it is none.
    public init(parsing text: String) throws {
        let digits = text.dropFirst()
        guard text.hasPrefix("#"), digits.allSatisfy(\.isHexDigit), digits.count == 6 || digits.count == 8,
            let value = UInt32(digits.count == 6 ? digits + "ff" : digits, radix: 16)
        else {
            throw MediaError(.parametersInvalid, "\(text) is no colour; write #RRGGBB or #RRGGBBAA.")
        }
        red = UInt8(truncatingIfNeeded: value >> 24)
        green = UInt8(truncatingIfNeeded: value >> 16)
        blue = UInt8(truncatingIfNeeded: value >> 8)
        opacity = UInt8(truncatingIfNeeded: value)
    }
}

/// Draws peaks: each channel in a band of its own, a column of pixels for each part of the time, silence as a line.
struct WaveformPicture {
    var width: Int
    var height: Int
    var foreground: PictureColour
    var background: PictureColour
    var quality: QualityTier

    /// The picture as the bytes of a PNG file, RGBA.
    func png(of columns: [[Peak]], channels: Int) throws -> [UInt8] {
        let frame = try Frame(width: width, height: height, format: AV_PIX_FMT_RGBA)
        guard let pixels = frame.pointer.pointee.data.0 else {
            throw MediaError(.limitExceeded, "There is no picture.")
        }
        let stride = Int(frame.pointer.pointee.linesize.0)
        for row in 0..<height {
            for column in 0..<width { put(background, pixels + row * stride + 4 * column) }
        }
        for (column, peaks) in columns.enumerated() {
            for (channel, peak) in peaks.enumerated() {
                for row in rows(of: peak, channel: channel, channels: channels) {
                    put(foreground, pixels + row * stride + 4 * column)
                }
            }
        }
        let encoder = try Encoder("png", options: Options(["pred": quality.pngPrediction])) { context in
            context.pointee.width = Int32(width)
            context.pointee.height = Int32(height)
            context.pointee.pix_fmt = AV_PIX_FMT_RGBA
            context.pointee.time_base = AVRational(num: 1, den: 1)
            context.pointee.compression_level = quality.pngCompression
            context.pointee.thread_count = 1
        }
        frame.pointer.pointee.color_primaries = AVCOL_PRI_BT709
        frame.pointer.pointee.color_trc = AVCOL_TRC_IEC61966_2_1
        frame.pointer.pointee.pts = 0
        return try encoder.encodePicture(frame)
    }

    /// The rows of a channel's column: full scale is the whole band.
    private func rows(of peak: Peak, channel: Int, channels: Int) -> ClosedRange<Int> {
        let top = channel * height / channels
        let last = (channel + 1) * height / channels - 1
        func row(_ sample: Int16) -> Int {
            let share = (32_767 - Int(sample)) * (last - top)
            return min(last, top + (share + 32_767) / 65_535)
        }
        guard !peak.isEmpty else { return row(0)...row(0) }
        return row(peak.highest)...row(peak.lowest)
    }

    private func put(_ colour: PictureColour, _ pixel: UnsafeMutablePointer<UInt8>) {
        pixel[0] = colour.red
        pixel[1] = colour.green
        pixel[2] = colour.blue
        pixel[3] = colour.opacity
    }
}
