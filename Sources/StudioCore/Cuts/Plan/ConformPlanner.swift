/// Makes a plan of a cut, track by track.
struct ConformPlanner {
    let cut: Cut
    let catalogue: ConformCatalogue
    let settings: ConformPlan.Settings
    var findings = CutFindings()
    var notes = CutFindings()
    /// Positions in the catalogue of the sources that are used, in order of their first use.
    var used: [Int] = []
    private var positions: [Int: Int] = [:]
    var frameCount = 0
    var pictures: [ConformPlan.Picture] = []
    var sounds: [ConformPlan.Sound] = []
    var shots: [String] = []

    /// The longest film, in frames: a day at 60 frames a second.
    static let mostFrames = 5_184_000
    /// The most tracks of pictures that are seen: every one is laid over all below, as deep as their fades lie above each
    /// other.
    static let mostPictureTracks = 100

    init(cut: Cut, catalogue: ConformCatalogue, settings: ConformPlan.Settings) {
        self.cut = cut
        self.catalogue = catalogue
        self.settings = settings
    }

    mutating func plan() {
        let enabled = cut.tracks.enumerated().filter { $0.element.isEnabled }
        let video = enabled.filter { $0.element.kind == .video }
        let audio = enabled.filter { $0.element.kind == .audio }
        if video.count > Self.mostPictureTracks {
            findings.add(
                "/tracks/\(video[Self.mostPictureTracks].offset)", "too-large",
                "a film has at most \(Self.mostPictureTracks) enabled tracks with pictures")
            return
        }
        var stack: [[ConformPlan.Picture]] = []
        for (index, track) in video {
            guard let row = lay(track, "/tracks/\(index)") else { continue }
            stack.append(pictures(of: row))
            guard audio.isEmpty else { continue }
            // What is seen is heard.
            let covers = covers(of: stack[stack.count - 1])
            sounds = sounds.flatMap { covered($0, by: covers) } + sounds(of: row, track)
        }
        for (index, track) in audio {
            guard let row = lay(track, "/tracks/\(index)") else { continue }
            sounds += sounds(of: row, track)
        }
        guard frameCount > 0 else {
            if findings.isEmpty { findings.add("/tracks", "required", "the cut has nothing in it") }
            return
        }
        pictures = black(0..<frameCount)
        for row in stack { cover(with: row) }
        noteGaps()
    }

    /// A clip, or nothing, as it lies on its track.
    struct Place {
        var clip: Cut.Clip?
        /// The source, by its position among those used.
        var source: Int?
        /// The exact moments of the film between which it lies.
        var start: ExactSeconds
        var end: ExactSeconds
        /// The moment of the source at `start`.
        var moment = ExactSeconds.zero
        /// The transition before it.
        var coming: Cut.Transition?
        /// The transition after it.
        var going: Cut.Transition?
        /// The clip among all shots.
        var shot: Int?
        /// Whether it is black that was put there.
        var isBlack = false
        var pointer: String
    }

    /// The track's items with their exact places; nil where they do not add up.
    private mutating func lay(_ track: Cut.Track, _ pointer: String) -> [Place]? {
        var row: [Place] = []
        var position = ExactSeconds.zero
        var coming: Cut.Transition?
        for (index, item) in track.items.enumerated() {
            let here = "\(pointer)/items/\(index)"
            if case .transition(let transition) = item {
                if coming != nil || (index > 0 && row.isEmpty) {
                    findings.add(here, "transition", "“\(transition.name)” follows another transition")
                }
                coming = transition
                if !row.isEmpty { row[row.count - 1].going = transition }
                continue
            }
            guard let length = item.duration?.seconds ?? wholeLength(item), let end = position.adding(length) else {
                findings.add(here, "range", "the length of this item is not known, or its rate does not fit the others")
                return nil
            }
            var place = Place(clip: nil, source: nil, start: position, end: end, coming: coming, pointer: here)
            if case .clip(let clip) = item, clip.isEnabled, clip.source != .black {
                place.clip = clip
                place.source = source(of: clip, track.kind, here)
                if track.kind == .video {
                    place.shot = shots.count
                    shots.append(clip.name)
                }
                if let source = place.source { place.moment = moment(of: clip, in: catalogue.sources[used[source]]) }
            }
            if case .clip(let clip) = item, clip.source == .black { place.isBlack = true }
            row.append(place)
            position = end
            coming = nil
        }
        // A transition at the very end goes to nothing.
        frameCount = max(frameCount, frame(position))
        guard frameCount <= Self.mostFrames else {
            findings.add(pointer, "too-large", "a film has at most \(Self.mostFrames) frames")
            return nil
        }
        checkTransitions(row, track)
        return row
    }

    private func wholeLength(_ item: Cut.Item) -> ExactSeconds? {
        guard case .clip(let clip) = item, case .source(let index) = catalogue.source(of: clip) else { return nil }
        let source = catalogue.sources[index]
        if let pictures = source.pictures, let rate = pictures.rate, let count = pictures.count {
            return EditTime(count, at: rate).seconds
        }
        return source.sound
    }

    private mutating func source(of clip: Cut.Clip, _ kind: Cut.Track.Kind, _ place: String) -> Int? {
        var reference = clip.name
        if case .reference(let written) = clip.source { reference = written }
        switch catalogue.source(of: clip) {
        case .none:
            findings.add(place, "missing", "clip “\(clip.name)”: there is no take and no file \(reference)")
            return nil
        case .several(let found):
            let names = found.prefix(3).map { catalogue.sources[$0].path }.joined(separator: ", ")
            findings.add(place, "ambiguous", "clip “\(clip.name)”: \(reference) may be \(names)")
            return nil
        case .source(let index):
            let source = catalogue.sources[index]
            if source.isProbed, kind == .video, source.pictures == nil {
                findings.add(place, "unsupported", "clip “\(clip.name)”: \(source.path) has no picture")
                return nil
            }
            if source.isProbed, kind == .audio, source.sound == nil {
                findings.add(place, "unsupported", "clip “\(clip.name)”: \(source.path) has no sound")
                return nil
            }
            if let known = positions[index] { return known }
            used.append(index)
            positions[index] = used.count - 1
            return used.count - 1
        }
    }

    /// Where in its source a clip begins, from the source's first frame.
    ///
    /// Cuts count from the source's timecode where it has one that is not after the in-point, else from 0. Frames counted at
    /// a rate of the same timecode base as the source's (24 for 24000/1001) are the source's frames.
    private func moment(of clip: Cut.Clip, in source: ConformSource) -> ExactSeconds {
        guard let range = clip.range else { return .zero }
        var start = range.start
        let own = source.pictures?.rate
        if let own, own.timecodeBase == start.rate.timecodeBase { start.rate = own }
        var first: EditTime?
        if let available = clip.available?.start, available.seconds <= range.start.seconds {
            first = available
            if let own, own.timecodeBase == available.rate.timecodeBase { first?.rate = own }
        } else if let timecode = source.pictures?.startTimecode, let own {
            first = EditTime(timecode, at: own)
        }
        guard let first, let moment = start.seconds.adding(first.seconds.negated), moment >= .zero else {
            return start.seconds
        }
        return moment
    }

    /// The film's frame nearest to a moment.
    func frame(_ moment: ExactSeconds) -> Int { moment.framesRounded(at: settings.rate) }

    /// The film's frames of a transition at a moment.
    func frames(of transition: Cut.Transition, at moment: ExactSeconds) -> Range<Int> {
        let cut = frame(moment)
        let before = transition.before.rescaled(to: settings.rate).frames
        return (cut - before)..<(cut + transition.after.rescaled(to: settings.rate).frames)
    }
}
