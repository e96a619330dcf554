extension WebVTT {
    /// The document's text, with LF at the end of every line.
    ///
    /// - Returns: UTF-8 text that every WebVTT reader takes.
    /// - Throws: `StudioError` with code `invalid` and a finding for every cue that WebVTT cannot say: a time that is
    ///   negative or does not end after it begins, a name of more than one line, an empty line within a text, `-->` where
    ///   only times may have it. The pointer names the cue, such as `/cues/3/end`.
    public func document() throws(StudioError) -> String {
        var findings: [Finding] = []
        if header.contains("-->") || Self.hasEmptyLine(header) {
            findings.append(
                Finding(pointer: "/header", code: "text", detail: "the header has an empty line or an arrow"))
        }
        for (index, cue) in cues.enumerated() { findings += Self.check(cue, pointer: "/cues/\(index)") }
        for block in blocks {
            if case .other(let text) = block, text.contains("-->") || Self.hasEmptyLine(text) {
                findings.append(
                    Finding(pointer: "/blocks", code: "text", detail: "a note has an empty line or an arrow"))
            }
        }
        guard findings.isEmpty else { throw .invalid(findings) }
        let first = header.isEmpty ? "WEBVTT" : (header.hasPrefix("\n") ? "WEBVTT" + header : "WEBVTT " + header)
        let pieces =
            [first]
            + blocks.map { block in
                switch block {
                case .cue(let cue): Self.text(cue)
                case .other(let text): text
                }
            }
        return pieces.joined(separator: "\n\n") + "\n"
    }

    private static func text(_ cue: Cue) -> String {
        var lines: [String] = cue.identifier.isEmpty ? [] : [cue.identifier]
        let times = "\(timestamp(cue.start)) --> \(timestamp(cue.end))"
        lines.append(cue.settings.isEmpty ? times : "\(times) \(cue.settings)")
        if !cue.text.isEmpty { lines.append(cue.text) }
        return lines.joined(separator: "\n")
    }

    private static func check(_ cue: Cue, pointer: String) -> [Finding] {
        var findings: [Finding] = []
        func refuse(_ member: String, _ code: String, _ detail: String) {
            findings.append(Finding(pointer: "\(pointer)/\(member)", code: code, detail: detail))
        }
        if cue.start < 0 { refuse("start", "minimum", "a cue cannot begin before the film") }
        if cue.end <= cue.start { refuse("end", "minimum", "a cue must end after it begins") }
        for (member, line) in [("identifier", cue.identifier), ("settings", cue.settings)]
        where line.contains("-->") || line.contains(where: \.isNewline) {
            refuse(member, "text", "must be one line without an arrow")
        }
        if ["NOTE", "STYLE", "REGION"].contains(where: { cue.identifier == $0 || cue.identifier.hasPrefix($0 + " ") }) {
            refuse("identifier", "text", "this name would make the cue a note")
        }
        if cue.text.contains("-->") || (!cue.text.isEmpty && hasEmptyLine(cue.text)) {
            refuse("text", "text", "must be without empty lines and without an arrow")
        }
        return findings
    }

    /// Whether the text would end its block early; a header may begin with the end of the first line.
    private static func hasEmptyLine(_ text: String) -> Bool {
        guard !text.isEmpty else { return false }
        let body = text.hasPrefix("\n") ? text.dropFirst() : text[...]
        return body.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).contains(where: \.isEmpty)
    }
}
