public import StudioCore

/// What a sequence of picture files is, told by their names and their content. Coded as JSON with these names as they stand;
/// absent values are left out.
public struct SequenceProbe: Sendable, Equatable, Codable {
    /// The most gaps, differing pictures and damaged pictures that are told one by one; the counts go on.
    public static let longestList = 200

    /// Some numbers that are missing, one after the other.
    public struct Gap: Sendable, Equatable, Codable {
        /// The first of them.
        public var first: Int
        /// The last of them.
        public var last: Int
    }

    /// What the first picture is, and with it all that are not told as different.
    public struct Picture: Sendable, Equatable, Codable {
        /// The kind of file: `png`, `jpeg`, `tiff`, `exr`, `dpx` or `webp`.
        public var kind: String
        /// The width in pixels as it is seen, turned as the file says.
        public var width: Int
        /// The height in pixels as it is seen.
        public var height: Int
        /// The pixel format in libav's words, such as `rgb48be`.
        public var pixelFormat: String?
        /// The bits of a channel; 32 for floating point.
        public var bitDepth: Int
        /// Whether pixels may be transparent.
        public var hasAlpha: Bool
        /// What the numbers mean as light.
        public var light: PictureLight
        /// The colour primaries, such as `bt709`; `nil` where the file does not tell.
        public var colourPrimaries: String?
        /// The transfer characteristics.
        public var colourTransfer: String?
        /// The matrix.
        public var colourMatrix: String?
        /// The range: `tv` (limited) or `pc` (full).
        public var colourRange: String?
    }

    /// A picture that is not as the first one.
    public struct Mismatch: Sendable, Equatable, Codable {
        /// Its file's name.
        public var file: String
        /// Its number, where the names have numbers.
        public var number: Int?
        /// What differs, such as `64×48 instead of 96×64`.
        public var differences: [String]
    }

    /// A picture that cannot be read.
    public struct Damage: Sendable, Equatable, Codable {
        /// Its file's name.
        public var file: String
        /// Why.
        public var reason: String
    }

    /// The names and the first and last number; `nil` where the names form no numbered sequence.
    public var numbering: FrameSequence.Numbering?
    /// The pictures that are there.
    public var count: Int
    /// The numbers that are missing between the first and the last one.
    public var missing: [Gap]
    /// How many numbers are missing.
    public var missingCount: Int
    /// What the pictures are; `nil` where none can be read.
    public var picture: Picture?
    /// The pictures that differ from the first one.
    public var mismatches: [Mismatch]
    /// How many pictures differ.
    public var mismatchCount: Int
    /// The pictures that cannot be read.
    public var damaged: [Damage]
    /// How many pictures cannot be read.
    public var damagedCount: Int

    /// A sequence of which no picture has been looked at.
    /// - Parameter names: The file names without folders, in order.
    init(names: [String]) {
        let sequence = FrameSequence(names: names)
        numbering = sequence.numbering
        count = names.count
        missing = sequence.missing.prefix(Self.longestList).map { Gap(first: $0.lowerBound, last: $0.upperBound) }
        missingCount = sequence.missing.reduce(0) { $0 + $1.count }
        (mismatches, mismatchCount, damaged, damagedCount) = ([], 0, [], 0)
    }
}
