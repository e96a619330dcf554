import CMedia

/// How a stream's pictures become the output's: turned, cut, mapped in colour, sized. Made once from what the file says.
struct PicturePlan {
    let width: Int
    let height: Int
    let pixelAspect: AVRational
    let colours: ColourConversion
    private let orientation: Orientation
    private let isInterlaced: Bool
    private let isScaled: Bool
    private let change: PictureChange
    private let target: VideoTarget
    /// The filters that draw into pictures of the output's size.
    private let drawing: [String]
    /// What lies over the finished pictures.
    private let watermark: Watermark?
    /// What the picture itself has of the output's size: less where black is added, more where it is cut off.
    private let inner: (width: Int, height: Int)

    init(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, change: PictureChange, target: VideoTarget,
        toneMaps: Bool
    ) throws {
        let name = demuxer.name
        guard let parameters = stream.pointee.codecpar?.pointee else {
            throw MediaError(.inputInvalid, "\(name) is damaged.")
        }
        self.change = change
        self.target = target
        let toneMaps = toneMaps || change.burnIn?.picture != nil
        colours = ColourConversion(of: parameters, to: target, toneMaps: toneMaps)
        orientation = demuxer.orientation(of: stream)
        isInterlaced = [AV_FIELD_TT, AV_FIELD_BB, AV_FIELD_TB, AV_FIELD_BT].contains(parameters.field_order)
        var aspect = demuxer.pixelAspect(of: stream)
        if orientation.swapsSides { aspect = AVRational(num: aspect.den, den: aspect.num) }
        let upright = Self.cut(orientation.turned(Int(parameters.width), Int(parameters.height)), change.crop)
        guard upright.width >= 2, upright.height >= 2 || change.crop.isNothing else {
            throw MediaError(.parametersInvalid, "The crop leaves nothing of the pictures of \(name).")
        }
        isScaled = change.width != nil || change.height != nil
        pixelAspect = isScaled ? AVRational(num: 1, den: 1) : aspect
        // Proportions as they are seen, pixels that are not square included.
        let ratio = Double(upright.width) * Double(aspect.num) / Double(aspect.den) / Double(max(1, upright.height))
        let made: (Int, Int) =
            switch (change.width, change.height) {
            case (let width?, let height?): (width, height)
            case (let width?, nil): (width, Self.whole(Double(width) / ratio))
            case (nil, let height?): (Self.whole(Double(height) * ratio), height)
            case (nil, nil): upright
            }
        (width, height) = (made.0 & ~1, made.1 & ~1)
        inner = Self.inner(of: (width, height), ratio, change)
        let rate = change.frameRate ?? demuxer.steadyRate(of: stream) ?? FrameRate(stream.pointee.avg_frame_rate)
        drawing = try change.burnIn?.filters(height: height, rate: rate ?? .film, start: demuxer.timecode) ?? []
        guard (2...16_384).contains(width), (2...16_384).contains(height) else {
            throw MediaError(
                .unsupported,
                "\(name) would become a picture of \(made.0)×\(made.1), which \(target.codec.title) does not allow.")
        }
        let canvas = Watermark.Canvas(
            width: width, height: height, pixelAspect: pixelAspect, matrix: colours.output.matrix,
            format: target.pixelFormat)
        watermark = try change.burnIn?.picture.map { try Watermark($0, on: canvas, limits: demuxer.limits) }
    }

    /// The filters for frames of a shape.
    func chain(for shape: PictureShape) -> String {
        var filters: [String] = []
        var padding: [String] = []
        if isInterlaced { filters.append("bwdif=mode=send_frame:deint=interlaced") }
        // Which picture each frame shows is decided before (`RateConversion`): pictures come with the numbers of frames.
        if let rate = change.frameRate { filters.append("fps=fps=\(rate)") }
        filters += orientation.filters
        let whole = orientation.turned(Int(shape.width), Int(shape.height))
        let seen = Self.cut(whole, change.crop)
        if !change.crop.isNothing {
            filters.append("crop=\(max(2, seen.width)):\(max(2, seen.height)):\(change.crop.left):\(change.crop.top)")
        }
        filters += colours.toneMapping
        let black = target.alpha ? "black@0" : "black"
        if isScaled {
            filters += ["scale=\(inner.width):\(inner.height)", "setsar=1"]
            if inner.width > width || inner.height > height { filters.append("crop=\(width):\(height)") }
            if inner.width < width || inner.height < height { padding = [PictureFit.centred(width, height, black)] }
        } else if seen != (width, height) {
            // One row or column less; a frame of another size in the middle of a stream is fitted inside.
            let isOdd = seen.width & ~1 == width && seen.height & ~1 == height
            filters.append(isOdd ? "crop=\(width):\(height):0:0" : PictureFit.inside(width, height))
            padding = isOdd ? [] : [PictureFit.centred(width, height, black)]
        }
        // Black is added last, to a picture that is what the output is tagged as.
        filters += colours.finish + padding
        if isScaled { filters.append("setsar=1") }
        filters += drawing
        return filters.joined(separator: ",")
    }

    /// Whether a film that is brought to a rate begins with its first picture however late that is due.
    var beginsAtZero: Bool { change.beginsAtZero }

    /// Lays over a picture that comes out of the filters what lies over all of them.
    func drawOver(_ picture: Frame) throws { try watermark?.draw(on: picture) }

    /// Whether what becomes of a picture depends on those beside it.
    var looksAround: Bool { isInterlaced }

    /// Whether pictures come out as they went in, but for their times and coding.
    var changesNothing: Bool {
        !isScaled && change.crop.isNothing && drawing.isEmpty && watermark == nil && colours.toneMapping.isEmpty
            && !colours.changesValues
    }

    private static func cut(_ size: (width: Int, height: Int), _ crop: PictureChange.Crop) -> (width: Int, height: Int)
    {
        (size.width - crop.left - crop.right, size.height - crop.top - crop.bottom)
    }

    private static func inner(
        of size: (width: Int, height: Int), _ ratio: Double, _ change: PictureChange
    ) -> (width: Int, height: Int) {
        guard change.width != nil && change.height != nil else { return size }
        let (wide, high) = (Double(size.width), Double(size.height))
        switch change.fit {
        case .stretch: return size
        case .fit:
            let fitting = min(wide, high * ratio)
            return (max(2, whole(fitting) & ~1), max(2, min(size.height, whole(fitting / ratio)) & ~1))
        case .fill:
            let filling = max(wide, high * ratio)
            return (max(size.width, whole(filling)), max(size.height, whole(filling / ratio)))
        }
    }

    private static func whole(_ value: Double) -> Int {
        value.isFinite && value < 1e6 ? Int(value.rounded()) : 1_000_000
    }
}
