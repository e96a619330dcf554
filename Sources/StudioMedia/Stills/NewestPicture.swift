import CMedia

/// The newest picture of a running piece of work, lent with a report of its progress for as long as the report runs.
///
/// It costs nothing unless somebody asks for it.
public struct NewestPicture {
    let frame: Frame

    /// `nil` for a frame without content.
    init?(_ frame: Frame?) {
        guard let frame, frame.pointer.pointee.data.0 != nil, frame.pointer.pointee.width > 0 else { return nil }
        self.frame = frame
    }

    /// Makes a small JPEG: proportions kept, pixels square, never enlarged, high dynamic range brought down.
    ///
    /// - Parameters:
    ///   - side: The longest side, in pixels, 1 or more. Default 320.
    ///   - limit: The most bytes. Default 65,536. A picture that comes out larger is made again, coarser and smaller.
    /// - Returns: The JPEG's bytes, or `nil` where it cannot be made within the limit: work goes on without a picture.
    public func jpeg(side: Int = 320, limit: Int = 65_536) -> [UInt8]? {
        let picture = frame.pointer.pointee
        let aspect = picture.sample_aspect_ratio
        let stretch = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1
        let (wide, high) = (Double(picture.width) * stretch, Double(picture.height))
        for (part, quantiser) in [(1.0, 5), (1.0, 16), (0.5, 24)] {
            let scale = min(1, Double(side) * part / max(wide, high))
            let made = try? JPEGPicture(
                width: max(1, Int((wide * scale).rounded())), height: max(1, Int((high * scale).rounded())),
                before: ColourConversion(of: frame).toneMapping, quantiser: quantiser
            ).encode(frame)
            if let made, made.count <= limit { return made }
        }
        return nil
    }
}
