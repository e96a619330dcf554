extension WebVTT {
    /// The longest document that is read, in bytes: 16 MiB, a day of subtitles many times over.
    public static let longestDocument = 16 << 20

    /// Reads a document, stricter than players do: what a player would silently leave out is refused.
    ///
    /// - Parameter text: The document, with or without a byte order mark; lines end with LF, CRLF or CR.
    /// - Throws: `StudioError` with code `invalid` and a finding for every line at fault; a finding's pointer is the place,
    ///   such as `line 12`. A text over ``longestDocument`` is refused unread.
    public init(reading text: String) throws(StudioError) {
        guard text.utf8.count <= Self.longestDocument else {
            throw .invalid([
                Finding(pointer: "", code: "too-large", detail: "more than \(Self.longestDocument) bytes of WebVTT")
            ])
        }
        var reader = Reader(text)
        self = reader.document()
        guard reader.findings.isEmpty else { throw .invalid(reader.findings) }
    }

    private struct Reader {
        let lines: [Substring]
        var findings: [Finding] = []

        init(_ text: String) {
            let body = text.unicodeScalars.first == "\u{FEFF}" ? Substring(text.unicodeScalars.dropFirst()) : text[...]
            // CRLF is one Character, so that it divides lines once.
            lines = body.split(omittingEmptySubsequences: false) { ["\n", "\r", "\r\n"].contains($0) }
        }

        mutating func document() -> WebVTT {
            var document = WebVTT(cues: [])
            var blocks = lines.enumerated().split { $0.element.isEmpty }[...]
            guard let first = lines.first, isSignature(first) else {
                refuse(line: 1, "signature", "a WebVTT document begins with the word WEBVTT")
                return document
            }
            if let head = blocks.popFirst() {
                let rest = head.dropFirst().map { String($0.element) }
                let words = first.dropFirst(6).trimmingPrefix { $0 == " " || $0 == "\t" }
                document.header = ([String(words)] + rest).joined(separator: "\n")
            }
            for block in blocks { document.blocks += read(Array(block)).map { [$0] } ?? [] }
            return document
        }

        private func isSignature(_ line: Substring) -> Bool {
            line == "WEBVTT" || line.hasPrefix("WEBVTT ") || line.hasPrefix("WEBVTT\t")
        }

        private mutating func read(_ block: [(offset: Int, element: Substring)]) -> Block? {
            let texts = block.map { String($0.element) }
            // A block without an arrow is a note, or a cue that lost its times.
            guard let times = texts.firstIndex(where: { $0.contains("-->") }) else {
                if ["NOTE", "STYLE", "REGION"].contains(String(texts[0].prefix { $0 != " " && $0 != "\t" })) {
                    return .other(texts.joined(separator: "\n"))
                }
                refuse(line: block[0].offset + 1, "times", "a cue without its times")
                return nil
            }
            let line = block[times].offset + 1
            guard times <= 1 else {
                refuse(line: line, "times", "a cue's times follow its name, of one line")
                return nil
            }
            guard let match = texts[times].wholeMatch(of: Self.times),
                let start = Self.milliseconds(match.1), let end = Self.milliseconds(match.2)
            else {
                refuse(line: line, "times", "a cue's times are written as 00:00:01.000 --> 00:00:02.500")
                return nil
            }
            if end <= start { refuse(line: line, "times", "a cue must end after it begins") }
            for after in (times + 1)..<max(times + 1, texts.count) where texts[after].contains("-->") {
                refuse(line: block[after].offset + 1, "text", "an arrow within a cue's text")
            }
            let text = texts[(times + 1)...].joined(separator: "\n")
            let name = times == 1 ? texts[0] : ""
            return .cue(
                Cue(start: start, end: end, text: text, identifier: name, settings: match.3.map(String.init) ?? ""))
        }

        // Made once: a literal is parsed wherever it is met.
        // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
        private nonisolated(unsafe) static let times = #/\s*([\d:.]+)[ \t]+-->[ \t]+([\d:.]+)(?:[ \t]+(.*?))?\s*/#
        // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
        private nonisolated(unsafe) static let time = #/(?:(\d{2,7}):)?([0-5]\d):([0-5]\d)\.(\d{3})/#

        private static func milliseconds(_ text: Substring) -> Int? {
            guard let match = text.wholeMatch(of: time),
                let minutes = Int(match.2), let seconds = Int(match.3), let rest = Int(match.4)
            else { return nil }
            let hours = match.1.flatMap { Int($0) } ?? 0
            return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
        }

        private mutating func refuse(line: Int, _ code: String, _ detail: String) {
            findings.append(Finding(pointer: "line \(line)", code: code, detail: detail))
        }
    }
}
