extension Cut {
    /// Reads a CMX3600 edit decision list.
    ///
    /// An EDL does not say its rate, so it is given. Sources: the CMX 3600 format as ST 258 describes it, and what Avid,
    /// Resolve, Premiere and OpenTimelineIO's adapter write: `FROM CLIP NAME`, `TO CLIP NAME`, `SOURCE FILE`, `FROM CLIP`,
    /// `FROM FILE`, `LOC`. Other comments stay with their clip.
    ///
    /// - Parameters:
    ///   - text: The list; lines end with LF, CRLF or CR.
    ///   - rate: Frames a second, of the film and of its tapes.
    /// - Throws: `StudioError` with code `invalid` and a finding for every line that is wrong or that cannot be conformed
    ///   (a wipe, a key, a change of speed, a freeze); a finding's pointer is the place, such as `line 12`.
    public init(readingEDL text: String, rate: EditRate) throws(StudioError) {
        guard text.utf8.count <= Cut.longestFile else {
            throw .invalid([
                Finding(pointer: "", code: "too-large", detail: "more than \(Cut.longestFile) bytes of EDL")
            ])
        }
        var reader = EDLReader(rate: rate)
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            reader.read(String(line), number: index + 1)
        }
        self = reader.finish()
        try reader.findings.throwIfAny()
    }
}

/// Reads an EDL line by line: lines become edits, edits of one number become an event, and an event becomes clips.
struct EDLReader {
    let rate: EditRate
    var findings = CutFindings()
    var tracks: [EDLTrack] = []
    /// The longest line that is read, in bytes.
    private static let longestLine = 8192
    // A literal is parsed wherever it is met, which in a loop costs far more than matching: expressions are made once.
    // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
    private nonisolated(unsafe) static let form =
        #/
        (\d{1,6}) \s+ (\S.*?) \s+ ([A-Za-z0-9\/]+) \s+ (C|D|W\d{3}|KB|KO|K) \s+ (?:(\d{1,4})\s+)?
        ([\d:;.,]+) \s+ ([\d:;.,]+) \s+ ([\d:;.,]+) \s+ ([\d:;.,]+)
        /#
    private var title = ""
    private var isDropFrame = false
    private var sawDropFrame = false
    private var event: EDLEvent?
    private var editCount = 0

    init(rate: EditRate) { self.rate = rate }

    mutating func read(_ raw: String, number: Int) {
        var line = raw.drop { $0.isWhitespace || $0 == "\u{FEFF}" || $0 == "\u{1A}" }
        while line.last?.isWhitespace == true || line.last == "\u{1A}" { line.removeLast() }
        guard let first = line.first else { return }
        guard line.utf8.count <= Self.longestLine else {
            findings.add("line \(number)", "too-large", "a line of more than \(Self.longestLine) bytes")
            return
        }
        let upper = line.uppercased()
        if upper.hasPrefix("TITLE:") {
            title = String(line.dropFirst(6).drop(while: \.isWhitespace))
        } else if upper.hasPrefix("FCM:") {
            readMode(upper.dropFirst(4).drop(while: \.isWhitespace), number)
        } else if upper.hasPrefix("SPLIT:") {
            // Says only that sound and picture of the next two edits do not begin together, which their timecode says too.
        } else if first.isNumber {
            readEdit(String(line), number)
        } else if upper.hasPrefix("M2") {
            findings.add(
                "line \(number)", "unsupported",
                "a change of speed (\(line)) cannot be conformed; render it into a take first")
        } else if upper.contains("FREEZE FRAME") {
            findings.add(
                "line \(number)", "unsupported", "a freeze frame cannot be conformed; render it into a take first")
        } else if event != nil {
            event?.take(String(line), number: number)
        }
    }

    private mutating func readMode(_ words: Substring, _ number: Int) {
        switch words {
        case "DROP FRAME", "DROP":
            isDropFrame = rate.hasDropFrame
            sawDropFrame = true
            if !rate.hasDropFrame {
                findings.add("line \(number)", "fcm", "there is no drop-frame timecode at \(rate) frames a second")
            }
        case "NON-DROP FRAME", "NON DROP FRAME", "NON-DROP": isDropFrame = false
        default: findings.add("line \(number)", "fcm", "FCM is DROP FRAME or NON-DROP FRAME")
        }
    }

    private mutating func readEdit(_ line: String, _ number: Int) {
        editCount += 1
        guard editCount <= Cut.mostItems else {
            if editCount == Cut.mostItems + 1 {
                findings.add("line \(number)", "too-large", "a cut has at most \(Cut.mostItems) edits")
            }
            return
        }
        guard let match = line.wholeMatch(of: Self.form), let event = Int(match.1) else {
            findings.add(
                "line \(number)", "edit", "not an edit: number, reel, channels, C or D with its frames, four timecodes")
            return
        }
        let place = "line \(number)"
        guard match.4 == "C" || match.4 == "D" else {
            let kind = match.4.hasPrefix("W") ? "a wipe" : "a key"
            findings.add(place, "unsupported", "\(kind) (\(match.4)) cannot be conformed; only C and D can")
            return
        }
        let dissolve = match.4 == "D" ? match.5.flatMap { Int($0) } : nil
        if match.4 == "D", dissolve ?? 0 == 0 { findings.add(place, "edit", "a dissolve without its number of frames") }
        guard let channels = EDLChannels(String(match.3)) else {
            findings.add(place, "channel", "\(match.3) are no channels; write V, A, A2, AA, B, AA/V or NONE")
            return
        }
        let times = [match.6, match.7, match.8, match.9].map { text in
            let frames = Timecode.frames(text, at: rate, isDropFrame: isDropFrame)
            if text.contains(";") { sawDropFrame = true }
            if frames == nil { findings.add(place, "timecode", "\(text) is no timecode at \(rate) frames a second") }
            return frames
        }
        guard let sourceIn = times[0], let sourceOut = times[1], let recordIn = times[2], let recordOut = times[3]
        else { return }
        guard sourceIn <= sourceOut, recordIn <= recordOut else {
            findings.add(place, "timecode", "an edit ends before it begins")
            return
        }
        add(
            EDLEdit(
                number: event, reel: String(match.2), channels: channels, dissolve: dissolve,
                source: sourceIn..<sourceOut, record: recordIn..<recordOut, line: number))
    }

    private mutating func add(_ edit: EDLEdit) {
        if event?.edits.first?.number == edit.number {
            event?.edits.append(edit)
        } else {
            place(event)
            event = EDLEvent(edit)
        }
    }

    /// The cut of all that was read.
    mutating func finish() -> Cut {
        place(event)
        event = nil
        let start = tracks.map(\.start).min()
        if start == nil, findings.isEmpty { findings.add("", "required", "the list has no edits") }
        var cut = Cut(name: title, rate: rate, globalStart: start.map { EditTime($0, at: rate) })
        cut.isDropFrame = sawDropFrame && rate.hasDropFrame
        cut.tracks = tracks.map { track in
            var items = track.items
            let late = track.start - (start ?? 0)
            if late > 0 { items.insert(.gap(Cut.Gap(EditTime(late, at: rate))), at: 0) }
            return Cut.Track(track.channel == nil ? .video : .audio, items, name: track.name, channel: track.channel)
        }
        return cut
    }
}
