import CMedia

/// What a watermark is made of: planes of G, B, R and alpha with 16 bits, multiplied with alpha, and where they lie.
struct WatermarkSource {
    /// The share of red and blue in luma.
    typealias Weights = (red: Double, blue: Double)

    let frame: Frame
    /// The left edge in the film's pixels.
    let x: Int
    /// The upper edge.
    let y: Int
    let opacity: Double
    /// The bits of the film's samples.
    let depth: Int
    let weights: Weights

    var width: Int { Int(frame.pointer.pointee.width) }
    var height: Int { Int(frame.pointer.pointee.height) }

    /// By ITU-R BT.709, BT.601, BT.2020, SMPTE 240M and the FCC of 1953; as players take it where none is named.
    static func weights(of matrix: AVColorSpace, height: Int) -> Weights {
        switch matrix {
        case AVCOL_SPC_BT709: (0.2126, 0.0722)
        case AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M: (0.299, 0.114)
        case AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL: (0.2627, 0.0593)
        case AVCOL_SPC_SMPTE240M: (0.212, 0.087)
        case AVCOL_SPC_FCC: (0.30, 0.11)
        default: height > 576 ? (0.2126, 0.0722) : (0.299, 0.114)
        }
    }
}

/// What lies over one plane of a film's pictures: for every sample how much it is covered, and with what.
struct WatermarkLayer {
    /// What a plane holds.
    enum Channel { case luma, blue, red, alpha }

    /// A sample that is covered wholly.
    private static let whole: UInt32 = 65_535

    private let plane: Int
    /// The logarithms of how many of the film's pixels a sample stands for, across and down.
    private let shift: (x: Int, y: Int)
    private let x: Int
    private let y: Int
    private let width: Int
    private let height: Int
    private let most: UInt32
    private let covers: [UInt16]
    /// The colour times ``covers``.
    private let values: [UInt32]

    init(_ source: WatermarkSource, _ channel: Channel, plane: Int, _ shift: (x: Int, y: Int)) {
        self.plane = plane
        self.shift = shift
        x = source.x >> shift.x
        y = source.y >> shift.y
        let (left, top) = (x << shift.x - source.x, y << shift.y - source.y)
        let (columns, rows) = (1 << shift.x, 1 << shift.y)
        width = (source.width - left + columns - 1) / columns
        height = (source.height - top + rows - 1) / rows
        most = UInt32(1) << UInt32(source.depth) - 1
        var covers: [UInt16] = []
        var values: [UInt32] = []
        covers.reserveCapacity(width * height)
        values.reserveCapacity(width * height)
        let colour = WatermarkColour(source, channel)
        for row in 0..<height {
            for column in 0..<width {
                // A sample of colour stands for several pixels, of which the watermark may have a part.
                let sum = colour.sum(
                    from: (left + column * columns, top + row * rows), columns: columns, rows: rows)
                let share = source.opacity / Double(columns * rows)
                let cover = (sum.cover * share * Double(Self.whole)).rounded()
                covers.append(UInt16(min(65_535, max(0, cover))))
                let value = (sum.value * share * Double(Self.whole)).rounded()
                values.append(UInt32(min(Double(most) * cover, max(0, value))))
            }
        }
        self.covers = covers
        self.values = values
    }

    /// Lays the layer over a frame's plane, whose samples are of a type.
    ///
    /// - Parameters:
    ///   - frame: The picture, which nobody else reads.
    ///   - sample: The samples' type.
    ///   - isStraight: Whether the picture is transparent in parts, by its fourth plane: then its colours count as much as they
    ///     are seen.
    func draw<Sample: FixedWidthInteger & UnsignedInteger>(
        on frame: Frame, _ sample: Sample.Type, isStraight: Bool = false
    ) {
        let picture = frame.pointer.pointee
        guard let data = picture.extended_data, let base = data[plane] else { return }
        let sides = (
            width: (Int(picture.width) + (1 << shift.x) - 1) >> shift.x,
            height: (Int(picture.height) + (1 << shift.y) - 1) >> shift.y
        )
        let stride = Int(Self.stride(of: picture, plane))
        for row in 0..<height where y + row < sides.height {
            let line = UnsafeMutableRawPointer(base + (y + row) * stride).assumingMemoryBound(to: Sample.self)
            for column in 0..<width where x + column < sides.width {
                let place = row * width + column
                let cover = UInt32(covers[place])
                guard cover > 0 else { continue }
                let below = min(most, UInt32(truncatingIfNeeded: line[x + column]))
                let mixed =
                    isStraight
                    ? straight(below, Self.alpha(of: picture, x + column, y + row, shift, sample) ?? most, place)
                    : (below * (Self.whole - cover) + values[place] + Self.whole / 2) / Self.whole
                line[x + column] = Sample(truncatingIfNeeded: min(most, mixed))
            }
        }
    }

