public import FoundationEssentials
import QueueProtocol

extension Cut {
    /// Reads an OpenTimelineIO file: a `Timeline.1` in JSON.
    ///
    /// Source: OpenTimelineIO 0.18, `docs/tutorials/otio-serialized-schema.md`; `Clip.1` of older files is read too.
    ///
    /// - Parameter data: The file's bytes.
    /// - Throws: `StudioError` with code `invalid` and a finding for everything that is wrong or that cannot be conformed
    ///   (a change of speed, a wipe, a nested stack), each with its JSON pointer and its name.
    public init(readingOTIO data: Data) throws(StudioError) {
        guard data.count <= Cut.longestFile else {
            throw .invalid([
                Finding(pointer: "", code: "too-large", detail: "more than \(Cut.longestFile) bytes of OTIO")
            ])
        }
        let document: JSONValue
        do {
            document = try JSONText.decode(JSONValue.self, from: data)
        } catch {
            throw .invalid([Finding(pointer: "", code: "json", detail: "the file is not JSON")])
        }
        var reader = OTIOReader()
        let cut = reader.timeline(document)
        try reader.findings.throwIfAny()
        guard let cut else { throw StudioError(.internalFault, "an OTIO file without findings and without a cut") }
        self = cut
    }
}

/// Reads OTIO's objects. What cannot be read becomes a finding, and reading goes on.
struct OTIOReader {
    var findings = CutFindings()
    private var itemCount = 0

    mutating func timeline(_ value: JSONValue) -> Cut? {
        guard schema(value, "", oneOf: ["Timeline.1"]) != nil else { return nil }
        let studio = value["metadata"]?["studio"]
        var cut = Cut(name: value["name"]?.stringValue ?? "", rate: .film)
        cut.globalStart = optionalTime(value["global_start_time"], "/global_start_time")
        cut.isDropFrame = studio?["dropFrame"]?.boolValue ?? false
        cut.others.own = members(value, except: ["OTIO_SCHEMA", "name", "global_start_time", "tracks"])
        guard let stack = value["tracks"], schema(stack, "/tracks", oneOf: ["Stack.1"]) != nil else { return nil }
        refuseEffects(stack, "/tracks", "the film")
        if let range = stack["source_range"], range != .null {
            findings.add("/tracks/source_range", "unsupported", "a part of a film cannot be conformed; cut its clips")
        }
        cut.others.inner = members(stack, except: ["OTIO_SCHEMA", "children", "markers"])
        cut.markers = markers(stack, "/tracks")
        var leads: [EditTime?] = []
        for (index, child) in children(stack, "/tracks").enumerated() {
            let place = "/tracks/children/\(index)"
            guard let track = track(child, place) else { continue }
            cut.tracks.append(track)
            leads.append(lead(of: track, child["source_range"], "\(place)/source_range"))
        }
        align(&cut, leads)
        // Timecode may be counted at another rate than the film runs at only in files nobody means.
        if let rate = studio?["rate"]?.stringValue.flatMap({ EditRate(parsing: $0) }) ?? cut.globalStart?.rate
            ?? firstRate(cut)
        {
            cut.rate = rate
        } else {
            findings.add("/tracks", "required", "the cut has nothing in it that says how many frames a second it has")
        }
        return cut
    }

    private mutating func track(_ value: JSONValue, _ place: String) -> Cut.Track? {
        guard schema(value, place, oneOf: ["Track.1"]) != nil else { return nil }
        let name = value["name"]?.stringValue ?? ""
        guard let kind = Cut.Track.Kind(rawValue: value["kind"]?.stringValue ?? "Video") else {
            findings.add("\(place)/kind", "unsupported", "track “\(name)” is neither Video nor Audio")
            return nil
        }
        refuseEffects(value, place, "track “\(name)”")
        var track = Cut.Track(kind, [], name: name, channel: value["metadata"]?["studio"]?["channel"]?.intValue)
        track.isEnabled = value["enabled"]?.boolValue ?? true
        track.markers = markers(value, place)
        track.others.own = members(
            value, except: ["OTIO_SCHEMA", "name", "kind", "enabled", "children", "markers", "source_range"])
        for (index, child) in children(value, place).enumerated() {
            if let item = item(child, "\(place)/children/\(index)") { track.items.append(item) }
        }
        return track
    }

