public import StudioCore

/// What a film says of itself beside its pictures and sound.
public struct FilmWords: Sendable, Hashable {
    /// The title; empty for none.
    public var title: String
    /// The timecode of the film's first frame, such as `01:00:00:00`; nil for none.
    public var startTimecode: String?
    /// The shots, in order.
    public var chapters: [ConformPlan.Chapter]

    /// Words.
    /// - Parameters:
    ///   - title: The title; default none.
    ///   - startTimecode: The timecode of the film's first frame; default none.
    ///   - chapters: The shots, in order; default none.
    public init(title: String = "", startTimecode: String? = nil, chapters: [ConformPlan.Chapter] = []) {
        self.title = title
        self.startTimecode = startTimecode
        self.chapters = chapters
    }

    /// Writes the words into a file, as far as they are about some frames of the film; the muxer has not been started.
    /// - Parameters:
    ///   - frames: The frames that the file holds.
    ///   - rate: The film's rate.
    ///   - stream: The number of the file's pictures; nil where it has none, and then no timecode and no chapters.
    ///   - muxer: The file.
    /// - Throws: `MediaError`.
    func write(of frames: Range<Int>, at rate: EditRate, pictures stream: Int32?, into muxer: Muxer) throws {
        if !title.isEmpty { muxer.describe("title", title) }
        guard let stream else { return }
        let frameRate = try FrameRate(rate.numerator, rate.denominator)
        if frameRate.hasTimecode, let startTimecode, let number = Timecode.frames(startTimecode, at: rate) {
            muxer.setTimecode(
                Timecode.text(
                    number + frames.lowerBound, at: rate, isDropFrame: startTimecode.contains(";")), ofVideo: stream)
        }
        guard let thousandths = EditRate(1000) else { return }
        func milliseconds(_ frame: Int) -> Int64 {
            Int64(EditTime(frame - frames.lowerBound, at: rate).seconds.framesRounded(at: thousandths))
        }
        for chapter in chapters {
            let seen = chapter.frames.clamped(to: frames)
            guard !seen.isEmpty else { continue }
            try muxer.addChapter(
                chapter.title, from: milliseconds(seen.lowerBound), to: milliseconds(seen.upperBound))
        }
    }
}
