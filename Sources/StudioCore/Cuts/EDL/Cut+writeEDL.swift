import QueueProtocol

extension Cut {
    /// The cut as a CMX3600 edit decision list: one picture track, and its sound tracks after it.
    ///
    /// A transition becomes a dissolve that begins where it begins, as EDLs count them; fades go from and to the reel
    /// `BL`. A gap is record time without an edit. Reels have at most 8 letters and digits; a clip without one gets one from
    /// its source's name, another for every source.
    ///
    /// - Returns: The list, with CRLF at the end of every line as CMX systems have it.
    /// - Throws: `StudioError` with code `invalid` and a finding for everything that an EDL cannot say: more than one
    ///   picture track, a source at another rate than the film's, a clip without its range, more than 9999 edits.
    public func edl() throws(StudioError) -> String {
        var writer = EDLWriter(cut: self)
        let lines = writer.lines()
        try writer.findings.throwIfAny()
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}

/// Writes the edits of a cut. Positions are frames of the film's timecode.
private struct EDLWriter {
    let cut: Cut
    var findings = CutFindings()
    private var number = 0
    private var reels: [String: String] = [:]
    private var usedReels: Set<String> = ["AX", "BL", "BLACK"]

    init(cut: Cut) { self.cut = cut }

    mutating func lines() -> [String] {
        var lines = ["TITLE: \(Self.oneLine(cut.name))", "FCM: \(isDropFrame ? "DROP FRAME" : "NON-DROP FRAME")"]
        let video = cut.tracks.enumerated().filter { $0.element.kind == .video && $0.element.isEnabled }
        for (index, track) in video.dropFirst() {
            findings.add("/tracks/\(index)", "unsupported", "an EDL has one picture track; “\(track.name)” is another")
        }
        let audio = cut.tracks.enumerated().filter { $0.element.kind == .audio && $0.element.isEnabled }
        for (index, track) in Array(video.prefix(1)) + Array(audio) {
            lines += [""] + self.lines(of: track, "/tracks/\(index)")
        }
        if number > 9999 { findings.add("", "too-large", "\(number) edits; an EDL counts to 9999") }
        return lines
    }

    private var isDropFrame: Bool { cut.isDropFrame && cut.rate.hasDropFrame }

    private mutating func lines(of track: Cut.Track, _ place: String) -> [String] {
        let channel: (word: String, more: String?) =
            switch (track.kind, track.channel) {
            case (.video, _): ("V", nil)
            case (.audio, nil): ("AA", nil)
            case (.audio, 1?): ("A", nil)
            case (.audio, 2?): ("A2", nil)
            case (.audio, let other?): ("NONE", "AUD  \(other)")
            }
        var lines: [String] = []
        for edit in edits(of: track, place) {
            number += 1
            if let from = edit.from {
                lines.append(line(from.reel, channel.word, nil, from.source..<from.source, at: edit.record.lowerBound))
            }
            lines.append(line(edit.reel, channel.word, edit.dissolve, edit.source, at: edit.record.lowerBound))
            if let more = channel.more { lines.append(more) }
            lines += Self.comments("FROM", edit.dissolve == nil ? edit.clip : edit.from?.clip)
            if edit.dissolve != nil { lines += Self.comments("TO", edit.clip) }
            for marker in edit.clip?.markers ?? [] {
                let time = timecode(marker.range.start.rescaled(to: cut.rate).frames)
                lines.append("* LOC: \(time) \(marker.colour) \(Self.oneLine(marker.name))")
            }
            let kept = edit.clip?.others.own["metadata"]?["cmx_3600"]?["comments"]?.arrayValue ?? []
            lines += kept.compactMap { $0.stringValue.map { "* \(Self.oneLine($0))" } }
        }
        return lines
    }

    private struct Edit {
        var clip: Cut.Clip?
        var reel: String
        var source: Range<Int>
        var record: Range<Int>
        /// Of a dissolve: its frames, and what it comes from.
        var dissolve: Int?
        var from: (reel: String, source: Int, clip: Cut.Clip?)?
    }

