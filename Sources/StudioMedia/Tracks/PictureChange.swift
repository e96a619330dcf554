/// What is done to pictures on their way, beside their coding.
public struct PictureChange: Sendable, Hashable {
    /// How pictures of other proportions are given a size.
    public enum Fit: String, Sendable, Hashable, Codable, CaseIterable {
        /// Whole, with their proportions, centred on black.
        case fit
        /// With their proportions, over all of the size; what sticks out is cut off on both sides alike.
        case fill
        /// Without regard to their proportions.
        case stretch
    }

    /// What is cut off, in pixels of the picture as it is seen.
    public struct Crop: Sendable, Hashable {
        /// The columns on the left.
        public var left: Int
        /// The rows above.
        public var top: Int
        /// The columns on the right.
        public var right: Int
        /// The rows below.
        public var bottom: Int

        /// Describes what is cut off; nothing by default.
        /// - Parameters:
        ///   - left: The columns on the left.
        ///   - top: The rows above.
        ///   - right: The columns on the right.
        ///   - bottom: The rows below.
        public init(left: Int = 0, top: Int = 0, right: Int = 0, bottom: Int = 0) {
            self.left = left
            self.top = top
            self.right = right
            self.bottom = bottom
        }

        var isNothing: Bool { self == Crop() }
    }

    /// The width of the output; `nil` follows from ``height`` or the input. Odd numbers are rounded down.
    public var width: Int?
    /// The height of the output; `nil` follows from ``width`` or the input. Odd numbers are rounded down.
    public var height: Int?
    /// What becomes of proportions where both width and height are given.
    public var fit: Fit
    /// What is cut off before anything is scaled.
    public var crop: Crop
    /// The frame rate; `nil` keeps every frame at its time. Otherwise a frame of the output shows what is due when it
    /// begins, the newest picture that begins no later: pictures are left out or shown again, never blended.
    public var frameRate: FrameRate?
    /// What is drawn into the pictures when they have their size; `nil` for nothing.
    public var burnIn: BurnIn?
    /// Whether a film that is brought to a rate begins with its first picture although that is due later.
    var beginsAtZero = false

    /// Describes what is done; nothing by default.
    /// - Parameters:
    ///   - width: The width of the output, 16 to 8192, or `nil`.
    ///   - height: The height of the output, 16 to 8192, or `nil`.
    ///   - fit: What becomes of proportions where both are given.
    ///   - crop: What is cut off before.
    ///   - frameRate: The frame rate, or `nil`.
    ///   - burnIn: What is drawn into the pictures, or `nil`.
    public init(
        width: Int? = nil, height: Int? = nil, fit: Fit = .fit, crop: Crop = Crop(), frameRate: FrameRate? = nil,
        burnIn: BurnIn? = nil
    ) {
        self.width = width
        self.height = height
        self.fit = fit
        self.crop = crop
        self.frameRate = frameRate
        self.burnIn = burnIn
    }

    func check() throws {
        try burnIn?.check()
        for (name, side) in [("width", width), ("height", height)] {
            if let side, !(16...8192).contains(side) {
                throw MediaError(.parametersInvalid, "A \(name) of \(side) is not possible; it has 16 to 8192 pixels.")
            }
        }
        for edge in [crop.left, crop.top, crop.right, crop.bottom] where !(0...16_384).contains(edge) {
            throw MediaError(.parametersInvalid, "A crop of \(edge) pixels is not possible; it is 0 to 16384.")
        }
    }
}
