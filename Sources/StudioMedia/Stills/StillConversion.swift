import CMedia

/// How a decoded picture file becomes a picture for a display: its light, its transparency, the range of its numbers.
struct StillConversion {
    /// The filters, before any others.
    let filters: [String]
    /// What a `scale` that follows is told about its input, where it has a matrix.
    let inputColours: String

    /// - Parameters:
    ///   - shape: The decoded picture.
    ///   - light: What its numbers mean.
    ///   - keepsAlpha: Whether transparency stays. Default: the picture is put on black.
    init(_ shape: PictureShape, _ light: PictureLight, keepsAlpha: Bool = false) {
        let isDeep = shape.depth > 8 || light != .display
        let suffix = isDeep ? "16" : ""
        var filters: [String] = []
        // Linear pictures have their colours multiplied with alpha already, by OpenEXR's rule.
        if light != .display {
            filters.append("format=" + (shape.hasAlpha ? "gbrap16" : "gbrp16"))
            if light == .linear, shape.hasAlpha, keepsAlpha { filters.append("unpremultiply=inplace=1") }
            filters += light.toDisplay
        }
        if shape.hasAlpha, !keepsAlpha {
            if light != .linear { filters += ["format=gbrap\(suffix)", "premultiply=inplace=1"] }
            filters.append("format=gbrp\(suffix)")
        }
        self.filters = filters
        // What has no matrix after this needs no word about it. JPEG's and WebP's is always BT.601's.
        inputColours =
            shape.isRGB || !filters.isEmpty
            ? "" : ":in_range=\(shape.isLimitedRange ? "tv" : "pc"):in_color_matrix=bt601"
    }
}

extension Demuxer {
    /// Whether this is a picture file whose numbers are not coded for a display.
    var isLinearPicture: Bool { isPicture && PictureLight(of: source.bytes(at: 0, count: 1024)) != .display }

    /// The filters that make a picture for a display of a decoded picture file; none for films.
    func stillFilters(for picture: Frame) -> [String] {
        guard isPicture else { return [] }
        return StillConversion(PictureShape(picture), PictureLight(of: source.bytes(at: 0, count: 1024))).filters
    }
}
