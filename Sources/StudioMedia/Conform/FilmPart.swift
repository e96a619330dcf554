/// Which frames of a film a file holds, as a part of one says in its words: parts that are joined are told apart by it, also
/// where two are of the same length.
public struct FilmPart: Sendable, Hashable {
    /// libav's word for it, which every kind of file that holds pictures has a place for.
    static let key = "comment"
    /// As many frames as a film has at most.
    static let mostFrames = 9_999_999

    /// The frames.
    public var frames: Range<Int>
    /// The frames of the whole film.
    public var total: Int

    /// A part.
    /// - Parameters:
    ///   - frames: The frames, the last not included.
    ///   - total: The frames of the whole film.
    public init(_ frames: Range<Int>, of total: Int) {
        self.frames = frames
        self.total = total
    }

    /// Reads what ``text`` wrote; nil for anything else.
    init?(_ text: String) {
        guard let match = text.wholeMatch(of: #/frames (\d{1,7}) to (\d{1,7}) of (\d{1,7})/#),
            let first = Int(match.1), let last = Int(match.2), let total = Int(match.3), first <= last, last < total
        else { return nil }
        self.init(first..<(last + 1), of: total)
    }

    /// The part in words, both ends counted from 0.
    var text: String { "frames \(frames.lowerBound) to \(frames.upperBound - 1) of \(total)" }

    /// Whether there is such a part of a film.
    var isPossible: Bool {
        !frames.isEmpty && frames.lowerBound >= 0 && frames.upperBound <= total && total <= Self.mostFrames
    }
}
