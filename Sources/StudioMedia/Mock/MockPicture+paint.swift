extension MockPicture {
    /// Paints packed RGB: rows of `width * 3` bytes, `stride` bytes from each to the next.
    func paintRGB(into pixels: UnsafeMutablePointer<UInt8>, stride: Int, at microseconds: Int64) {
        let painter = Painter(self, at: microseconds)
        for y in 0..<height {
            let row = pixels + y * stride
            painter.withHeights(ofRow: y) { heights in
                palette.red.withUnsafeBufferPointer { red in
                    palette.green.withUnsafeBufferPointer { green in
                        palette.blue.withUnsafeBufferPointer { blue in
                            for x in 0..<width {
                                let height = Int(heights[x])
                                row[3 &* x] = red[height]
                                row[3 &* x &+ 1] = green[height]
                                row[3 &* x &+ 2] = blue[height]
                            }
                        }
                    }
                }
            }
            painter.forGlow(y, step: 1) { x, weight in
                Self.blend(row + 3 &* x, palette.glow.red, weight)
                Self.blend(row + (3 &* x &+ 1), palette.glow.green, weight)
                Self.blend(row + (3 &* x &+ 2), palette.glow.blue, weight)
            }
        }
    }

    /// Paints 4:2:0 planes in BT.709, limited range; width and height are even. Colour is sampled at the even pixels.
    func paintPlanes(_ planes: Planes, at microseconds: Int64) {
        let painter = Painter(self, at: microseconds)
        let glow = (Int(palette.glow.luma), Int(palette.glow.blueDifference), Int(palette.glow.redDifference))
        for y in 0..<height {
            let luma = planes.luma + y * planes.lumaStride
            let isColourRow = y & 1 == 0
            let blue = planes.blueDifference + (y >> 1) * planes.blueStride
            let red = planes.redDifference + (y >> 1) * planes.redStride
            painter.withHeights(ofRow: y) { heights in
                palette.luma.withUnsafeBufferPointer { table in
                    for x in 0..<width { luma[x] = table[Int(heights[x])] }
                }
                guard isColourRow else { return }
                palette.blueDifference.withUnsafeBufferPointer { table in
                    for x in 0..<width >> 1 { blue[x] = table[Int(heights[2 &* x])] }
                }
                palette.redDifference.withUnsafeBufferPointer { table in
                    for x in 0..<width >> 1 { red[x] = table[Int(heights[2 &* x])] }
                }
            }
            painter.forGlow(y, step: 1) { x, weight in Self.blend(luma + x, glow.0, weight) }
            guard isColourRow else { continue }
            painter.forGlow(y, step: 2) { x, weight in
                Self.blend(blue + x >> 1, glow.1, weight)
                Self.blend(red + x >> 1, glow.2, weight)
            }
        }
    }

    /// Where the three planes of a picture are.
    struct Planes {
        var luma: UnsafeMutablePointer<UInt8>
        var lumaStride: Int
        var blueDifference: UnsafeMutablePointer<UInt8>
        var blueStride: Int
        var redDifference: UnsafeMutablePointer<UInt8>
        var redStride: Int
    }

    @inline(__always)
    private static func blend(_ pixel: UnsafeMutablePointer<UInt8>, _ colour: Int, _ weight: Int) {
        let old = Int(pixel.pointee)
        pixel.pointee = UInt8(truncatingIfNeeded: old &+ (((colour &- old) &* weight) >> 8))
    }
}

/// What is the same for all rows of one moment.
private struct Painter {
    private let columns: [[UInt16]]
    private let rows: [[UInt16]]
    private let glows: [(x: Int, y: Int, radius: Int, strength: Int)]
    private let width: Int
    private let heights: UnsafeMutableBufferPointer<UInt16>
    private let owner: Row

    init(_ picture: MockPicture, at microseconds: Int64) {
        let longSide = max(picture.width, picture.height)
        columns = picture.waves.map {
            $0.phases(count: picture.width, ofRows: false, longSide: longSide, at: microseconds)
        }
        rows = picture.waves.map {
            $0.phases(count: picture.height, ofRows: true, longSide: longSide, at: microseconds)
        }
        glows = picture.discs.map { disc in
            let place = disc.place(width: picture.width, height: picture.height, at: microseconds)
            return (place.x, place.y, place.radius, disc.strength)
        }
        width = picture.width
        owner = Row(width: picture.width)
        heights = owner.heights
    }

    /// Computes one row's heights, each an index into the palette, and lends them.
    @inline(__always)
    func withHeights(ofRow y: Int, _ body: (UnsafeMutablePointer<UInt16>) -> Void) {
        guard let heights = heights.baseAddress else { return }
        let (first, second, third, fourth) = (Int(rows[0][y]), Int(rows[1][y]), Int(rows[2][y]), Int(rows[3][y]))
        SineTable.values.withUnsafeBufferPointer { sine in
            columns[0].withUnsafeBufferPointer { a in
                columns[1].withUnsafeBufferPointer { b in
                    columns[2].withUnsafeBufferPointer { c in
                        columns[3].withUnsafeBufferPointer { d in
                            for x in 0..<width {
                                let sum =
                                    Int(sine[(Int(a[x]) &+ first) & 1023]) &+ Int(sine[(Int(b[x]) &+ second) & 1023])
                                    &+ Int(sine[(Int(c[x]) &+ third) & 1023]) &+ Int(sine[(Int(d[x]) &+ fourth) & 1023])
                                heights[x] = UInt16(truncatingIfNeeded: sum &+ 1024)
                            }
                        }
                    }
                }
            }
        }
        body(heights)
    }

    /// Calls `body` with a weight, 0…256, for every pixel of a row that a disc lights.
    @inline(__always)
    func forGlow(_ y: Int, step: Int, _ body: (Int, Int) -> Void) {
        for glow in glows {
            let rise = y - glow.y
            let square = glow.radius * glow.radius
            guard rise * rise < square else { continue }
            // One division a row instead of one a pixel.
            let scale = (256 << 32) / square
            let from = max(0, glow.x - glow.radius) & ~(step - 1)
            let to = min(width, glow.x + glow.radius + 1)
            var x = from
            while x < to {
                let run = x &- glow.x
                let left = square &- rise &* rise &- run &* run
                if left > 0 {
                    let near = (left &* scale) >> 32
                    body(x, (((near &* near) >> 8) &* glow.strength) >> 8)
                }
                x &+= step
            }
        }
    }

    /// The row's memory.
    private final class Row {
        let heights: UnsafeMutableBufferPointer<UInt16>

        init(width: Int) { heights = .allocate(capacity: width) }
        deinit { heights.deallocate() }
    }
}
