extension ConformPlanner {
    /// The sound of one track.
    func sounds(of row: [Place], _ track: Cut.Track) -> [ConformPlan.Sound] {
        guard let rate = EditRate(settings.sampleRate) else { return [] }
        var sounds: [ConformPlan.Sound] = []
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
            guard isHeard(index) else { continue }
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
        return sounds
    }

    /// Whether a source, by its position among those used, has sound, as far as that is known.
    private func isHeard(_ source: Int) -> Bool {
        let source = catalogue.sources[used[source]]
        return source.sound != nil || !source.isProbed
    }

    /// A stretch of a track in which its pictures' sound takes the place of what lies beneath.
    struct SoundCover {
        var samples: Range<Int>
        /// All samples of the fade of which it is a part, and whether its sound goes; nil where it is wholly heard.
        var fade: Range<Int>?
        var goes = false
    }

    /// Where a track's pictures have sound, with the pictures' weights. Black and pictures without sound cover nothing.
    func covers(of pictures: [ConformPlan.Picture]) -> [SoundCover] {
        guard let rate = EditRate(settings.sampleRate) else { return [] }
        func samples(_ frames: Range<Int>) -> Range<Int> {
            func sample(_ frame: Int) -> Int { EditTime(frame, at: settings.rate).seconds.framesRounded(at: rate) }
            return sample(frames.lowerBound)..<sample(frames.upperBound)
        }
        return pictures.compactMap { picture in
            let isHeard = picture.layer.map { self.isHeard($0.source) } ?? false
            guard let dissolve = picture.dissolve else {
                return isHeard ? SoundCover(samples: samples(picture.frames)) : nil
            }
            switch (picture.from.map { self.isHeard($0.source) } ?? false, isHeard) {
            case (true, true): return SoundCover(samples: samples(picture.frames))
            case (true, false):
                return SoundCover(samples: samples(picture.frames), fade: samples(dissolve), goes: true)
            case (false, true): return SoundCover(samples: samples(picture.frames), fade: samples(dissolve))
            case (false, false): return nil
            }
        }
    }

    /// What is left of a sound beneath an upper track, in pieces: it falls where that track's sound rises, and the reverse.
    func covered(_ sound: ConformPlan.Sound, by covers: [SoundCover]) -> [ConformPlan.Sound] {
        var pieces: [ConformPlan.Sound] = []
        var fades: [ConformPlan.Sound.Cover] = []
        var start = sound.samples.lowerBound
        func add(until end: Int) {
            guard start < end else { return }
            var piece = sound
            piece.samples = start..<end
            let lead = ExactSeconds(Int128(start - sound.samples.lowerBound), Int128(settings.sampleRate))
            piece.moment = sound.moment.adding(lead) ?? sound.moment
            piece.covers = (sound.covers + fades).filter { $0.samples.overlaps(piece.samples) }
            pieces.append(piece)
        }
        // Covers are in order: those that end before the sound are leapt over.
        var (low, high) = (covers.startIndex, covers.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if covers[middle].samples.upperBound <= sound.samples.lowerBound { low = middle + 1 } else { high = middle }
        }
        for cover in covers[low...].prefix(while: { $0.samples.lowerBound < sound.samples.upperBound }) {
            if let fade = cover.fade {
                fades.append(ConformPlan.Sound.Cover(samples: cover.samples, fade: fade, rises: cover.goes))
            } else {
                add(until: cover.samples.lowerBound)
                start = max(start, cover.samples.upperBound)
                fades = []
            }
        }
        add(until: sound.samples.upperBound)
        return pieces
    }
}
