import CMedia
import StudioCore

/// Pictures of the film that are made of others: black, and the steps of a dissolve.
final class PictureMix {
    private let width: Int
    private let height: Int
    private let format: AVPixelFormat
    private let depth: Int32
    private let black: Frame
    private let mixed: Frame

    /// - Parameters:
    ///   - width: The width in pixels, even.
    ///   - height: The height in pixels, even.
    ///   - format: A planar format of 8 bits, or of more in two bytes, in limited range.
    /// - Throws: `MediaError` with `limitExceeded`.
    init(width: Int, height: Int, format: AVPixelFormat) throws {
        (self.width, self.height, self.format) = (width, height, format)
        depth = av_pix_fmt_desc_get(format)?.pointee.comp.0.depth ?? 8
        black = try Frame(width: width, height: height, format: format)
        mixed = try Frame(width: width, height: height, format: format)
        fillBlack()
    }

    /// A picture between two: every sample lies on the line between the samples of both, linear in the signal.
    /// - Parameters:
    ///   - from: What the dissolve comes from; nil for black.
    ///   - to: What it goes to; nil for black.
    ///   - step: How far it is, of `steps`.
    ///   - steps: All steps.
    /// - Returns: The picture; valid until the next one.
    /// - Throws: `MediaError` with `limitExceeded`.
    func picture(from: Frame?, to: Frame?, step: Int, of steps: Int) throws -> Frame {
        let (from, to) = (from ?? black, to ?? black)
        if steps == 0 { return to }
        try mixed.makeWritable()
        for plane in planes {
            let (a, b, made) = (plane.data(from), plane.data(to), plane.data(mixed))
            guard let a, let b, let made else { continue }
            for row in 0..<plane.rows {
                let (left, right, target) = (
                    a + row * plane.stride(from), b + row * plane.stride(to), made + row * plane.stride(mixed)
                )
                if depth > 8 {
                    Self.blend(left, right, target, plane.columns, step, steps, as: UInt16.self)
                } else {
                    Self.blend(left, right, target, plane.columns, step, steps, as: UInt8.self)
                }
            }
        }
        return mixed
    }

    private static func blend<Sample: FixedWidthInteger>(
        _ from: UnsafeMutablePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ made: UnsafeMutablePointer<UInt8>,
        _ count: Int, _ step: Int, _ steps: Int, as type: Sample.Type
    ) {
        let (a, b) = (UnsafeRawPointer(from), UnsafeRawPointer(to))
        let target = UnsafeMutableRawPointer(made)
        let size = MemoryLayout<Sample>.size
        for index in 0..<count {
            let old = Int(a.load(fromByteOffset: index * size, as: type))
            let new = Int(b.load(fromByteOffset: index * size, as: type))
            let value = (old * (steps - step) + new * step + steps / 2) / steps
            target.storeBytes(of: Sample(truncatingIfNeeded: value), toByteOffset: index * size, as: type)
        }
    }

    private struct Plane {
        var number: Int
        var rows: Int
        var columns: Int

        func data(_ frame: Frame) -> UnsafeMutablePointer<UInt8>? {
            withUnsafePointer(to: &frame.pointer.pointee.data) {
                $0.withMemoryRebound(to: UnsafeMutablePointer<UInt8>?.self, capacity: 8) { $0[number] }
            }
        }

        func stride(_ frame: Frame) -> Int {
            withUnsafePointer(to: &frame.pointer.pointee.linesize) {
                $0.withMemoryRebound(to: Int32.self, capacity: 8) { Int($0[number]) }
            }
        }
    }

    private var planes: [Plane] {
        guard let description = av_pix_fmt_desc_get(format)?.pointee else { return [] }
        let (across, down) = (Int(description.log2_chroma_w), Int(description.log2_chroma_h))
        return (0..<Int(description.nb_components)).map { number in
            // The second and third components are colour; the fourth is transparency.
            let isColour = number == 1 || number == 2
            return Plane(
                number: number, rows: isColour ? -(-height >> down) : height,
                columns: isColour ? -(-width >> across) : width)
        }
    }

    private func fillBlack() {
        for plane in planes {
            guard let data = plane.data(black) else { continue }
            let value =
                switch plane.number {
                case 0: 16 << Int(depth - 8)
                case 3: (1 << Int(depth)) - 1
                default: 128 << Int(depth - 8)
                }
            for row in 0..<plane.rows {
                let line = UnsafeMutableRawPointer(data + row * plane.stride(black))
                for column in 0..<plane.columns {
                    if depth > 8 {
                        line.storeBytes(of: UInt16(value), toByteOffset: 2 * column, as: UInt16.self)
                    } else {
                        line.storeBytes(of: UInt8(value), toByteOffset: column, as: UInt8.self)
                    }
                }
            }
        }
    }
}