    /// How much emptiness a track's range has before its first item. A track that is cut shorter than its items is not
    /// conformed.
    private mutating func lead(of track: Cut.Track, _ value: JSONValue?, _ place: String) -> EditTime? {
        guard let value, value != .null, let wanted = range(value, place) else { return nil }
        let length = track.items.reduce(ExactSeconds.zero as ExactSeconds?) { sum, item in
            item.duration.map { sum?.adding($0.seconds) } ?? sum
        }
        guard length == wanted.duration.seconds, wanted.start.frames <= 0 else {
            findings.add(
                place, "unsupported",
                "track “\(track.name)” is used in part, which cannot be conformed; cut its clips")
            return nil
        }
        return EditTime(-wanted.start.frames, at: wanted.start.rate)
    }

    /// The CMX3600 adapter gives every track a range that begins at minus the record timecode of its first event: what
    /// all tracks have of it is the film's timecode, what one has more is a gap.
    private func align(_ cut: inout Cut, _ leads: [EditTime?]) {
        let least = leads.map { $0?.seconds ?? .zero }.min() ?? .zero
        guard leads.contains(where: { $0 != nil }) else { return }
        for (index, lead) in leads.enumerated() {
            guard let lead, let more = lead.seconds.adding(least.negated), more > .zero else { continue }
            cut.tracks[index].items.insert(
                .gap(Cut.Gap(EditTime(more.framesRounded(at: lead.rate), at: lead.rate))), at: 0)
        }
        if cut.globalStart == nil, least > .zero, let rate = leads.compactMap({ $0?.rate }).first {
            cut.globalStart = EditTime(least.framesRounded(at: rate), at: rate)
        }
    }

    private mutating func item(_ value: JSONValue, _ place: String) -> Cut.Item? {
        itemCount += 1
        guard itemCount <= Cut.mostItems else {
            if itemCount == Cut.mostItems + 1 {
                findings.add(place, "too-large", "a cut has at most \(Cut.mostItems) clips, gaps and transitions")
            }
            return nil
        }
        switch schema(value, place, oneOf: ["Clip.1", "Clip.2", "Gap.1", "Transition.1"]) {
        case "Clip.1", "Clip.2": return clip(value, place).map(Cut.Item.clip)
        case "Gap.1":
            refuseEffects(value, place, "a gap")
            guard let range = range(value["source_range"], "\(place)/source_range") else { return nil }
            var gap = Cut.Gap(range.duration)
            gap.others.own = members(value, except: ["OTIO_SCHEMA", "source_range"])
            return .gap(gap)
        case "Transition.1": return transition(value, place).map(Cut.Item.transition)
        default: return nil
        }
    }

    private mutating func transition(_ value: JSONValue, _ place: String) -> Cut.Transition? {
        let name = value["name"]?.stringValue ?? ""
        let kind = value["transition_type"]?.stringValue ?? ""
        if kind != Cut.Transition.dissolve {
            findings.add(
                "\(place)/transition_type", "unsupported",
                "transition “\(name)” is \(kind.isEmpty ? "of no kind" : kind); only \(Cut.Transition.dissolve) can be "
                    + "conformed")
        }
        let before = time(value["in_offset"], "\(place)/in_offset")
        let after = time(value["out_offset"], "\(place)/out_offset")
        guard let before, let after else { return nil }
        if before.frames < 0 || after.frames < 0 || before.frames + after.frames == 0 {
            findings.add(place, "minimum", "transition “\(name)” has no length")
        }
        var transition = Cut.Transition(before: before, after: after, name: name)
        transition.others.own = members(
            value, except: ["OTIO_SCHEMA", "name", "transition_type", "in_offset", "out_offset"])
        return transition
    }

    private func firstRate(_ cut: Cut) -> EditRate? {
        let tracks = cut.tracks.filter { $0.kind == .video } + cut.tracks.filter { $0.kind == .audio }
        return tracks.lazy.flatMap(\.items).compactMap { $0.duration?.rate }.first
    }
}
