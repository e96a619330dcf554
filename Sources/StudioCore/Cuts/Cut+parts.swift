extension Cut {
    /// Nothing, for a while.
    public struct Gap: Sendable, Hashable {
        /// How long.
        public var duration: EditTime
        /// Members that the studio does not know.
        public var others: JSONMembersKept

        /// A gap.
        ///
        /// - Parameter duration: How long.
        public init(_ duration: EditTime) {
            self.duration = duration
            others = JSONMembersKept()
        }
    }

    /// How one item goes over into the next: a dissolve, or, beside a gap or an end of the track, a fade.
    ///
    /// It takes no time of its own: it lies over the end of the item before and the beginning of the one after, and shows
    /// of each what lies beyond its range (its handles).
    public struct Transition: Sendable, Hashable {
        /// The transition's name.
        public var name: String
        /// How much of it lies before the point of the cut.
        public var before: EditTime
        /// How much of it lies after the point of the cut.
        public var after: EditTime
        /// Members that the studio does not know.
        public var others: JSONMembersKept

        /// OTIO's word for the one kind of transition that can be conformed.
        public static let dissolve = "SMPTE_Dissolve"

        /// A dissolve or fade.
        ///
        /// - Parameters:
        ///   - before: How much of it lies before the point of the cut.
        ///   - after: How much of it lies after it.
        ///   - name: Its name; default none.
        public init(before: EditTime, after: EditTime, name: String = "") {
            self.before = before
            self.after = after
            self.name = name
            others = JSONMembersKept()
        }
    }

    /// A note on a stretch of time; on a film as a whole, a chapter.
    public struct Marker: Sendable, Hashable {
        /// What it is called.
        public var name: String
        /// What it marks, in the time of what it is on.
        public var range: EditRange
        /// OTIO's word for its colour, such as `GREEN`.
        public var colour: String
        /// What it says.
        public var comment: String
        /// Members that the studio does not know.
        public var others: JSONMembersKept

        /// A note.
        ///
        /// - Parameters:
        ///   - name: What it is called.
        ///   - range: What it marks.
        ///   - colour: OTIO's word for its colour; default `GREEN`.
        ///   - comment: What it says; default nothing.
        public init(name: String, range: EditRange, colour: String = "GREEN", comment: String = "") {
            self.name = name
            self.range = range
            self.colour = colour
            self.comment = comment
            others = JSONMembersKept()
        }
    }

    /// The most items that a cut may have, over all its tracks.
    public static let mostItems = 100_000
    /// The longest file of a cut that is read, in bytes: 64 MiB.
    public static let longestFile = 64 << 20
}

extension Cut.Item {
    /// How much of the track it takes; nil for a transition, which takes nothing.
    public var duration: EditTime? {
        switch self {
        case .clip(let clip): (clip.range ?? clip.available)?.duration
        case .gap(let gap): gap.duration
        case .transition: nil
        }
    }
}

extension Cut {
    /// All clips of all tracks.
    public var clips: [Clip] {
        tracks.flatMap(\.items).compactMap { item in
            if case .clip(let clip) = item { clip } else { nil }
        }
    }

    /// The cut with every clip's source given anew.
    ///
    /// - Parameter source: Gets a clip that is not black; what it returns is where the clip comes from, nil leaves it.
    /// - Returns: The changed cut.
    public func naming(_ source: (Clip) -> Source?) -> Cut {
        var cut = self
        for (number, track) in tracks.enumerated() {
            for (index, item) in track.items.enumerated() {
                guard case .clip(var clip) = item, clip.source != .black, let found = source(clip) else { continue }
                clip.source = found
                cut.tracks[number].items[index] = .clip(clip)
            }
        }
        return cut
    }
}

extension Cut {
    /// The cut with all that the studio does not know of it left out: what a render needs and no more.
    public var withoutOthers: Cut {
        var cut = self
        cut.others = JSONMembersKept()
        for number in tracks.indices {
            cut.tracks[number].others = JSONMembersKept()
            cut.tracks[number].items = tracks[number].items.map(\.withoutOthers)
        }
        return cut
    }
}

extension Cut.Item {
    fileprivate var withoutOthers: Cut.Item {
        let none = Cut.JSONMembersKept()
        switch self {
        case .clip(var clip):
            clip.others = none
            clip.markers = []
            return .clip(clip)
        case .gap(var gap):
            gap.others = none
            return .gap(gap)
        case .transition(var transition):
            transition.others = none
            return .transition(transition)
        }
    }
}
