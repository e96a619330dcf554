import CMedia

/// A stream of a file and the one that was made of it.
struct CarriedStream {
    /// The stream's number in its file.
    var index: Int32
    /// The stream's number in the output.
    var stream: Int32
    var isVideo: Bool

    init(_ made: TranscodedStream) { (index, stream, isVideo) = (made.index, made.stream, made.isVideo) }

    init(index: Int32, stream: Int32, isVideo: Bool) {
        (self.index, self.stream, self.isVideo) = (index, stream, isVideo)
    }
}

/// What a file says of itself in words, its chapters and its timecode, on their way into what is made of it.
struct CarriedWords {
    /// The part of the file that is taken; `nil` for the whole. A part has no chapters.
    var window: ClipWindow?
    /// The rate that the output has; `nil` for the file's.
    var frameRate: FrameRate?
    /// Whether it is the main file of the output. Of others only what their streams say is carried.
    var isMain = true

    /// Says it all in the output, which has not been started.
    func carry(of demuxer: Demuxer, for streams: [CarriedStream], into muxer: Muxer) {
        if isMain { for (key, value) in demuxer.words { muxer.describe(key, value) } }
        for made in streams {
            guard let source = demuxer.streams.first(where: { $0.pointee.index == made.index }) else { continue }
            for (key, value) in demuxer.words(of: source) { muxer.describe(stream: made.stream, key, value) }
            muxer.stream(made.stream)?.pointee.disposition = source.pointee.disposition & AV_DISPOSITION_DEFAULT
            if made.isVideo { carryTimecode(of: demuxer, source, into: muxer, made.stream) }
        }
        guard window == nil, isMain else { return }
        for chapter in demuxer.chapters { try? muxer.addChapter(chapter.title, from: chapter.start, to: chapter.end) }
    }

    private func carryTimecode(
        of demuxer: Demuxer, _ source: UnsafeMutablePointer<AVStream>, into muxer: Muxer, _ stream: Int32
    ) {
        guard var timecode = demuxer.timecode, let before = demuxer.steadyRate(of: source) else { return }
        if let frame = window?.startFrame, frame > 0 {
            timecode = StartTimecode(
                frames: timecode.frames(at: before) + frame, rate: before, isDropFrame: timecode.isDropFrame)
        }
        let rate = frameRate ?? before
        guard rate.hasTimecode else { return }
        muxer.setTimecode(timecode.converted(from: before, to: rate).description, ofVideo: stream)
    }
}
