import CMedia
import StudioCore

/// A source's pictures, each asked for by its moment and made into the film's size, shape and colours.
///
/// The file is opened at the first question, at the key frame before its moment, and read on from there; questions come in
/// order of their moments.
final class SourcePictures {
    private struct Timed {
        var frame: Frame
        /// From when on it is due, as `RateConversion` says.
        var start: ExactSeconds
        var end: ExactSeconds
    }

    private let path: String
    private let fit: ConformedPicture
    private let limits: MediaLimits
    private let chain: FilterStage<PictureShape>
    private let converted: Frame
    private var reading: SourceReading?
    private var clock: FrameClock?
    private var deinterlacing: FilterStage<PictureShape>?
    /// Decoded and not yet asked for: bounded by what one packet, or the decoder's end, gives.
    private var coming: [Timed] = []
    private var current: Timed?
    private var isConverted = false
    private var hasEnded = false

    init(path: String, fit: ConformedPicture, limits: MediaLimits) throws {
        self.path = path
        self.fit = fit
        self.limits = limits
        chain = try FilterStage()
        converted = try Frame()
    }

    /// The picture that is seen at a moment, the newest one that is due; valid until the next question.
    /// - Parameter moment: The moment, from the source's first picture; not before the last one asked for.
    /// - Returns: The picture, in the film's size and format.
    /// - Throws: `MediaError`; `inputInvalid` where the file ends before the moment.
    func picture(at moment: ExactSeconds) throws -> Frame {
        if reading == nil { try open(at: moment) }
        while let next = try peek() {
            if next.start > moment {
                guard current == nil else { break }
                if reading?.isSought == true {
                    // The file's index led past the moment: its beginning cannot be missed.
                    try open(at: .zero)
                    continue
                }
            }
            current = coming.removeFirst()
            isConverted = false
        }
        guard let current, let reading else { throw refusal("has no picture that can be decoded.") }
        // A millisecond, since some files do not tell time more finely.
        let end = current.end.adding(ExactSeconds(1, 1000)) ?? current.end
        if hasEnded, coming.isEmpty, !reading.demuxer.isPicture, moment >= end {
            throw refusal("ends at \(current.end.approximate) s, before \(moment.approximate) s, which the cut uses.")
        }
        if !isConverted { try convert(current.frame, reading) }
        isConverted = true
        return converted
    }

    private func open(at moment: ExactSeconds) throws {
        let reading = try SourceReading(path: path, .video, limits: limits)
        self.reading = reading
        coming = []
        hasEnded = false
        clock = FrameClock(reading.stream, start: reading.origin)
        deinterlacing = try ConformedPicture.isInterlaced(reading.stream) ? FilterStage() : nil
        reading.seek(to: moment)
    }

    private func peek() throws -> Timed? {
        while coming.isEmpty, !hasEnded {
            hasEnded = try !(reading?.decode { try take($0) } ?? false)
            if hasEnded { try deinterlacing?.finish { try keep($0, $1, nil) } }
        }
        return coming.first
    }

    private func take(_ decoded: Frame) throws {
        guard let stamp = clock?.stamp(decoded.pointer), let unit = clock?.timeBase else { return }
        // In halves of the clock's unit, by which a picture is due earlier than a rounded time says.
        let base = AVRational(num: unit.num, den: unit.den * 2)
        decoded.pointer.pointee.pts = stamp.time * 2 - stamp.slack
        let shape = PictureShape(decoded)
        try limits.check(width: Int(shape.width), height: Int(shape.height), of: fileName(path))
        guard let deinterlacing else { return try keep(decoded, base, stamp.duration * 2) }
        try deinterlacing.push(decoded, shaped: shape) {
            try FilterGraph(pictures: decoded, timeBase: base, chain: ConformedPicture.deinterlacer)
        } each: {
            try keep($0, $1, nil)
        }
    }

    /// Keeps a frame until it is asked for.
    /// - Parameters:
    ///   - frame: The frame, whose content is taken.
    ///   - base: The unit of its timestamp.
    ///   - duration: How long it is seen, in the same unit; nil for the nominal time.
    /// - Throws: `MediaError` with `limitExceeded`.
    private func keep(_ frame: Frame, _ base: AVRational, _ duration: Int64?) throws {
        let kept = try Frame()
        av_frame_move_ref(kept.pointer, frame.pointer)
        func seconds(_ ticks: Int64) -> ExactSeconds {
            ExactSeconds(Int128(ticks) * Int128(base.num), Int128(max(1, base.den)))
        }
        let start = seconds(kept.pointer.pointee.pts)
        let nominal = clock.map { ExactSeconds(Int128($0.frameRate.den), Int128(max(1, $0.frameRate.num))) }
        let length = duration.map { seconds(max(1, $0)) } ?? nominal ?? .zero
        coming.append(Timed(frame: kept, start: start, end: start.adding(length) ?? start))
    }

    private func convert(_ frame: Frame, _ reading: SourceReading) throws {
        let shape = PictureShape(frame)
        let made = converted
        made.unreference()
        try chain.push(frame, shaped: shape) {
            try FilterGraph(
                pictures: frame, timeBase: AVRational(num: 1, den: 1000),
                chain: fit.chain(for: frame, reading.stream, of: reading.demuxer))
        } each: { frame, _ in
            av_frame_move_ref(made.pointer, frame.pointer)
        }
        guard made.pointer.pointee.width > 0 else { throw refusal("has a picture that cannot be converted.") }
    }

    private func refusal(_ words: String) -> MediaError {
        MediaError(
            .inputInvalid, "\(fileName(path)) \(words)", detail: MediaLog.takeLines().joined(separator: "; "))
    }
}
