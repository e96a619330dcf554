import CMedia

/// One of the films that are joined.
final class ConcatFilm {
    /// What two films must have in common to follow each other without being encoded.
    struct Format: Equatable {
        struct Stream: Equatable {
            var codec: UInt32
            var format: Int32
            var sides: [Int32]
            var sound: [Int32]
            var tags: [UInt32]
            var unit: [Int32]
            var header: [UInt8]
        }
        var rate: FrameRate
        var isSteady: Bool
        var orientation: Orientation
        var streams: [Stream]
    }

    let demuxer: Demuxer
    let video: UnsafeMutablePointer<AVStream>
    /// The frames a second, on average where they vary.
    let rate: FrameRate
    /// The frames: as the file's index says, else counted. The file's duration may be that of longer sound.
    let frames: Int
    let format: Format
    /// By how much the first picture is due after the file's beginning, in microseconds.
    private let lead: Int64
    /// A film whose first picture is due later than this, a day in microseconds, is damaged.
    private static let longestLead: Int64 = 86_400_000_000

    init(path: String, limits: MediaLimits) throws {
        demuxer = try Demuxer(path: path, limits: limits)
        guard let video = demuxer.mainVideo, !demuxer.isPicture else {
            throw MediaError(.unsupported, "\(demuxer.name) has no moving pictures.")
        }
        self.video = video
        lead = try Self.lead(of: video, demuxer)
        let steady = demuxer.steadyRate(of: video)
        rate = steady ?? FrameRate(video.pointee.avg_frame_rate) ?? FrameRate(valid: 25, 1)
        frames =
            video.pointee.nb_frames > 0
            ? Int(video.pointee.nb_frames) : try Self.countFrames(path, video.pointee.index, limits)
        format = Format(
            rate: rate, isSteady: steady != nil, orientation: demuxer.orientation(of: video),
            streams: ([video] + demuxer.audioStreams).compactMap(Self.format))
    }

    /// Whether the streams can be put into a kind of file as they are, and their length is known: that of their frames, with
    /// nothing to be filled before.
    func canBeCopied(into container: ContainerKind) -> Bool {
        format.isSteady && video.pointee.nb_frames > 0
            && lead * 2 < rate.time(ofFrame: 1, in: cmedia_microsecond())
            && ([video] + demuxer.audioStreams).allSatisfy { container.holds($0) }
    }

    static func countFrames(_ path: String, _ index: Int32, _ limits: MediaLimits) throws -> Int {
        let demuxer = try Demuxer(path: path, limits: limits)
        let packet = try Packet()
        var count = 0
        while try demuxer.read(into: packet) {
            if packet.pointer.pointee.stream_index == index { count += 1 }
            try limits.check(frames: count, of: demuxer.name)
        }
        return count
    }

    /// What another stream must have in common with one to follow it.
    static func format(of stream: UnsafeMutablePointer<AVStream>) -> Format.Stream? {
        guard let parameters = stream.pointee.codecpar?.pointee else { return nil }
        let header = UnsafeBufferPointer(start: parameters.extradata, count: Int(parameters.extradata_size))
        return Format.Stream(
            codec: parameters.codec_id.rawValue, format: parameters.format,
            sides: [
                parameters.width, parameters.height, parameters.sample_aspect_ratio.num,
                parameters.sample_aspect_ratio.den,
            ],
            sound: [parameters.sample_rate, parameters.ch_layout.nb_channels],
            tags: [
                parameters.color_primaries.rawValue, parameters.color_trc.rawValue, parameters.color_space.rawValue,
                parameters.color_range.rawValue,
            ],
            unit: [stream.pointee.time_base.num, stream.pointee.time_base.den], header: Array(header))
    }

