import CMedia

/// A large picture, RGB with 8 bits, on which small ones are put in places of one size.
final class PictureSheet {
    let frame: Frame
    private let width: Int
    private let height: Int

    /// An empty sheet, evenly dark grey.
    init(width: Int, height: Int) throws {
        self.width = width
        self.height = height
        frame = try Frame(width: width, height: height, format: AV_PIX_FMT_RGB24)
        let picture = frame.pointer.pointee
        guard let pixels = picture.data.0 else { throw MediaError(.limitExceeded, "There is no picture.") }
        for line in 0..<height { (pixels + line * Int(picture.linesize.0)).update(repeating: 0x18, count: 3 * width) }
        frame.pointer.pointee.color_range = AVCOL_RANGE_JPEG
        frame.pointer.pointee.sample_aspect_ratio = AVRational(num: 1, den: 1)
    }

    /// Puts a picture, RGB with 8 bits, with its upper left corner at a place; what goes beyond the sheet is left out.
    func put(_ tile: Frame, x: Int, y: Int) {
        let (from, to) = (tile.pointer.pointee, frame.pointer.pointee)
        let (wide, high) = (min(Int(from.width), width - x), min(Int(from.height), height - y))
        guard wide > 0, high > 0, x >= 0, y >= 0, let source = from.data.0, let target = to.data.0 else { return }
        let place = target + y * Int(to.linesize.0) + 3 * x
        av_image_copy_plane(place, to.linesize.0, source, from.linesize.0, 3 * Int32(wide), Int32(high))
    }
}

/// A small picture in a place of a sheet: upright, square pixels, fitted inside with its proportions kept, never enlarged.
struct SheetTile {
    /// The place's size in pixels, without the line of text.
    var width: Int
    var height: Int
    /// A line of text below; `nil` for none.
    var label: TileLabel?

    /// The height of a place and its line of text.
    var fullHeight: Int { height + (label?.height ?? 0) }

    /// Makes the small picture, RGB with 8 bits.
    /// - Parameters:
    ///   - picture: The picture.
    ///   - reader: Where it comes from.
    ///   - filters: Those of the pictures before, which are used again where this one is like them.
    /// - Returns: The small picture.
    /// - Throws: `MediaError` where it cannot be converted.
    func make(of picture: Frame, _ reader: FrameReader, _ filters: TileFilters) throws -> Frame {
        let shape = picture.pointer.pointee
        let aspect = shape.sample_aspect_ratio
        let stretch = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1
        let limit = reader.orientation.turned(width, height)
        let (wide, high) = (Double(shape.width) * stretch, Double(shape.height))
        let scale = min(1, Double(limit.width) / wide, Double(limit.height) / high)
        let (across, down) = (max(1, Int((wide * scale).rounded())), max(1, Int((high * scale).rounded())))
        let chain =
            ColourConversion(of: picture).toneMapping + reader.demuxer.stillFilters(for: picture)
            + ["scale=\(across):\(down):flags=area:out_range=pc", "setsar=1", "format=gbrp"]
            + reader.orientation.filters
            + ["pad=\(width):\(height):-1:-1:0x181818", "format=rgb24"] + (label?.filters(width, height) ?? [])
        return try filters.apply(chain.joined(separator: ","), to: picture)
    }
}

/// The filters that make small pictures: to set them up takes as long as to use them, so that they are kept for as long as the
/// pictures are alike.
final class TileFilters {
    private struct Kind: Equatable {
        let shape: PictureShape
        let chain: String
    }

    private var kind: Kind?
    private var graph: FilterGraph?

    /// A picture as filters that give one for each make it.
    fileprivate func apply(_ chain: String, to picture: Frame) throws -> Frame {
        let kind = Kind(shape: PictureShape(picture), chain: chain)
        let kept = picture.pointer.pointee.pts
        defer { picture.pointer.pointee.pts = kept }
        picture.pointer.pointee.pts = 0
        if graph == nil || kind != self.kind {
            graph = try FilterGraph(pictures: picture, timeBase: AVRational(num: 1, den: 1), chain: chain)
            self.kind = kind
        }
        let made = try Frame()
        try graph?.push(picture)
        guard try graph?.pull(into: made) == true else {
            graph = nil
            throw MediaError(.inputInvalid, "The picture cannot be converted.")
        }
        return made
    }
}

/// A line of text below a picture of a sheet.
struct TileLabel {
    var text: String
    /// In pixels, the space around the text included.
    var height: Int

    /// The filters for a picture of a size: a line is added below, and the text is set into it.
    func filters(_ width: Int, _ pictureHeight: Int) -> [String] {
        [
            "pad=\(width):\(pictureHeight + height):0:0:0x181818",
            DrawnText.filter(
                text, size: height * 5 / 8, x: "\(height / 4)", y: "\(pictureHeight)+(\(height)-ascent)/2-1",
                colour: "0xE0E0E0"),
        ]
    }
}
