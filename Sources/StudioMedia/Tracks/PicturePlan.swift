import CMedia

/// How a stream's pictures become the output's: turned, mapped in colour, sized. Made once from what the file says.
struct PicturePlan {
    let width: Int
    let height: Int
    let pixelAspect: AVRational
    let colours: ColourConversion
    private let orientation: Orientation
    private let isInterlaced: Bool
    private let isScaled: Bool
    /// What the picture itself has of the output's size; the rest is black.
    private let inner: (width: Int, height: Int)

    /// `width` and `height` are what was asked for.
    init(_ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, width: Int?, height: Int?) throws {
        let name = demuxer.name
        guard let parameters = stream.pointee.codecpar?.pointee else {
            throw MediaError(.inputInvalid, "\(name) is damaged.")
        }
        colours = ColourConversion(of: parameters)
        orientation = demuxer.orientation(of: stream)
        isInterlaced = [AV_FIELD_TT, AV_FIELD_BB, AV_FIELD_TB, AV_FIELD_BT].contains(parameters.field_order)
        var aspect = parameters.sample_aspect_ratio
        if aspect.num <= 0 || aspect.den <= 0 { aspect = AVRational(num: 1, den: 1) }
        if orientation.swapsSides { aspect = AVRational(num: aspect.den, den: aspect.num) }
        let upright = orientation.turned(Int(parameters.width), Int(parameters.height))
        isScaled = width != nil || height != nil
        pixelAspect = isScaled ? AVRational(num: 1, den: 1) : aspect
        // Proportions as they are seen, pixels that are not square included.
        let ratio = Double(upright.width) * Double(aspect.num) / Double(aspect.den) / Double(max(1, upright.height))
        let made: (Int, Int) =
            switch (width, height) {
            case (let width?, let height?): (width, height)
            case (let width?, nil): (width, Self.whole(Double(width) / ratio))
            case (nil, let height?): (Self.whole(Double(height) * ratio), height)
            case (nil, nil): upright
            }
        (self.width, self.height) = (made.0 & ~1, made.1 & ~1)
        if width != nil && height != nil {
            let fitting = min(Double(self.width), Double(self.height) * ratio)
            inner = (max(2, Self.whole(fitting) & ~1), max(2, min(self.height, Self.whole(fitting / ratio)) & ~1))
        } else {
            inner = (self.width, self.height)
        }
        guard (2...16_384).contains(self.width), (2...16_384).contains(self.height) else {
            throw MediaError(
                .unsupported, "\(name) would become a picture of \(made.0)×\(made.1), which H.264 does not allow.")
        }
    }

    /// The filters for frames of a shape.
    func chain(for shape: PictureShape) -> String {
        var filters: [String] = []
        var padding: [String] = []
        if isInterlaced { filters.append("bwdif=mode=send_frame:deint=interlaced") }
        filters += orientation.filters
        filters += colours.toneMapping
        let (wide, high) = orientation.turned(Int(shape.width), Int(shape.height))
        if isScaled {
            filters += ["scale=\(inner.width):\(inner.height)", "setsar=1"]
            if inner != (width, height) { padding = [PictureFit.centred(width, height)] }
        } else if (wide, high) != (width, height) {
            // One row or column less; a frame of another size in the middle of a stream is fitted inside.
            let isOdd = wide & ~1 == width && high & ~1 == height
            filters.append(isOdd ? "crop=\(width):\(height):0:0" : PictureFit.inside(width, height))
            padding = isOdd ? [] : [PictureFit.centred(width, height)]
        }
        // Black is added last, to a picture that is what the output is tagged as.
        filters += colours.finish + padding
        if isScaled { filters.append("setsar=1") }
        return filters.joined(separator: ",")
    }

    private static func whole(_ value: Double) -> Int {
        value.isFinite && value < 1e6 ? Int(value.rounded()) : 1_000_000
    }
}