    /// Encodes the film behind the frames before it.
    /// - Parameters:
    ///   - before: The frames before it.
    ///   - change: The size and rate that all films get.
    ///   - target: How pictures are encoded.
    ///   - rate: The rate that all films get.
    ///   - track: The pictures' track.
    ///   - samples: The sound's way into its track; `nil` without sound.
    ///   - each: Called for every frame.
    /// - Returns: The frames written.
    /// - Throws: `MediaError` of any code, or what `each` threw.
    func encode(
        after before: Int, change: PictureChange, target: VideoTarget, rate: FrameRate, into track: VideoTrack,
        _ samples: SampleQueue?, each: () throws -> Void
    ) throws -> Int {
        let plan = try PicturePlan(video, of: demuxer, change: change, target: target, toneMaps: true)
        let pictures = try DecodedStream(video, of: demuxer)
        let filters = try FilterStage<PictureShape>()
        var clock = FrameClock(video, start: demuxer.start)
        var conversion = RateConversion(to: rate, of: demuxer, holdsFirst: true)
        var count = 0
        func encode(_ converted: Frame, _ unit: AVRational) throws {
            converted.pointer.pointee.pts = Int64(before + count)
            count += 1
            try demuxer.limits.check(frames: count, of: demuxer.name)
            try plan.drawOver(converted)
            try track.write(converted, duration: 1)
            try each()
        }
        func convert(_ decoded: Frame) throws {
            guard let stamp = clock.stamp(decoded.pointer) else { return }
            let frames = try conversion.frames(of: stamp, in: clock.timeBase)
            decoded.pointer.pointee.pts = frames.lowerBound
            decoded.pointer.pointee.pkt_duration = Int64(frames.count)
            let shape = PictureShape(decoded)
            try filters.push(decoded, shaped: shape) {
                try FilterGraph(pictures: decoded, timeBase: rate.frameDuration, chain: plan.chain(for: shape))
            } each: {
                try encode($0, $1)
            }
        }
        let sound = try samples.flatMap { queue in
            try demuxer.audioStreams.first.map { stream in
                try ConcatSound(
                    stream, of: demuxer, into: queue, from: queue.time(ofFrame: before, at: rate),
                    to: queue.time(ofFrame: before + expected(at: rate), at: rate))
            }
        }
        let packet = try Packet()
        while try demuxer.read(into: packet) {
            let index = packet.pointer.pointee.stream_index
            if index == pictures.index { try pictures.decode(packet, each: convert) }
            if let sound, sound.index == index { try sound.decode(packet) }
        }
        try demuxer.checkComplete()
        try pictures.finish(each: convert)
        try filters.finish { try encode($0, $1) }
        try sound?.finish()
        guard count > 0 else {
            throw MediaError(.inputInvalid, "\(demuxer.name) has no picture that can be decoded.")
        }
        if let samples { try samples.fill(to: samples.time(ofFrame: before + count, at: rate)) }
        return count
    }

    /// The frames that it becomes: exactly where all have the same duration, else by what its stream says of its length.
    private func expected(at rate: FrameRate) -> Int {
        let length = video.pointee.duration
        let unit = cmedia_microsecond()
        if !format.isSteady, length > 0 {
            return rate.frames(lasting: late(av_rescale_q(length, video.pointee.time_base, unit)), in: unit)
        }
        guard lead > 0 else { return rate.frames(lasting: Int64(frames), in: self.rate.frameDuration) }
        return rate.frames(lasting: late(self.rate.time(ofFrame: frames, in: unit)), in: unit)
    }

    /// A length and what comes before the first picture; a damaged file may give any length.
    private func late(_ length: Int64) -> Int64 { lead + min(length, .max - lead) }

    private static func lead(of video: UnsafeMutablePointer<AVStream>, _ demuxer: Demuxer) throws -> Int64 {
        let start = video.pointee.start_time
        guard start != cmedia_no_timestamp() else { return 0 }
        let due = av_rescale_q(start, video.pointee.time_base, cmedia_microsecond())
        let (lead, isBeyond) = due.subtractingReportingOverflow(demuxer.start)
        guard !isBeyond, lead <= longestLead else {
            throw MediaError(.inputInvalid, "\(demuxer.name) is damaged: its first picture is due in more than a day.")
        }
        return max(0, lead)
    }
}

/// The sound of one of the films that are joined, on its way into the common track.
final class ConcatSound {
    var index: Int32 { sound.index }
    private let sound: DecodedSound
    private let queue: SampleQueue
    private let end: Int64

    /// - Parameters:
    ///   - stream: The stream.
    ///   - demuxer: Its file.
    ///   - queue: The way into the track.
    ///   - from: Where the film begins, in samples of the track.
    ///   - to: Where it ends.
    /// - Throws: `MediaError` where the sound cannot be decoded.
    init(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, into queue: SampleQueue, from: Int64, to: Int64
    ) throws {
        self.queue = queue
        end = to
        try queue.fill(to: from)
        // The film before may have taken a fraction of a frame of this one's place.
        let filters = queue.filters(skipping: max(0, queue.taken - from))
        sound = try DecodedSound(
            stream, of: demuxer, decodedBy: try DecodedStream(stream, of: demuxer), sampleRate: queue.sampleRate,
            filters: filters, blockSize: 1024)
    }

    /// Decodes a packet.
    func decode(_ packet: Packet) throws { try sound.decode(packet, each: take) }

    /// Brings out all that is still under way.
    func finish() throws { try sound.finish(each: take) }

    private func take(_ samples: Frame, _ unit: AVRational) throws {
        try queue.take(samples, Int32(min(Int64(samples.pointer.pointee.nb_samples), max(0, end - queue.taken))))
    }
}
