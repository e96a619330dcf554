import CMedia

/// The pictures of a source that some frames of a film show, told by their numbers: so that a part of a film has to the frame
/// what the film in one pass has there.
///
/// A frame shows the newest picture that begins no later, as everywhere (`RateConversion`). Where all pictures of the source
/// have the same duration, numbers alone say which that is. Each of them has to come, at its time: what is missing would be
/// a picture that is shown longer in one pass, and a frame too few here.
struct PartPictures {
    /// The numbers of the pictures that are seen in the part.
    let pictures: Range<Int>

    private let part: FilmPart
    private let source: FrameRate
    /// The film's rate; `nil` where it is the source's and every picture is a frame.
    private let film: FrameRate?
    private let name: String
    private var next: Int

    /// What becomes of a picture.
    enum Place: Equatable {
        /// It is before the part.
        case before
        /// It is seen from the first of these frames of the part until the last.
        case seen(Range<Int64>)
        /// It is behind the part, and so is all that follows.
        case behind
    }

    /// - Parameters:
    ///   - part: The frames of the film.
    ///   - source: The source's rate, which all its pictures keep.
    ///   - film: The film's rate; `nil` where it is the source's.
    ///   - name: What messages call the source.
    init(_ part: FilmPart, of source: FrameRate, at film: FrameRate?, name: String) {
        (self.part, self.source, self.film, self.name) = (part, source, film, name)
        let first = Self.picture(at: part.frames.lowerBound, source, film)
        pictures = first..<(Self.picture(at: part.frames.upperBound - 1, source, film) + 1)
        next = first
    }

    /// Whether all pictures of the part have come.
    var isWhole: Bool { next == pictures.upperBound }

    /// When the first picture of the part is due, in microseconds.
    var start: Int64 { source.time(ofFrame: pictures.lowerBound, in: cmedia_microsecond()) }

    /// Takes the next picture in order of display.
    /// - Parameters:
    ///   - time: When it is due.
    ///   - unit: The unit of that.
    /// - Returns: What becomes of it.
    /// - Throws: ``PartBeginningMissed`` where the first picture of the part did not come; `MediaError` with `inputInvalid` where
    ///   another did not, or one is not at its time.
    mutating func place(_ time: Int64, in unit: AVRational) throws -> Place {
        let number = Int(clamping: source.frame(nearestTo: Int128(time), in: unit))
        guard number >= pictures.lowerBound else { return .before }
        guard number < pictures.upperBound else {
            try checkWhole()
            return .behind
        }
        guard number == next, source.time(ofFrame: number, in: unit) == time else { throw missing() }
        next += 1
        guard let film else {
            let frame = Int64(number - pictures.lowerBound)
            return .seen(frame..<frame + 1)
        }
        let first = max(Self.frame(of: number, source, film), part.frames.lowerBound)
        let end = isWhole ? part.frames.upperBound : Self.frame(of: number + 1, source, film)
        let base = part.frames.lowerBound
        return .seen(Int64(first - base)..<Int64(max(first, end) - base))
    }

    /// Refuses a source that has ended before all pictures came.
    /// - Throws: As ``place(_:in:)``.
    func checkWhole() throws { guard isWhole else { throw missing() } }

    /// What a source is refused with that lacks a picture.
    var refusal: MediaError {
        MediaError(
            .inputInvalid,
            "The picture \(next) of \(name) is missing, not at its time, or cannot be decoded: such a film can be made in "
                + "one piece only.")
    }

    private func missing() -> any Error {
        next == pictures.lowerBound ? PartBeginningMissed(refusal: refusal) : refusal
    }

    /// The picture that a frame of the film shows.
    private static func picture(at frame: Int, _ source: FrameRate, _ film: FrameRate?) -> Int {
        guard let film else { return frame }
        let top = Int128(frame) * Int128(film.denominator) * Int128(source.numerator)
        return Int(clamping: top / (Int128(film.numerator) * Int128(source.denominator)))
    }

    /// The first frame of the film that begins no earlier than a picture.
    private static func frame(of picture: Int, _ source: FrameRate, _ film: FrameRate) -> Int {
        let top = Int128(picture) * Int128(source.denominator) * Int128(film.numerator)
        let bottom = Int128(source.numerator) * Int128(film.denominator)
        return Int(clamping: (top + bottom - 1) / bottom)
    }
}

/// The first picture of a part did not come. A file that was entered in the middle may have it all the same: where its key frames
/// are none, or where decoding takes longer to get going than is left for it.
struct PartBeginningMissed: Error {
    /// What the file is refused with where it was read from its beginning.
    var refusal: MediaError
}
