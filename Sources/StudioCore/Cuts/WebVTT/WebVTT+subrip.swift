/// SubRip beside WebVTT. SubRip has no specification; this is what its own program writes and players take.
extension WebVTT {
    /// Reads a document of either format, told apart by its first word.
    ///
    /// - Parameter text: The document: WebVTT, or SubRip.
    /// - Throws: `StudioError` with code `invalid` and a finding for every line at fault.
    public init(readingSubtitles text: String) throws(StudioError) {
        let body = text.unicodeScalars.first == "\u{FEFF}" ? text.unicodeScalars.dropFirst() : text.unicodeScalars[...]
        if String(body.prefix(6)) == "WEBVTT" {
            try self.init(reading: text)
        } else {
            try self.init(readingSubRip: text)
        }
    }

    /// Reads a SubRip document. A cue's number is not heeded; bold, italic and underlined text stay so, other markup is left
    /// out.
    ///
    /// - Parameter text: The document, with or without a byte order mark; lines end with LF, CRLF or CR.
    /// - Throws: `StudioError` with code `invalid` and a finding for every line at fault, such as `line 12`. A text over
    ///   ``longestDocument``, and one without any cue, is refused.
    public init(readingSubRip text: String) throws(StudioError) {
        guard text.utf8.count <= Self.longestDocument else {
            throw .invalid([
                Finding(pointer: "", code: "too-large", detail: "more than \(Self.longestDocument) bytes of SubRip")
            ])
        }
        let body = text.unicodeScalars.first == "\u{FEFF}" ? Substring(text.unicodeScalars.dropFirst()) : text[...]
        let lines = body.split(omittingEmptySubsequences: false) { ["\n", "\r", "\r\n"].contains($0) }
        // Texts may have empty lines within: a cue goes on to the number before the next one's times.
        let starts = lines.indices.filter { lines[$0].contains("-->") }
        func trimmed(_ line: Substring) -> String {
            String(line.reversed().drop(while: \.isWhitespace).reversed())
        }
        var findings: [Finding] = []
        var cues: [Cue] = []
        for (place, start) in starts.enumerated() {
            guard let times = Self.times(lines[start]) else {
                findings.append(
                    Finding(
                        pointer: "line \(start + 1)", code: "times",
                        detail: "a cue's times are written as 00:00:01,000 --> 00:00:02,500, and rise"))
                continue
            }
            let next = place + 1 < starts.count ? starts[place + 1] : lines.endIndex
            var texts = lines[(start + 1)..<next].map(trimmed)
            if next < lines.endIndex, let last = texts.last, last.allSatisfy(\.isNumber) { texts.removeLast() }
            cues.append(
                Cue(
                    start: times.start, end: times.end,
                    text: texts.filter { !$0.isEmpty }.map(Self.marked).joined(separator: "\n")))
        }
        if starts.isEmpty {
            findings.append(Finding(pointer: "", code: "times", detail: "there is no cue in it"))
        }
        guard findings.isEmpty else { throw .invalid(findings) }
        self.init(cues: cues.sorted { $0.start < $1.start })
    }

    // Made once: a literal is parsed wherever it is met.
    // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
    private nonisolated(unsafe) static let cueTimes =
        #/\s*(\d{1,4}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(\d{1,4}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})(?:\s.*)?/#
    // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
    private nonisolated(unsafe) static let place = #/\{\\[^}]*\}/#

    private static func times(_ line: Substring) -> (start: Int, end: Int)? {
        guard let match = line.wholeMatch(of: cueTimes) else { return nil }
        func milliseconds(_ hours: Substring, _ minutes: Substring, _ seconds: Substring, _ rest: Substring) -> Int {
            // `,5` is half a second.
            let fraction = rest + String(repeating: "0", count: 3 - rest.count)
            let whole = [hours, minutes, seconds].reduce(0) { $0 * 60 + (Int($1) ?? 0) }
            return whole * 1000 + (Int(fraction) ?? 0)
        }
        let start = milliseconds(match.1, match.2, match.3, match.4)
        let end = milliseconds(match.5, match.6, match.7, match.8)
        return end > start ? (start, end) : nil
    }

    /// A line of SubRip as WebVTT writes it.
    private static func marked(_ line: String) -> String {
        var made = ""
        for piece in pieces(line.replacing(place, with: "")) {
            switch piece {
            case .text(let text): made += escaped(text)
            case .tag(let tag): made += isKept(tag) ? "<\(tag.lowercased())>" : ""
            }
        }
        return made.replacing("-->", with: "--&gt;")
    }
}

/// A cue's text in the words of other formats.
extension WebVTT.Cue {
    /// The text without markup, its escapes read.
    public var plainText: String { rendered { _ in "" } }

    /// The text as SubRip writes it: bold, italic and underlined text stay so.
    public var subRipText: String {
        // `<b.loud>` is bold text of a class.
        rendered { tag in
            let name = String(tag.prefix { $0 != "." && $0 != " " })
            return WebVTT.isKept(name) ? "<\(name)>" : ""
        }
    }

    private func rendered(_ tag: (String) -> String) -> String {
        var made = ""
        for piece in WebVTT.pieces(text) {
            switch piece {
            case .text(let text): made += WebVTT.unescaped(text)
            case .tag(let name): made += tag(name)
            }
        }
        return made
    }
}

extension WebVTT {
    /// A piece of a cue's text.
    fileprivate enum Piece {
        case text(String)
        /// What stands between `<` and `>`.
        case tag(String)
    }

    /// Divides a text at its tags. What is no tag, such as a `<` that is never closed, is text.
    fileprivate static func pieces(_ text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "<") {
            let after = rest.index(after: open)
            guard let close = rest[after...].firstIndex(of: ">"), isTag(rest[after..<close]) else {
                pieces.append(.text(String(rest[...open])))
                rest = rest[after...]
                continue
            }
            pieces += [.text(String(rest[..<open])), .tag(String(rest[after..<close]))]
            rest = rest[rest.index(after: close)...]
        }
        return pieces + [.text(String(rest))]
    }

    private static func isTag(_ words: Substring) -> Bool {
        guard let first = words.first(where: { $0 != "/" }) else { return false }
        return first.isLetter || first.isNumber
    }

    fileprivate static func isKept(_ tag: String) -> Bool {
        ["b", "i", "u", "/b", "/i", "/u"].contains(tag.lowercased())
    }

    fileprivate static func unescaped(_ text: String) -> String {
        guard text.contains("&") else { return text }
        return text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&nbsp;", with: "\u{A0}")
            .replacing("&lrm;", with: "\u{200E}").replacing("&rlm;", with: "\u{200F}").replacing("&amp;", with: "&")
    }
}
