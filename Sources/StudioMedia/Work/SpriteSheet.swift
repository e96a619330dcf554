import CMedia
public import StudioCore

/// Small stills of a video at even distances on one JPEG, and a WebVTT index that says where each moment's still is: what a
/// player shows while somebody scrubs.
///
/// Stills are in rows of ten from the upper left. Where a still a second (or the interval that was asked for) would be more
/// than `maxStills`, the interval grows until they fit. The index has a cue for every still, from its moment to the next
/// one's, with the address `image#xywh=x,y,width,height` (W3C, "Media Fragments URI 1.0"), in which ``address`` stands for the sheet.
public struct SpriteSheet: Sendable, Equatable {
    static let columns = 10

    /// The video's path.
    public var input: String
    /// The time between two stills, in seconds, 0.04 to 3600.
    public var interval: Double
    /// The width of a still in pixels, 32 to 512; the height follows.
    public var tileWidth: Int
    /// The most stills, 1 to 1000.
    public var maxStills: Int
    /// The size of the JPEG.
    public var quality: QualityTier
    /// What the index calls the sheet, from where the index is read.
    public var address: String
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes a sprite sheet.
    /// - Parameters:
    ///   - input: The video's path.
    ///   - interval: The time between two stills, in seconds.
    ///   - tileWidth: The width of a still in pixels.
    ///   - maxStills: The most stills.
    ///   - quality: The size of the JPEG.
    ///   - address: What the index calls the sheet, from where the index is read; a relative address.
    ///   - limits: The largest input to accept.
    public init(
        input: String, interval: Double = 1, tileWidth: Int = 160, maxStills: Int = 400,
        quality: QualityTier = .standard, address: String, limits: MediaLimits = MediaLimits()
    ) {
        self.input = input
        self.interval = interval
        self.tileWidth = tileWidth
        self.maxStills = maxStills
        self.quality = quality
        self.address = address
        self.limits = limits
    }

    /// Makes the sheet and its index. Blocks.
    /// - Parameters:
    ///   - path: The sheet. A file there is replaced; on failure nothing is left.
    ///   - index: The index. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress, a still counting as a frame; what it throws stops the work.
    /// - Throws: `MediaError` (`unsupported` for a picture file or sound, and any other code), or what `progress` threw.
    public func render(to path: String, index: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        try checkParameters()
        let reader = try FrameReader(path: input, limits: limits)
        guard !reader.demuxer.isPicture else {
            throw MediaError(.unsupported, "\(reader.demuxer.name) is a picture: there is nothing to scrub through.")
        }
        guard reader.duration > 0 else {
            throw MediaError(.unsupported, "\(reader.demuxer.name) does not say how long it is.")
        }
        let step = max(interval * 1e6, Double(reader.duration) / Double(maxStills))
        let count = min(maxStills, max(1, Int((Double(reader.duration) / step).rounded(.up))))
        var counter = ProgressCounter(total: count, report: progress)
        try counter.start()
        let first = try reader.frame(at: 0) { try counter.beat() }
        let tile = SheetTile(width: tileWidth, height: Self.height(of: first.frame, reader, tileWidth))
        let columns = min(Self.columns, count)
        let size = (columns * tile.width, (count + columns - 1) / columns * tile.height)
        // JPEG itself ends at 65,535.
        try limits.check(width: size.0, height: size.1, of: "The sprite sheet")
        let sheet = try PictureSheet(width: size.0, height: size.1)
        let filters = TileFilters()
        var cues: [WebVTT.Cue] = []
        for number in 0..<count {
            let start = Double(number) * step
            let found = try reader.frame(at: Int64(start)) { try counter.beat() }
            let (x, y) = (number % columns * tile.width, number / columns * tile.height)
            sheet.put(try tile.make(of: found.frame, reader, filters), x: x, y: y)
            let end = number == count - 1 ? Double(reader.duration) : start + step
            cues.append(
                WebVTT.Cue(
                    start: Int(start / 1000), end: max(Int(start / 1000) + 1, Int(end / 1000)),
                    text: "\(address)#xywh=\(x),\(y),\(tile.width),\(tile.height)"))
            try counter.advance()
        }
        let bytes = try StillEncoder(.jpg, quality: quality).encode(sheet.frame)
        let list = try OutputFile(path: index)
        try list.write(Array(Self.document(cues).utf8))
        try OutputFile.write(picture: bytes, to: path, counting: &counter)
        list.keep()
    }

    private static func document(_ cues: [WebVTT.Cue]) throws -> String {
        do { return try WebVTT(cues: cues).document() } catch {
            throw MediaError(.outputFailed, "The index cannot be written.", detail: "\(error)")
        }
    }

    private func checkParameters() throws {
        guard interval.isFinite, (0.04...3600).contains(interval), (32...512).contains(tileWidth),
            (1...1000).contains(maxStills)
        else {
            throw MediaError(
                .parametersInvalid,
                "A sprite sheet of at most \(maxStills) stills, \(tileWidth) pixels wide, every \(interval) s is not "
                    + "possible; it has 1 to 1000, 32 to 512 pixels wide, every 0.04 to 3600 s.")
        }
    }

    /// The height of a still with the video's proportions, even so that JPEG's colours do not run from one into the next.
    private static func height(of picture: Frame, _ reader: FrameReader, _ width: Int) -> Int {
        let shape = picture.pointer.pointee
        let aspect = shape.sample_aspect_ratio
        let stretch = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1
        let seen = reader.orientation.turned(Double(shape.width) * stretch, Double(shape.height))
        return max(2, Int((Double(width) * seen.height / max(1, seen.width)).rounded() + 1) & ~1)
    }
}
