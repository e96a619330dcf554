import CMedia
import StudioCore

/// A track of subtitles: `mov_text` in MP4 and MOV, SubRip in Matroska, WebVTT in WebM.
final class SubtitleTrack {
    /// The stream's number in the file.
    let stream: Int32
    private let muxer: Muxer
    private let samples: [Sample]

    /// What is shown for a while.
    private struct Sample {
        var start: Int
        var end: Int
        var bytes: [UInt8]
        /// Where it is shown, as WebVTT says it.
        var settings = ""
    }

    /// The most bytes of one text in MP4 and MOV.
    private static let longestText = 65_535
    /// The most texts that are shown together in MP4 and MOV, which say all of them anew whenever one comes or goes.
    private static let mostTogether = 64
    /// The most bytes of all texts of a track in MP4 and MOV: they are held until the pictures they are shown with come.
    private static let mostBytes = 64 << 20
    private static let unit = AVRational(num: 1, den: 1000)

    /// Adds the track; the muxer has not been started.
    /// - Parameters:
    ///   - document: The subtitles.
    ///   - length: How long the film is, in milliseconds; what comes later is left out. `nil` where that is not known.
    ///   - muxer: The output.
    /// - Throws: `MediaError` with `parametersInvalid` for a kind of file without subtitles, `inputInvalid` where more texts are
    ///   shown together than it can say, or `limitExceeded`.
    init(_ document: WebVTT, upTo length: Int?, into muxer: Muxer) throws {
        self.muxer = muxer
        let seen = document.cues.filter { $0.start >= 0 && $0.start < length ?? .max }.map { cue in
            var cue = cue
            cue.end = min(cue.end, length ?? .max)
            return cue
        }
        switch muxer.container {
        case .webm:
            stream = try muxer.addSubtitles(AV_CODEC_ID_WEBVTT, Self.unit, header: [])
            samples = seen.map {
                Sample(start: $0.start, end: $0.end, bytes: Array($0.text.utf8), settings: $0.settings)
            }
        case .mkv:
            stream = try muxer.addSubtitles(AV_CODEC_ID_SUBRIP, Self.unit, header: [])
            samples = seen.map { Sample(start: $0.start, end: $0.end, bytes: Array($0.subRipText.utf8)) }
        case .mp4, .mov:
            stream = try muxer.addSubtitles(AV_CODEC_ID_MOV_TEXT, Self.unit, header: Self.textHeader)
            samples = try Self.oneAfterTheOther(seen)
        case .m4a, .flac, .wav, .opus, .ogg:
            throw MediaError(.parametersInvalid, "\(muxer.container.title) has no place for subtitles.")
        }
    }

    /// Writes all of the track. The muxer puts it between the other streams' packets.
    func write() throws {
        let packet = try Packet()
        for sample in samples {
            try packet.fill(sample.bytes)
            packet.pointer.pointee.pts = Int64(sample.start)
            packet.pointer.pointee.dts = Int64(sample.start)
            packet.pointer.pointee.duration = Int64(sample.end - sample.start)
            if !sample.settings.isEmpty { try packet.add(AV_PKT_DATA_WEBVTT_SETTINGS, Array(sample.settings.utf8)) }
            try muxer.write(packet.pointer, stream: stream, timeBase: Self.unit)
        }
    }

    /// MP4 shows one text after the other without a gap: texts that are shown together become one, and between them is an
    /// empty one. Source: 3GPP TS 26.245, section 5.
    private static func oneAfterTheOther(_ cues: [WebVTT.Cue]) throws -> [Sample] {
        let borders = Set(cues.flatMap { [$0.start, $0.end] } + [0]).sorted()
        var (samples, size): ([Sample], Int) = ([], 0)
        var ahead = cues.sorted { $0.start < $1.start }[...]
        var shown: [(end: Int, text: [UInt8])] = []
        for (start, end) in zip(borders, borders.dropFirst()) {
            shown.removeAll { $0.end <= start }
            while let next = ahead.first, next.start <= start {
                shown.append((next.end, Array(next.plainText.utf8)))
                ahead = ahead.dropFirst()
                guard shown.count <= mostTogether else {
                    let place = "\(Double(start) / 1000) s"
                    throw MediaError(
                        .inputInvalid,
                        "The subtitles have more than \(mostTogether) texts that are shown together, at \(place).")
                }
            }
            let text = joined(shown.map(\.text))
            size += text.count
            guard size <= mostBytes else {
                throw MediaError(
                    .inputInvalid,
                    "The subtitles are shown together so often that they would have over \(mostBytes) bytes.")
            }
            samples.append(
                Sample(start: start, end: end, bytes: [UInt8(text.count >> 8), UInt8(text.count & 0xFF)] + text))
        }
        return samples
    }

    /// Texts in lines of their own, as far as one sample holds them.
    private static func joined(_ texts: [[UInt8]]) -> [UInt8] {
        var result: [UInt8] = []
        for (index, text) in texts.enumerated() {
            if index > 0 { result.append(UInt8(ascii: "\n")) }
            result += text.prefix(longestText - result.count)
            guard result.count < longestText else { break }
        }
        // Not in the middle of a character.
        while String(validating: result, as: UTF8.self) == nil, !result.isEmpty { result.removeLast() }
        return result
    }

    /// How texts look where they say nothing of it: white letters on nothing, below in the middle. Source: 3GPP TS 26.245,
    /// section 5.16, without the box's own size and name.
    private static let textHeader: [UInt8] = {
        let flags: [UInt8] = [0, 0, 0, 0]
        let place: [UInt8] = [0x01, 0xFF]
        let background: [UInt8] = [0, 0, 0, 0]
        let box = [UInt8](repeating: 0, count: 8)
        // Characters 0 to 0 in font 1, plain, 18 high, opaque white.
        let style: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 18, 0xFF, 0xFF, 0xFF, 0xFF]
        let font = Array("Sans-Serif".utf8)
        let table = [0, 1, 0, 1, UInt8(font.count)] + font
        return flags + place + background + box + style + [0, 0, 0, UInt8(table.count + 8)] + Array("ftab".utf8) + table
    }()
}

/// Reads subtitles out of a file.
enum SubtitleFile {
    /// - Parameter path: The file: WebVTT or SubRip in UTF-8.
    /// - Returns: What it says.
    /// - Throws: `MediaError` with `inputInvalid`, which names the file and the first lines at fault; `inputUnreadable`.
    static func read(_ path: String) throws -> WebVTT {
        let file = try SourceFile(path: path)
        let bytes = try file.readAll(atMost: Int64(WebVTT.longestDocument))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MediaError(.inputInvalid, "\(file.name) is no text in UTF-8.")
        }
        do { return try WebVTT(readingSubtitles: text) } catch {
            let found = error.findings.prefix(4).map { $0.pointer.isEmpty ? $0.detail : "\($0.pointer): \($0.detail)" }
            throw MediaError(.inputInvalid, "\(file.name) holds no subtitles: \(found.joined(separator: "; ")).")
        }
    }
}