    /// The colour of a sample over one that is itself seen in part.
    private func straight(_ below: UInt32, _ seen: UInt32, _ place: Int) -> UInt32 {
        let cover = Double(covers[place]) / Double(Self.whole)
        let under = Double(seen) / Double(most) * (1 - cover)
        let colour = Double(values[place]) / Double(Self.whole) + Double(below) * under
        return UInt32((colour / (cover + under)).rounded())
    }

    /// How much a sample of a frame is seen, by the mean of the pixels it stands for.
    private static func alpha<Sample: FixedWidthInteger & UnsignedInteger>(
        of picture: AVFrame, _ x: Int, _ y: Int, _ shift: (x: Int, y: Int), _ sample: Sample.Type
    ) -> UInt32? {
        guard let base = picture.extended_data?[3] else { return nil }
        let stride = Int(stride(of: picture, 3))
        var (sum, count) = (0, 0)
        for row in y << shift.y..<min((y + 1) << shift.y, Int(picture.height)) {
            let line = UnsafeMutableRawPointer(base + row * stride).assumingMemoryBound(to: Sample.self)
            for column in x << shift.x..<min((x + 1) << shift.x, Int(picture.width)) {
                sum += Int(truncatingIfNeeded: line[column])
                count += 1
            }
        }
        return count > 0 ? UInt32(sum / count) : nil
    }

    private static func stride(of picture: AVFrame, _ plane: Int) -> Int32 {
        switch plane {
        case 0: picture.linesize.0
        case 1: picture.linesize.1
        case 2: picture.linesize.2
        default: picture.linesize.3
        }
    }
}

/// One channel of a watermark in the film's numbers.
private struct WatermarkColour {
    private let source: WatermarkSource
    private let channel: WatermarkLayer.Channel
    /// What a share of one is in the film's numbers, and where they begin.
    private let scale: Double
    private let offset: Double

    init(_ source: WatermarkSource, _ channel: WatermarkLayer.Channel) {
        self.source = source
        self.channel = channel
        let step = Double(1 << (source.depth - 8))
        (scale, offset) =
            switch channel {
            case .luma: (219 * step, 16 * step)
            case .blue, .red: (224 * step, 128 * step)
            // The one channel that has no limited range.
            case .alpha: (0, 256 * step - 1)
            }
    }

    /// How much some pixels cover, and their colour times that, each from 0 to 1 and added up; nothing beyond the edges.
    func sum(from place: (x: Int, y: Int), columns: Int, rows: Int) -> (cover: Double, value: Double) {
        var sum = (cover: 0.0, value: 0.0)
        for row in max(0, place.y)..<max(0, min(place.y + rows, source.height)) {
            guard let green = line(0, row), let blue = line(1, row), let red = line(2, row), let alpha = line(3, row)
            else { continue }
            for column in max(0, place.x)..<max(0, min(place.x + columns, source.width)) {
                let cover = Double(alpha[column]) / 65_535
                func part(_ value: UInt16) -> Double { min(cover, Double(value) / 65_535) }
                let (r, g, b) = (part(red[column]), part(green[column]), part(blue[column]))
                let weights = source.weights
                let luma = weights.red * r + (1 - weights.red - weights.blue) * g + weights.blue * b
                let share =
                    switch channel {
                    case .luma: luma
                    case .blue: (b - luma) / (2 * (1 - weights.blue))
                    case .red: (r - luma) / (2 * (1 - weights.red))
                    case .alpha: 0.0
                    }
                sum.cover += cover
                sum.value += cover * offset + share * scale
            }
        }
        return sum
    }

    private func line(_ plane: Int, _ row: Int) -> UnsafeMutablePointer<UInt16>? {
        let picture = source.frame.pointer.pointee
        let strides = [picture.linesize.0, picture.linesize.1, picture.linesize.2, picture.linesize.3]
        guard let base = picture.extended_data?[plane] else { return nil }
        return UnsafeMutableRawPointer(base + row * Int(strides[plane])).assumingMemoryBound(to: UInt16.self)
    }
}
