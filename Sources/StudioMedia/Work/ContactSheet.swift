import CMedia
public import StudioCore

/// Stills of one or several takes on one picture, in rows and columns, each with the take's name and its moment below.
///
/// One video fills the whole sheet with moments spread evenly: the middles of equal parts. Of several videos each gets a row.
/// Pictures follow one another. Every place has the proportions of the first input; what has others is centred in it.
public struct ContactSheet: Sendable, Equatable {
    /// Videos and pictures, in order; 1 to 64.
    public var inputs: [String]
    /// Places in a row, 1 to 16.
    public var columns: Int
    /// Rows for a single video, 1 to 32; of other inputs their number decides.
    public var rows: Int
    /// The width of a place in pixels, 64 to 1024.
    public var tileWidth: Int
    /// Whether there is text below each still.
    public var hasLabels: Bool
    /// The kind of file to make.
    public var format: StillFormat
    /// The time and space to spend.
    public var quality: QualityTier
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes a contact sheet.
    /// - Parameters:
    ///   - inputs: Videos and pictures, in order.
    ///   - columns: Places in a row.
    ///   - rows: Rows for a single video.
    ///   - tileWidth: The width of a place in pixels.
    ///   - hasLabels: Whether there is text below each still.
    ///   - format: The kind of file to make, `jpg` or `png`.
    ///   - quality: The time and space to spend.
    ///   - limits: The largest input to accept.
    public init(
        inputs: [String], columns: Int = 4, rows: Int = 4, tileWidth: Int = 320, hasLabels: Bool = true,
        format: StillFormat = .jpg, quality: QualityTier = .standard, limits: MediaLimits = MediaLimits()
    ) {
        self.inputs = inputs
        self.columns = columns
        self.rows = rows
        self.tileWidth = tileWidth
        self.hasLabels = hasLabels
        self.format = format
        self.quality = quality
        self.limits = limits
    }

    /// Makes the sheet. Blocks; decodes a few frames of each input.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress, a still counting as a frame; what it throws stops the work.
    /// - Throws: `MediaError` of any code, or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        try checkParameters()
        var counter = ProgressCounter(total: nil, report: progress)
        try counter.start()
        let readers = try inputs.map { try FrameReader(path: $0, limits: limits) }
        let plan = SheetPlan(videos: readers.map { !$0.demuxer.isPicture }, columns: columns, rows: rows)
        var tile = SheetTile(width: tileWidth, height: 0, label: nil)
        tile.height = try readers.first.map { try height(of: $0, &counter) } ?? tileWidth
        let labelHeight = hasLabels ? max(16, tileWidth / 16) : 0
        let (gap, full) = (max(2, tileWidth / 40), tile.height + labelHeight)
        let size = (gap + columns * (tileWidth + gap), gap + plan.rows * (full + gap))
        try limits.check(width: size.0, height: size.1, of: "The contact sheet")
        let sheet = try PictureSheet(width: size.0, height: size.1)
        let filters = TileFilters()
        for place in plan.places {
            let reader = readers[place.input]
            let found = try reader.frame(at: Int64(Double(reader.duration) * place.part)) { try counter.beat() }
            if hasLabels {
                let moment = reader.demuxer.isPicture ? "" : "  " + WebVTT.timestamp(Int(max(0, found.time) / 1000))
                tile.label = TileLabel(text: reader.demuxer.name + moment, height: labelHeight)
            }
            let (x, y) = (gap + place.column * (tileWidth + gap), gap + place.row * (full + gap))
            sheet.put(try tile.make(of: found.frame, reader, filters), x: x, y: y)
            try counter.advance()
        }
        let bytes = try StillEncoder(format, quality: quality).encode(sheet.frame)
        try OutputFile.write(picture: bytes, to: path, counting: &counter)
    }

    private func checkParameters() throws {
        func check(_ value: Int, _ range: ClosedRange<Int>, _ name: String) throws {
            guard !range.contains(value) else { return }
            throw MediaError(
                .parametersInvalid,
                "A contact sheet with \(value) \(name) is not possible; it has \(range.lowerBound) "
                    + "to \(range.upperBound).")
        }
        try check(inputs.count, 1...64, "inputs")
        try check(columns, 1...16, "columns")
        try check(rows, 1...32, "rows")
        try check(tileWidth, 64...1024, "pixels a place")
        guard format == .jpg || format == .png else {
            throw MediaError(.parametersInvalid, "A contact sheet is a JPEG or a PNG, not \(format.rawValue).")
        }
        if hasLabels { try DrawnText.checkFont() }
    }

    /// The height of a place: that of the first input's picture at the place's width.
    private func height(of reader: FrameReader, _ counter: inout ProgressCounter) throws -> Int {
        let picture = try reader.frame(at: 0) { try counter.beat() }.frame.pointer.pointee
        let aspect = picture.sample_aspect_ratio
        let stretch = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1
        let seen = reader.orientation.turned(Double(picture.width) * stretch, Double(picture.height))
        return min(4 * tileWidth, max(1, Int((Double(tileWidth) * seen.height / max(1, seen.width)).rounded())))
    }
}

/// Which still of which input stands where on a contact sheet.
struct SheetPlan: Equatable {
    struct Place: Equatable {
        let input: Int
        /// The moment, as a share of the input's duration.
        let part: Double
        let column: Int
        let row: Int
    }

    private(set) var places: [Place] = []
    private(set) var rows = 0

    /// `videos` says of each input whether it is one.
    init(videos: [Bool], columns: Int, rows wanted: Int) {
        var (column, row) = (0, 0)
        for (input, isVideo) in videos.enumerated() {
            let count = !isVideo ? 1 : videos.count == 1 ? columns * wanted : columns
            if isVideo, column > 0 { (column, row) = (0, row + 1) }
            for index in 0..<count {
                let part = (Double(index) + 0.5) / Double(count)
                places.append(Place(input: input, part: part, column: column, row: row))
                rows = row + 1
                column += 1
                if column == columns { (column, row) = (0, row + 1) }
            }
        }
    }
}
