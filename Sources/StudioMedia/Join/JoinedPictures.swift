import CMedia

/// A chunk's file, opened.
final class JoinedChunk {
    let demuxer: Demuxer
    let video: UnsafeMutablePointer<AVStream>
    /// The frames that it says it holds.
    let part: FilmPart
    let format: ConcatFilm.Format.Stream
    /// The frames by which decoding runs ahead of what is seen.
    let delay: Int

    init(path: String, limits: MediaLimits) throws {
        demuxer = try Demuxer(path: path, limits: limits)
        guard let video = demuxer.mainVideo, !demuxer.isPicture, let format = ConcatFilm.format(of: video) else {
            throw MediaError(.unsupported, "\(demuxer.name) has no moving pictures.")
        }
        guard let part = demuxer.words.first(where: { $0.0 == FilmPart.key }).flatMap({ FilmPart($0.1) }) else {
            throw MediaError(.inputInvalid, "\(demuxer.name) does not say which frames of a film it holds.")
        }
        self.video = video
        self.format = format
        self.part = part
        delay = Int(max(0, video.pointee.codecpar?.pointee.video_delay ?? 0))
    }
}

/// The pictures of chunks on their way into one stream, with times of the film's own.
final class JoinedPictures {
    /// The stream's number in the file.
    let stream: Int32
    private let muxer: Muxer
    private let rate: FrameRate
    private let frameCount: Int
    private let format: ConcatFilm.Format.Stream
    private let delay: Int
    /// The frames of the chunks so far, which are also the packets written.
    private var done = 0

    /// Adds the stream; the muxer has not been started.
    init(like first: JoinedChunk, rate: FrameRate, frameCount: Int, into muxer: Muxer) throws {
        self.muxer = muxer
        self.rate = rate
        self.frameCount = frameCount
        format = first.format
        delay = first.delay
        stream = try muxer.addStream(copying: first.video)
        guard let made = muxer.stream(stream) else { return }
        // What our encoders do not say of a film in one pass, and readers make up for each chunk.
        made.pointee.codecpar?.pointee.field_order = AV_FIELD_UNKNOWN
        made.pointee.codecpar?.pointee.chroma_location = AVCHROMA_LOC_UNSPECIFIED
        // Some codecs do not say how wide pixels are, and the chunk's file alone does.
        let aspect = made.pointee.sample_aspect_ratio
        if aspect.num > 0 { made.pointee.codecpar?.pointee.sample_aspect_ratio = aspect }
        // VP9's transparency lies beside each packet, which this writer tells by the format alone.
        if Demuxer.hasAlphaBeside(first.video) {
            made.pointee.codecpar?.pointee.format = AV_PIX_FMT_YUVA420P.rawValue
        }
        // The unit that an encoder at this rate counts in, not the one that a chunk's file has made of it.
        made.pointee.time_base = rate.frameDuration
        made.pointee.avg_frame_rate = rate.rational
        made.pointee.r_frame_rate = rate.rational
    }

    /// Writes a chunk behind those before it.
    /// - Parameters:
    ///   - chunk: The chunk.
    ///   - each: Called before every packet, with the moment at which it is due for decoding, in microseconds.
    /// - Throws: `MediaError` with `inputInvalid`, naming the chunk, where it does not follow; what `each` throws.
    func append(_ chunk: JoinedChunk, each: (Int64) throws -> Void) throws {
        let name = chunk.demuxer.name
        func refuse(_ what: String) -> MediaError { MediaError(.inputInvalid, "\(name) cannot be joined: \(what).") }
        guard chunk.part.total == frameCount else {
            throw refuse("it is a part of a film of \(chunk.part.total) frames, not of \(frameCount)")
        }
        guard chunk.part.frames.lowerBound == done else {
            throw refuse("it begins with frame \(chunk.part.frames.lowerBound) where frame \(done) is due")
        }
        guard chunk.format == format, chunk.delay == delay else {
            throw refuse("its pictures are not coded as those of the chunk before it")
        }
        var seen = [Bool](repeating: false, count: chunk.part.frames.count)
        var count = 0
        var start: Int64?
        let packet = try Packet()
        while try chunk.demuxer.read(into: packet) {
            let pointer = packet.pointer
            guard pointer.pointee.stream_index == chunk.video.pointee.index else { continue }
            if count == 0, pointer.pointee.flags & AV_PKT_FLAG_KEY == 0 {
                throw refuse("it does not begin with a key frame")
            }
            guard pointer.pointee.pts != cmedia_no_timestamp() else { throw refuse("a frame of it has no time") }
            // The first packet is of the first frame that is seen: groups are closed.
            let zero = start ?? pointer.pointee.pts
            start = zero
            let base = chunk.video.pointee.time_base
            let frame = Int(clamping: av_rescale_q(pointer.pointee.pts &- zero, base, rate.frameDuration))
            guard seen.indices.contains(frame), !seen[frame] else {
                throw refuse("a frame of it is not at a time of its own at \(rate) frames a second")
            }
            guard frame >= count - delay else { throw refuse("a frame of it is due before it can be decoded") }
            seen[frame] = true
            pointer.pointee.pts = Int64(done + frame)
            pointer.pointee.dts = Int64(done + count - delay)
            pointer.pointee.duration = 1
            pointer.pointee.pos = -1
            try each(av_rescale_q(pointer.pointee.dts, rate.frameDuration, cmedia_microsecond()))
            try muxer.write(pointer, stream: stream, timeBase: rate.frameDuration)
            count += 1
        }
        try chunk.demuxer.checkComplete()
        guard count == seen.count else { throw refuse("it has \(count) frames and should have \(seen.count)") }
        done += count
    }

    /// Refuses a film whose last chunks are missing.
    /// - Throws: `MediaError` with `inputInvalid`.
    func checkWhole() throws {
        guard done == frameCount else {
            throw MediaError(.inputInvalid, "The frames from \(done) on are missing; the film has \(frameCount).")
        }
    }
}