    /// The track's edits, with the stretch of a transition moved to the item after it.
    private mutating func edits(of track: Cut.Track, _ place: String) -> [Edit] {
        var edits: [Edit] = []
        var position = cut.globalStart?.rescaled(to: cut.rate).frames ?? 0
        var before: (clip: Cut.Clip?, sourceEnd: Int) = (nil, 0)
        var items = track.items
        if case .transition = items.last { items.append(.gap(Cut.Gap(EditTime(0, at: cut.rate)))) }
        for (index, item) in items.enumerated() where item.duration != nil || isClip(item) {
            let here = "\(place)/items/\(index)"
            let coming = index > 0 ? transition(items[index - 1]) : nil
            let going = index + 1 < items.count ? transition(items[index + 1]) : nil
            guard let length = frames(item.duration, "\(here)/duration"),
                let early = frames(coming?.before ?? EditTime(0, at: cut.rate), here),
                let late = frames(coming?.after ?? EditTime(0, at: cut.rate), here),
                let given = frames(going?.before ?? EditTime(0, at: cut.rate), here)
            else { continue }
            let record = (position - early)..<max(position - early, position + length - given)
            position += length
            var clip: Cut.Clip?
            if case .clip(let shown) = item, shown.isEnabled, shown.source != .black { clip = shown }
            if record.lowerBound < 0 { findings.add(here, "range", "a transition begins before the film") }
            let isBlackEdit = if case .clip(let shown) = item { shown.isEnabled && clip == nil } else { false }
            var source = 0..<record.count
            if let clip {
                guard let start = frames((clip.range ?? clip.available)?.start, "\(here)/range") else { continue }
                source = (start - early)..<(start - early + record.count)
                if source.lowerBound < 0 { findings.add(here, "range", "“\(clip.name)” begins before its source") }
            }
            let reel = clip.map { self.reel($0) } ?? "BL"
            if coming != nil || clip != nil || isBlackEdit {
                var edit = Edit(clip: clip, reel: reel, source: source, record: record)
                if coming != nil {
                    edit.dissolve = early + late
                    edit.from = (before.clip.map { self.reel($0) } ?? "BL", before.sourceEnd, before.clip)
                }
                if !record.isEmpty { edits.append(edit) }
            }
            before = (clip, clip == nil ? 0 : source.upperBound)
        }
        return edits
    }

    private func isClip(_ item: Cut.Item) -> Bool {
        if case .clip = item { true } else { false }
    }

    private func transition(_ item: Cut.Item) -> Cut.Transition? {
        if case .transition(let transition) = item { transition } else { nil }
    }

    /// A length in frames of the film; a finding where it is none or not a whole number of them.
    private mutating func frames(_ time: EditTime?, _ place: String) -> Int? {
        guard let time else {
            findings.add(place, "required", "an EDL needs the range of every clip")
            return nil
        }
        guard time.rate == cut.rate else {
            let told = "\(time.rate) frames a second; an EDL counts all in the film's \(cut.rate)"
            findings.add(place, "unsupported", told)
            return nil
        }
        return time.frames
    }

    private mutating func reel(_ clip: Cut.Clip) -> String {
        if let reel = clip.reel, !reel.isEmpty, reel.utf8.count <= 8, reel.utf8.allSatisfy(Self.isReelByte) {
            return reel
        }
        var key = clip.name
        if case .reference(let reference) = clip.source { key = reference }
        if let known = reels[key] { return known }
        let last = key.split { $0 == "/" || $0 == ":" }.last ?? ""
        let stem = last.lastIndex(of: ".").map { last[..<$0] } ?? last
        let letters = String(decoding: stem.uppercased().utf8.filter(Self.isReelByte), as: UTF8.self)
        var reel = String(letters.prefix(8))
        var count = 0
        while reel.isEmpty || usedReels.contains(reel) {
            count += 1
            reel = letters.prefix(8 - String(count).count) + String(count)
        }
        usedReels.insert(reel)
        reels[key] = reel
        return reel
    }

    private static func isReelByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private func line(
        _ reel: String, _ channel: String, _ dissolve: Int?, _ source: Range<Int>, at record: Int
    ) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        func digits(_ value: Int) -> String {
            String(repeating: "0", count: max(0, 3 - String(value).count)) + String(value)
        }
        let kind = dissolve.map { "D \(digits($0))" } ?? "C    "
        let times = [source.lowerBound, source.upperBound, record, record + source.count].map(timecode)
        return "\(digits(number))  \(padded(reel, 8)) \(padded(channel, 5)) \(padded(kind, 8)) "
            + times.joined(separator: " ")
    }

    private func timecode(_ frames: Int) -> String { Timecode.text(frames, at: cut.rate, isDropFrame: isDropFrame) }

    private static func comments(_ word: String, _ clip: Cut.Clip?) -> [String] {
        guard let clip else { return [] }
        var lines = ["* \(word) CLIP NAME:  \(oneLine(clip.name))"]
        if case .reference(let reference) = clip.source {
            lines.append("* \(word) CLIP: \(oneLine(reference))")
        }
        return lines
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\0" ? " " : $0 })
    }
}
