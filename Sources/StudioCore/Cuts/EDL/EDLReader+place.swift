import QueueProtocol

/// A track as the edits fill it.
struct EDLTrack {
    var name: String
    /// The sound channel; nil for pictures.
    var channel: Int?
    /// The film's timecode at its first item, and after its last.
    var start: Int
    var end: Int
    var items: [Cut.Item] = []
    /// The tape that plays at its end.
    var reel = ""
}

extension EDLReader {
    // Made once: a literal is parsed wherever it is met.
    // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
    private nonisolated(unsafe) static let locator = #/([\d:;.,]+)\s+(\w+)\s*(.*)/#

    /// Lays the clips of an event onto their tracks.
    mutating func place(_ event: EDLEvent?) {
        guard let event else { return }
        for (index, edit) in event.edits.enumerated() {
            var channels = edit.channels
            channels.audio += event.audio.filter { !channels.audio.contains($0) }
            if edit.isEmpty {
                // The next line of the event says where the dissolve that comes from here goes.
                if index + 1 == event.edits.count || event.edits[index + 1].dissolve == nil {
                    findings.add("line \(edit.line)", "edit", "an edit without length, and without a dissolve after it")
                }
                continue
            }
            if !edit.isBlack, edit.source.count != edit.record.count {
                let told = "\(edit.source.count) frames of the tape become \(edit.record.count) of the film"
                findings.add("line \(edit.line)", "timecode", "a change of speed cannot be conformed: \(told)")
                continue
            }
            if let dissolve = edit.dissolve, dissolve > edit.record.count {
                findings.add(
                    "line \(edit.line)", "edit",
                    "a dissolve of \(dissolve) frames into a clip of \(edit.record.count)")
            }
            let before = index > 0 && event.edits[index - 1].isEmpty ? event.edits[index - 1] : nil
            for name in channels.video { lay(edit, of: event, comingFrom: before, onTrack: name, channel: nil) }
            for channel in channels.audio {
                lay(edit, of: event, comingFrom: before, onTrack: "A\(channel)", channel: channel)
            }
        }
    }

    private mutating func lay(
        _ edit: EDLEdit, of event: EDLEvent, comingFrom before: EDLEdit?, onTrack name: String, channel: Int?
    ) {
        let index = tracks.firstIndex { $0.name == name } ?? tracks.count
        if index == tracks.count {
            let start = edit.record.lowerBound
            tracks.append(EDLTrack(name: name, channel: channel, start: start, end: start))
        }
        let silence = edit.record.lowerBound - tracks[index].end
        guard silence >= 0 else {
            let told = Timecode.text(edit.record.lowerBound, at: rate)
            findings.add("line \(edit.line)", "overlap", "\(told) on \(name) is before the end of the edit above")
            return
        }
        let hasPicture = silence == 0 && !tracks[index].items.isEmpty
        if silence > 0 { tracks[index].items.append(.gap(Cut.Gap(EditTime(silence, at: rate)))) }
        if let dissolve = edit.dissolve {
            // A dissolve comes from what played: from another tape it would need an edit of no length to be shown.
            if let before, hasPicture, (before.isBlack ? "" : before.reel) != tracks[index].reel {
                findings.add(
                    "line \(before.line)", "unsupported",
                    "a dissolve from \(before.reel), which is not what played before it")
            }
            let name = edit.isBlack ? "fade" : "dissolve to \(event.name(of: edit) ?? edit.reel)"
            tracks[index].items.append(
                .transition(
                    Cut.Transition(before: EditTime(0, at: rate), after: EditTime(dissolve, at: rate), name: name)))
        }
        tracks[index].items.append(
            .clip(edit.isBlack ? black(edit) : clip(edit, of: event)))
        tracks[index].end = edit.record.upperBound
        tracks[index].reel = edit.isBlack ? "" : edit.reel
    }

    private func black(_ edit: EDLEdit) -> Cut.Clip {
        Cut.Clip(name: "BL", source: .black, range: EditRange(0..<edit.record.count, at: rate))
    }

    private mutating func clip(_ edit: EDLEdit, of event: EDLEvent) -> Cut.Clip {
        let file = event.file(of: edit)
        let stem = file.map { path in
            let last = path.split { $0 == "/" || $0 == "\\" }.last ?? ""
            return String(last.lastIndex(of: ".").map { last[..<$0] } ?? last)
        }
        var clip = Cut.Clip(
            name: event.name(of: edit) ?? stem ?? edit.reel, source: file.map(Cut.Source.reference) ?? .missing,
            range: EditRange(edit.source, at: rate), reel: edit.reel.uppercased() == "AX" ? nil : edit.reel)
        if !event.comments.isEmpty {
            clip.others.own["metadata"] = [
                "cmx_3600": ["comments": .array(event.comments.map { .string($0) })]
            ]
        }
        clip.markers = event.locators.compactMap { locator in
            guard let match = locator.text.wholeMatch(of: Self.locator),
                let frame = Timecode.frames(match.1, at: rate)
            else {
                findings.add("line \(locator.line)", "timecode", "a LOC is a timecode, a colour and words")
                return nil
            }
            let range = EditRange(frame..<frame, at: rate)
            return Cut.Marker(name: String(match.3), range: range, colour: match.2.uppercased())
        }
        return clip
    }
}
