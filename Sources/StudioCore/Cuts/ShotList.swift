public import QueueProtocol

/// A cut as a person writes it down: which takes follow each other, from which frame to which.
public struct ShotList: Sendable, Hashable {
    /// Where a shot of the list comes from.
    public enum Source: Sendable, Hashable {
        /// This take.
        case take(TakeID)
        /// This file of the project.
        case file(String)
        /// Of this shot the circled take, else the newest one of its newest version.
        case shot(ShotName)
    }

    /// One shot of the list.
    public struct Entry: Sendable, Hashable {
        /// Where it comes from.
        public var source: Source
        /// The first frame that is used, counted from 0 in the source's own frames; nil for its first.
        public var first: Int?
        /// The frame after the last that is used; nil for the source's end.
        public var end: Int?
        /// Frames of the film over which it comes in: a dissolve from the shot before, or, of the first, a fade from black. It
        /// begins with the shot, so that the shot before goes on beneath it.
        public var dissolve: Int
        /// Frames of the film over which the last shot goes out to black.
        public var fadeOut: Int
    }

    /// The shots, in order.
    public let entries: [Entry]

    /// The most shots of a list.
    public static let most = 10_000

    /// Reads a list: `[{"take" | "file" | "shot", "in", "out", "dissolve", "fadeOut"}, …]`.
    ///
    /// - Parameters:
    ///   - value: The list.
    ///   - pointer: Where it stands in what was sent.
    /// - Throws: `StudioError` with code `invalid` and all findings.
    public init(_ value: JSONValue, pointer: String) throws(StudioError) {
        var findings = CutFindings()
        guard let items = value.arrayValue, !items.isEmpty, items.count <= Self.most else {
            throw .invalid([
                Finding(pointer: pointer, code: "type", detail: "a list of 1 to \(Self.most) shots")
            ])
        }
        var entries: [Entry] = []
        for (index, item) in items.enumerated() {
            let isLast = index == items.count - 1
            if let entry = Self.entry(item, "\(pointer)/\(index)", isLast: isLast, &findings) { entries.append(entry) }
        }
        try findings.throwIfAny()
        self.entries = entries
    }

    private static func entry(
        _ item: JSONValue, _ place: String, isLast: Bool, _ findings: inout CutFindings
    ) -> Entry? {
        guard let members = item.objectValue else {
            findings.add(place, "type", "a shot is an object with take, file or shot")
            return nil
        }
        for name in members.keys.sorted()
        where !["take", "file", "shot", "in", "out", "dissolve", "fadeOut"].contains(name) {
            findings.add("\(place)/\(JSONPointer.escaped(name))", "unknown", "is not known here")
        }
        func frames(_ name: String) -> Int? {
            guard let value = members[name], value != .null else { return nil }
            guard let number = value.intValue, (0...ConformPlanner.mostFrames).contains(number) else {
                findings.add("\(place)/\(name)", "range", "a number of frames, 0 to \(ConformPlanner.mostFrames)")
                return nil
            }
            return number
        }
        let (first, end) = (frames("in"), frames("out"))
        if let end, end <= first ?? 0 { findings.add("\(place)/out", "minimum", "a shot ends after it begins") }
        let fadeOut = frames("fadeOut") ?? 0
        if fadeOut > 0, !isLast {
            findings.add("\(place)/fadeOut", "unsupported", "only the last shot of a list goes out to black")
        }
        guard let source = source(members, place, &findings) else { return nil }
        return Entry(source: source, first: first, end: end, dissolve: frames("dissolve") ?? 0, fadeOut: fadeOut)
    }

    private static func source(
        _ members: [String: JSONValue], _ place: String, _ findings: inout CutFindings
    ) -> Source? {
        let named = ["take", "file", "shot"].filter { members[$0] != nil }
        guard named.count == 1, let text = members[named[0]]?.stringValue, !text.isEmpty else {
            findings.add(place, "required", "a shot names a take, a file or a shot, and one of them")
            return nil
        }
        switch named[0] {
        case "file": return .file(text)
        case "take":
            if let id = TakeID(text.hasPrefix("take:") ? String(text.dropFirst(5)) : text) { return .take(id) }
            findings.add("\(place)/take", "format", "the id of a take")
            return nil
        default:
            do {
                return .shot(try ShotName(text, pointer: "\(place)/shot"))
            } catch {
                findings.add("\(place)/shot", "pattern", error.findings.first?.detail ?? error.detail)
                return nil
            }
        }
    }

    /// The cut that the list means.
    ///
    /// - Parameters:
    ///   - name: The film's name.
    ///   - rate: The film's frames a second.
    ///   - sources: The sources of the entries, in their order.
    ///   - pointer: Where the list stands in what was sent.
    /// - Returns: The cut, with one picture track.
    /// - Throws: `StudioError` with code `invalid` where a shot has no end and its source's length is not known.
    public func cut(
        name: String, rate: EditRate, sources: [ConformSource], pointer: String
    ) throws(StudioError) -> Cut {
        var findings = CutFindings()
        var items: [Cut.Item] = []
        for (index, (entry, source)) in zip(entries, sources).enumerated() {
            let own = source.pictures?.rate ?? rate
            let first = entry.first ?? 0
            guard let end = entry.end ?? source.pictures?.count else {
                findings.add(
                    "\(pointer)/\(index)/out", "required",
                    "the length of \(source.path) is not known; say where it ends")
                continue
            }
            guard first < end else {
                findings.add("\(pointer)/\(index)/in", "range", "\(source.path) has \(end) frames")
                continue
            }
            if entry.dissolve > 0 {
                let after = EditTime(entry.dissolve, at: rate)
                items.append(.transition(Cut.Transition(before: EditTime(0, at: rate), after: after)))
            }
            let file = source.path.split(separator: "/").last.map(String.init) ?? source.path
            items.append(
                .clip(
                    Cut.Clip(
                        name: file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file,
                        source: .reference(source.path), range: EditRange(first..<end, at: own),
                        available: source.pictures?.count.map { EditRange(0..<$0, at: own) })))
            if entry.fadeOut > 0 {
                let before = EditTime(entry.fadeOut, at: rate)
                items.append(.transition(Cut.Transition(before: before, after: EditTime(0, at: rate))))
            }
        }
        try findings.throwIfAny()
        return Cut(name: name, rate: rate, tracks: [Cut.Track(.video, items, name: "V1")])
    }
}
