extension ConformPlanner {
    /// The pictures of one track, in order, from the film's beginning; black where there is nothing.
    mutating func pictures(of row: [Place]) -> [ConformPlan.Picture] {
        var pictures: [ConformPlan.Picture] = []
        for (index, place) in row.enumerated() {
            let visible = frame(place.start)..<max(frame(place.start), frame(place.end))
            let coming = place.coming.map { frames(of: $0, at: place.start) }
            let going = place.going.map { frames(of: $0, at: place.end) }
            let layer = layer(place)
            // A transition belongs to the item before it up to the cut, and to the one after from there on.
            if let coming, visible.lowerBound < coming.upperBound {
                let from = index > 0 ? self.layer(row[index - 1]) : nil
                pictures.append(
                    ConformPlan.Picture(
                        frames: visible.lowerBound..<coming.upperBound, layer: layer, from: from, dissolve: coming,
                        shot: place.shot))
            }
            let start = coming?.upperBound ?? visible.lowerBound
            let plain = start..<max(start, going?.lowerBound ?? visible.upperBound)
            if !plain.isEmpty {
                pictures.append(
                    ConformPlan.Picture(frames: plain, layer: layer, shot: place.shot, isMeant: place.isBlack))
            }
            if let going, going.lowerBound < visible.upperBound {
                let to = index + 1 < row.count ? self.layer(row[index + 1]) : nil
                pictures.append(
                    ConformPlan.Picture(
                        frames: going.lowerBound..<visible.upperBound, layer: to, from: layer, dissolve: going,
                        shot: place.shot))
            }
        }
        return pictures
    }

    func black(_ frames: Range<Int>) -> [ConformPlan.Picture] { [ConformPlan.Picture(frames: frames)] }

    /// Lays an upper track over what is there: where it has a picture, or black that was put there, that is seen.
    mutating func cover(with row: [ConformPlan.Picture]) {
        let upper = row.filter { $0.layer != nil || $0.from != nil || $0.isMeant }
        guard !upper.isEmpty else { return }
        var result: [ConformPlan.Picture] = []
        var next = upper.startIndex
        for lower in pictures {
            var position = lower.frames.lowerBound
            while next < upper.endIndex, upper[next].frames.lowerBound < lower.frames.upperBound {
                let over = upper[next].frames.clamped(to: lower.frames)
                if position < over.lowerBound { result.append(part(lower, position..<over.lowerBound)) }
                if upper[next].dissolve != nil, upper[next].layer == nil || upper[next].from == nil,
                    lower.layer != nil || lower.from != nil
                {
                    findings.add(
                        "/tracks", "unsupported",
                        "“\(upper[next].shot.map { shots[$0] } ?? "")” fades over the picture of a lower track; only fades over black can "
                            + "be conformed")
                }
                result.append(part(upper[next], over))
                position = over.upperBound
                guard upper[next].frames.upperBound <= lower.frames.upperBound else { break }
                next += 1
            }
            if position < lower.frames.upperBound { result.append(part(lower, position..<lower.frames.upperBound)) }
        }
        pictures = joined(result)
    }

    private func part(_ picture: ConformPlan.Picture, _ frames: Range<Int>) -> ConformPlan.Picture {
        var part = picture
        part.frames = frames
        return part
    }

    /// Pieces of one picture that were parted by nothing are one again.
    private func joined(_ pieces: [ConformPlan.Picture]) -> [ConformPlan.Picture] {
        var result: [ConformPlan.Picture] = []
        for piece in pieces {
            if let last = result.last, last.frames.upperBound == piece.frames.lowerBound,
                part(last, piece.frames) == piece
            {
                result[result.count - 1].frames = last.frames.lowerBound..<piece.frames.upperBound
            } else {
                result.append(piece)
            }
        }
        return result
    }

    /// The shots, from the pictures that are seen: one that is covered for a while is two.
    var chapters: [ConformPlan.Chapter] {
        var chapters: [ConformPlan.Chapter] = []
        var before: Int?
        for picture in pictures {
            defer { before = picture.shot }
            guard let shot = picture.shot else { continue }
            if shot == before, let last = chapters.last {
                chapters[chapters.count - 1].frames = last.frames.lowerBound..<picture.frames.upperBound
            } else {
                chapters.append(ConformPlan.Chapter(title: shots[shot], frames: picture.frames))
            }
        }
        return chapters
    }

    /// The sound of one track.
    mutating func addSounds(of row: [Place], _ track: Cut.Track) {
        guard let rate = EditRate(settings.sampleRate) else { return }
        func sample(_ moment: ExactSeconds) -> Int { moment.framesRounded(at: rate) }
        /// The samples of a transition at a moment.
        func samples(_ transition: Cut.Transition, _ moment: ExactSeconds) -> Range<Int> {
            // Of a picture's sound the fade lies where the picture's does: on whole frames of the film.
            if track.kind == .video {
                let frames = frames(of: transition, at: moment)
                let start = sample(EditTime(frames.lowerBound, at: settings.rate).seconds)
                return start..<max(start, sample(EditTime(frames.upperBound, at: settings.rate).seconds))
            }
            let start = sample(moment.adding(transition.before.seconds.negated) ?? moment)
            return start..<max(start, sample(moment.adding(transition.after.seconds) ?? moment))
        }
        for place in row {
            guard let index = place.source else { continue }
            let source = catalogue.sources[used[index]]
            guard source.sound != nil || !source.isProbed else { continue }
            let onFrames = track.kind == .video
            let start = onFrames ? EditTime(frame(place.start), at: settings.rate).seconds : place.start
            let end = onFrames ? EditTime(frame(place.end), at: settings.rate).seconds : place.end
            let fadeIn = place.coming.map { samples($0, place.start) }
            let fadeOut = place.going.map { samples($0, place.end) }
            let first = fadeIn?.lowerBound ?? sample(start)
            let last = fadeOut?.upperBound ?? sample(end)
            guard first < last else { continue }
            let lead = ExactSeconds(Int128(first - sample(start)), Int128(settings.sampleRate))
            sounds.append(
                ConformPlan.Sound(
                    samples: first..<last, source: index, moment: place.moment.adding(lead) ?? place.moment,
                    channel: track.channel, fadeIn: fadeIn, fadeOut: fadeOut))
        }
    }
}
