extension ConformPlanner {
    /// Whether every transition fits on the items beside it, and their sources have what it shows of them.
    mutating func checkTransitions(_ row: [Place], _ track: Cut.Track) {
        let end = row.last?.end ?? .zero
        for place in row {
            let visible = frame(place.start)..<max(frame(place.start), frame(place.end))
            let coming = place.coming.map { frames(of: $0, at: place.start) }
            let going = place.going.map { frames(of: $0, at: place.end) }
            if let coming, let going, coming.upperBound > going.lowerBound {
                findings.add(
                    place.pointer, "transition",
                    "\(name(place)) is shorter than the transitions at its two ends together")
            } else if let coming, coming.upperBound > visible.upperBound {
                findings.add(place.pointer, "transition", "\(name(place)) is shorter than the transition before it")
            } else if let going, going.lowerBound < visible.lowerBound {
                findings.add(place.pointer, "transition", "\(name(place)) is shorter than the transition after it")
            }
            if let coming, coming.lowerBound < 0 {
                findings.add(place.pointer, "transition", "the transition before \(name(place)) begins before the film")
            }
            if let going, place.end == end, going.upperBound > frame(end) {
                findings.add(
                    place.pointer, "transition",
                    "the transition after \(name(place)) goes on past the end of its track")
            }
            let first = coming?.lowerBound ?? visible.lowerBound
            let needed = first..<max(first, going?.upperBound ?? visible.upperBound)
            checkLength(place, needed, track.kind)
        }
    }

    /// Whether the source has all that the film's frames show of it.
    private mutating func checkLength(_ place: Place, _ needed: Range<Int>, _ kind: Cut.Track.Kind) {
        guard let clip = place.clip, let index = place.source, !needed.isEmpty else { return }
        let source = catalogue.sources[used[index]]
        let layer = layer(place)
        guard let layer, source.isProbed else { return }
        let first = layer.moment(at: needed.lowerBound, rate: settings.rate)
        let last = layer.moment(at: needed.upperBound - 1, rate: settings.rate)
        let beside = [place.coming.map { _ in "before" }, place.going.map { _ in "after" }].compactMap { $0 }
        let words = beside.joined(separator: " and ")
        let handles = beside.isEmpty ? "" : " (with its handle for the transition \(words) it)"
        func refuse(_ detail: String) {
            findings.add(place.pointer, "too-short", "clip “\(clip.name)” needs \(detail)\(handles)")
        }
        if kind == .video, let pictures = source.pictures, !pictures.isStill, let rate = pictures.rate {
            let lowest = first.framesRoundedDown(at: rate)
            let wanted = lowest...max(lowest, last.framesRoundedDown(at: rate))
            if wanted.lowerBound < 0 {
                refuse("\(-wanted.lowerBound) frames before the first one of \(source.path)")
            }
            if let count = pictures.count, wanted.upperBound >= count {
                refuse("frames up to \(wanted.upperBound) of \(source.path), which has \(count), counted from 0")
            }
        } else if kind == .audio, let sound = source.sound {
            if first < .zero { refuse("sound from before the beginning of \(source.path)") }
            // Codecs end their sound in blocks, so that it may be short by less than a frame of the film.
            if let end = sound.adding(EditTime(1, at: settings.rate).seconds), last > end {
                let told = "\(Self.seconds(last)) s of \(source.path), which sounds for \(Self.seconds(sound)) s"
                refuse(told)
            }
        }
    }

    private static func seconds(_ time: ExactSeconds) -> String {
        String((time.approximate * 1000).rounded() / 1000)
    }

    private func name(_ place: Place) -> String { place.clip.map { "clip “\($0.name)”" } ?? "the gap" }

    /// What a place shows, or nil for black.
    func layer(_ place: Place) -> ConformPlan.Layer? {
        place.source.map { ConformPlan.Layer(source: $0, moment: place.moment, frame: frame(place.start)) }
    }

    /// Tells, or refuses, stretches without picture, by their timecode and the clips beside them.
    mutating func noteGaps() {
        // A cut of sound alone has no picture to miss.
        guard cut.tracks.contains(where: { $0.kind == .video && $0.isEnabled }) else { return }
        for (index, picture) in pictures.enumerated()
        where picture.layer == nil && picture.dissolve == nil && !picture.isMeant {
            let before = pictures[..<index].last { $0.shot != nil }?.shot.map { shots[$0] }
            let after = pictures[(index + 1)...].first { $0.shot != nil }?.shot.map { shots[$0] }
            let beside =
                switch (before, after) {
                case (let before?, let after?): "between “\(before)” and “\(after)”"
                case (let before?, nil): "after “\(before)”"
                case (nil, let after?): "before “\(after)”"
                case (nil, nil): "over the whole film"
                }
            let start = (cut.globalStart?.rescaled(to: settings.rate).frames ?? 0) + picture.frames.lowerBound
            let timecode = Timecode.text(start, at: settings.rate, isDropFrame: cut.isDropFrame)
            let detail = "a gap of \(picture.frames.count) frames at \(timecode), \(beside)"
            if settings.refusesGaps {
                findings.add("/tracks", "gap", detail)
            } else {
                notes.add("/tracks", "gap", "\(detail), is black")
            }
        }
    }
}
