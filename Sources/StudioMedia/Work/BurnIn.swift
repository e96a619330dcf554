import StudioCore

/// What is drawn into pictures for good: lines of text, a running timecode, a watermark.
public struct BurnIn: Sendable, Hashable {
    /// Where on the picture something stands.
    public enum Place: String, Sendable, Hashable, Codable, CaseIterable {
        /// At the left, above.
        case topLeft = "top-left"
        /// In the middle, above.
        case top
        /// At the right, above.
        case topRight = "top-right"
        /// In the middle of the picture.
        case centre
        /// At the left, below.
        case bottomLeft = "bottom-left"
        /// In the middle, below.
        case bottom
        /// At the right, below.
        case bottomRight = "bottom-right"
    }

    /// A line of text.
    public struct Line: Sendable, Hashable {
        /// What is drawn, as it stands: it means nothing to any filter. Up to 500 characters.
        public var text: String
        /// Where it stands. Lines in one place stand one above the other, in order.
        public var place: Place
        /// How much it covers what is below, 0 to 1.
        public var opacity: Double
        /// Its height as a share of the picture's, 0.01 to 0.5.
        public var size: Double
        /// Whether the text is followed by the timecode of each frame.
        public var hasTimecode: Bool

        /// Describes a line.
        /// - Parameters:
        ///   - text: What is drawn.
        ///   - place: Where it stands.
        ///   - opacity: How much it covers what is below, 0 to 1.
        ///   - size: Its height as a share of the picture's.
        ///   - hasTimecode: Whether the text is followed by the timecode of each frame.
        public init(
            text: String, place: Place, opacity: Double = 1, size: Double = 0.04, hasTimecode: Bool = false
        ) {
            self.text = text
            self.place = place
            self.opacity = opacity
            self.size = size
            self.hasTimecode = hasTimecode
        }
    }

    /// The lines.
    public var lines: [Line]
    /// A picture that lies over everything, the lines included; `nil` for none. High dynamic range is brought down where there
    /// is one: it is made for a display of standard range.
    public var picture: Picture?
    /// The first frame's timecode, such as `01:00:00:00`, or with `;` before the frames where frames are dropped; `nil` for
    /// the file's own, else zero.
    public var timecode: String?

    /// Describes what is drawn.
    /// - Parameters:
    ///   - lines: The lines of text.
    ///   - timecode: The first frame's timecode, or `nil`.
    ///   - picture: A picture that lies over everything, or `nil`.
    public init(lines: [Line], timecode: String? = nil, picture: Picture? = nil) {
        self.lines = lines
        self.timecode = timecode
        self.picture = picture
    }

    func check() throws {
        try picture?.check()
        if !lines.isEmpty { try DrawnText.checkFont() }
        for line in lines {
            guard line.text.count <= 500, (0...1).contains(line.opacity), (0.01...0.5).contains(line.size) else {
                throw MediaError(
                    .parametersInvalid,
                    "A line of \(line.text.count) characters, \(line.opacity) opaque, \(line.size) of the picture high "
                        + "is not possible; at most 500, 0 to 1 and 0.01 to 0.5 are.")
            }
        }
        if let timecode, StartTimecode(timecode) == nil {
            throw MediaError(
                .parametersInvalid, "\(timecode) is no timecode; write for example 01:00:00:00 or 01:00:00;00.")
        }
    }

    /// The filters for pictures of a size.
    ///
    /// - Parameters:
    ///   - height: The pictures' height in pixels.
    ///   - rate: The frames a second, by which timecodes are counted.
    ///   - start: The first picture's timecode where ``timecode`` names none.
    /// - Returns: A filter for each line.
    /// - Throws: `MediaError` with `parametersInvalid` where a timecode cannot be counted at the rate.
    func filters(height: Int, rate: FrameRate, start: StartTimecode?) throws -> [String] {
        let first = timecode.flatMap { StartTimecode($0) } ?? start
        if lines.contains(where: \.hasTimecode) {
            let drops = first?.isDropFrame == true && !rate.canDropFrames
            guard rate.hasTimecode, !drops, first?.frame ?? 0 < rate.timecodeFrames else {
                throw MediaError(
                    .parametersInvalid,
                    "The timecode \(first?.description ?? "00:00:00:00") cannot be counted at "
                        + "\(rate) frames a second.")
            }
        }
        var used: [Place: Int] = [:]
        return lines.map { line in
            let size = max(6, Int((Double(height) * line.size).rounded()))
            let margin = max(2, height / 40)
            let above = used[line.place, default: 0]
            used[line.place] = above + size * 5 / 4 + 2
            let timecode =
                line.hasTimecode
                ? ":timecode=\(FilterText.value(first?.description ?? "00:00:00:00"))"
                    + ":timecode_rate=\(rate.numerator)/\(rate.denominator)" : ""
            return DrawnText.filter(
                line.text, size: size, x: Self.x(line.place, margin), y: Self.y(line.place, margin, above),
                colour: "white@\(line.opacity)",
                more: ":borderw=\(max(1, size / 16)):bordercolor=\(FilterText.value("black@\(line.opacity)"))"
                    + timecode)
        }
    }

    private static func x(_ place: Place, _ margin: Int) -> String {
        switch place {
        case .topLeft, .bottomLeft: "\(margin)"
        case .top, .centre, .bottom: "(w-text_w)/2"
        case .topRight, .bottomRight: "w-text_w-\(margin)"
        }
    }

    private static func y(_ place: Place, _ margin: Int, _ above: Int) -> String {
        switch place {
        case .topLeft, .top, .topRight: "\(margin + above)"
        case .centre: "(h-line_h)/2+\(above)"
        case .bottomLeft, .bottom, .bottomRight: "h-line_h-\(margin + above)"
        }
    }
}
