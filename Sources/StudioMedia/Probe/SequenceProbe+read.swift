import CMedia
import FoundationEssentials
import QueueProtocol
import StudioCore

extension SequenceProbe {
    /// Reads a sequence: every picture is decoded, strictly. Blocks for as long as that takes.
    ///
    /// What is damaged, missing or differs is told, not thrown.
    ///
    /// - Parameters:
    ///   - frames: The pictures' paths in order.
    ///   - limits: The largest picture and the most frames to accept.
    ///   - progress: Receives progress at every picture; what it throws stops the work.
    /// - Returns: What the sequence is.
    /// - Throws: `MediaError` with `parametersInvalid` without pictures, `limitExceeded` with too many, `inputInvalid` where
    ///   none can be read; or what `progress` threw.
    public static func read(
        frames: [String], limits: MediaLimits = MediaLimits(), progress: @escaping MediaProgressReport = { _ in }
    ) throws -> SequenceProbe {
        guard !frames.isEmpty else { throw MediaError(.parametersInvalid, "There are no pictures to look at.") }
        try limits.check(frames: frames.count, of: "The sequence")
        var counter = ProgressCounter(total: frames.count, report: progress)
        try counter.start()
        var probe = SequenceProbe(names: frames.map(fileName))
        let decoder = try StillDecoder(limits: limits)
        let decoded = try Frame()
        for path in frames {
            do {
                let traits = try decoder.decode(path: path, into: decoded)
                probe.note(decoded, traits, file: fileName(path))
            } catch let error as MediaError {
                probe.note(damage: error, file: fileName(path))
            }
            try counter.advance()
        }
        guard probe.picture != nil else {
            throw MediaError(.inputInvalid, "No picture of the sequence can be read: \(probe.damaged[0].reason)")
        }
        try counter.finishing()
        try counter.done()
        return probe
    }

    /// Writes the probe as a JSON document: keys sorted, two spaces of indent.
    ///
    /// - Parameter path: Where; a file that is there is replaced.
    /// - Throws: `MediaError` with `outputFailed` or `storageFull`; then nothing is left there.
    public func write(to path: String) throws {
        let output = try OutputFile(path: path)
        let document = try JSONText.decode(JSONValue.self, from: try JSONText.compact(self))
        try output.write(Array(try JSONText.document(document)))
        output.keep()
    }

    /// Notes what a decoded picture is.
    mutating func note(_ frame: Frame, _ traits: StillTraits, file: String) {
        let found = Picture(frame, traits)
        guard let picture else {
            picture = found
            return
        }
        let differences = found.differences(from: picture)
        guard !differences.isEmpty else { return }
        mismatchCount += 1
        guard mismatches.count < Self.longestList else { return }
        let number = numbering == nil ? nil : FrameName(file)?.number
        mismatches.append(Mismatch(file: file, number: number, differences: differences))
    }

    /// Notes that a picture cannot be read.
    mutating func note(damage: MediaError, file: String) {
        damagedCount += 1
        guard damaged.count < Self.longestList else { return }
        damaged.append(Damage(file: file, reason: damage.message))
    }
}

extension SequenceProbe.Picture {
    init(_ frame: Frame, _ traits: StillTraits) {
        let picture = frame.pointer.pointee
        let shape = PictureShape(frame)
        let seen = traits.orientation.turned(Int(picture.width), Int(picture.height))
        (width, height) = (seen.width, seen.height)
        kind = traits.kind.rawValue
        pixelFormat = av_get_pix_fmt_name(AVPixelFormat(rawValue: picture.format)).map { String(cString: $0) }
        bitDepth = shape.depth
        hasAlpha = shape.hasAlpha
        light = traits.light
        colourPrimaries = MediaProbe.Stream.known(av_color_primaries_name(picture.color_primaries))
        colourTransfer = MediaProbe.Stream.known(av_color_transfer_name(picture.color_trc))
        colourMatrix = MediaProbe.Stream.known(av_color_space_name(picture.colorspace))
        colourRange = MediaProbe.Stream.known(av_color_range_name(picture.color_range))
    }

    /// What is not as in another picture, for people.
    fileprivate func differences(from other: SequenceProbe.Picture) -> [String] {
        var found: [String] = []
        func compare(_ mine: String?, _ theirs: String?) {
            if mine != theirs { found.append("\(mine ?? "nothing said") instead of \(theirs ?? "nothing said")") }
        }
        compare("\(width)×\(height)", "\(other.width)×\(other.height)")
        compare(kind, other.kind)
        compare(pixelFormat, other.pixelFormat)
        compare(light.rawValue, other.light.rawValue)
        compare(colourPrimaries, other.colourPrimaries)
        compare(colourTransfer, other.colourTransfer)
        compare(colourMatrix, other.colourMatrix)
        compare(colourRange, other.colourRange)
        return found
    }
}
