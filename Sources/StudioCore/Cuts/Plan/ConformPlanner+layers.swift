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
                let before = index > 0 ? row[index - 1] : nil
                pictures.append(
                    ConformPlan.Picture(
                        frames: visible.lowerBound..<coming.upperBound, layer: layer, from: before.flatMap(self.layer),
                        dissolve: coming, shot: place.shot, isMeant: place.isBlack,
                        isFromMeant: before?.isBlack ?? false))
            }
            let start = coming?.upperBound ?? visible.lowerBound
            let plain = start..<max(start, going?.lowerBound ?? visible.upperBound)
            if !plain.isEmpty {
                pictures.append(
                    ConformPlan.Picture(frames: plain, layer: layer, shot: place.shot, isMeant: place.isBlack))
            }
            if let going, going.lowerBound < visible.upperBound {
                let after = index + 1 < row.count ? row[index + 1] : nil
                pictures.append(
                    ConformPlan.Picture(
                        frames: going.lowerBound..<visible.upperBound, layer: after.flatMap(self.layer), from: layer,
                        dissolve: going, shot: place.shot, isMeant: after?.isBlack ?? false,
                        isFromMeant: place.isBlack))
            }
        }
        return pictures
    }

    func black(_ frames: Range<Int>) -> [ConformPlan.Picture] { [ConformPlan.Picture(frames: frames)] }

    /// Lays an upper track over what is there: where it has a picture, or black that was put there, that is seen, and where it
    /// fades, what lies beneath is seen through it.
    mutating func cover(with row: [ConformPlan.Picture]) {
        let upper = row.filter { $0.layer != nil || $0.from != nil || $0.isMeant || $0.isFromMeant }
        guard !upper.isEmpty else { return }
        var result: [ConformPlan.Picture] = []
        var next = upper.startIndex
        for lower in pictures {
            var position = lower.frames.lowerBound
            while next < upper.endIndex, upper[next].frames.lowerBound < lower.frames.upperBound {
                let over = upper[next].frames.clamped(to: lower.frames)
                if position < over.lowerBound { result.append(part(lower, position..<over.lowerBound)) }
                var seen = part(upper[next], over)
                if seen.isOpen, lower.hasLayers { seen.beneath = [lower] }
                result.append(seen)
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
}
