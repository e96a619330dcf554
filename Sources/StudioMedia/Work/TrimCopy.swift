import CMedia

/// A part of a file whose packets are copied as they are, cut at key frames.
///
/// The part begins with the last key frame that is not after the place where it is to begin, and ends just before the first
/// key frame that is not before the place where it is to end: all that is asked for is in, and all in it can be decoded. Sound
/// is cut at its own packets at the same moments; sound alone at the packets nearest to what is asked for.
public struct TrimCopy: Sendable, Equatable {
    /// Where a part that was copied really begins and ends.
    public struct Outcome: Sendable, Hashable, Codable {
        /// Where it begins, in seconds of the input.
        public var fromSeconds: Double
        /// Where it ends, in seconds of the input; `nil` with the input.
        public var toSeconds: Double?
        /// The frames, or for sound alone the packets.
        public var frames: Int
    }

    /// The input's path.
    public var input: String
    /// The part that is to be in.
    public var range: ClipRange
    /// The kind of file to write, which must be able to hold the input's codecs.
    public var container: ContainerKind
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - range: The part that is to be in.
    ///   - container: The kind of file to write.
    ///   - limits: The largest input to accept.
    public init(input: String, range: ClipRange, container: ContainerKind = .mp4, limits: MediaLimits = MediaLimits()) {
        self.input = input
        self.range = range
        self.container = container
        self.limits = limits
    }

    /// Copies. Blocks for as long as it takes to read the file once or twice.
    /// - Parameters:
    ///   - path: The output, never the input's path. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Returns: Where the part really begins and ends.
    /// - Throws: `MediaError` of any code, or what `progress` threw.
    @discardableResult
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws -> Outcome {
        var counter = ProgressCounter(total: nil, report: progress)
        try counter.start()
        let demuxer = try Demuxer(path: input, limits: limits)
        try demuxer.refuseOverwriting(path)
        let video = demuxer.mainVideo
        guard !demuxer.isPicture, video != nil || !demuxer.audioStreams.isEmpty else {
            throw MediaError(.unsupported, "\(demuxer.name) has neither moving pictures nor sound.")
        }
        let window = try ClipWindow(range, of: demuxer, video: video)
        let keys = try video.map { try keyTimes(of: $0.pointee.index) { try counter.beat() } }
        let unit = video?.pointee.time_base ?? cmedia_microsecond()
        let wanted = (window.start(in: unit), window.end(in: unit))
        let from = keys.map { $0.last { $0 <= wanted.0 } ?? $0.first ?? 0 } ?? wanted.0
        let to = keys.map { keys in wanted.1.flatMap { end in keys.first { $0 >= end } } } ?? wanted.1
        let muxer = try Muxer(path: path, container: container)
        let kept = (video.map { [$0] } ?? []) + demuxer.audioStreams
        let start = demuxer.start &+ av_rescale_q(from, unit, cmedia_microsecond())
        let streams = try kept.prefix(container.holdsManyStreams ? kept.count : 1).map { stream in
            try container.checkHolds(stream, of: demuxer.name)
            return try CopiedStream(stream, start: start, into: muxer)
        }
        for (made, source) in zip(streams, kept) {
            for (key, value) in demuxer.words(of: source) { muxer.describe(stream: made.stream, key, value) }
        }
        carryTimecode(of: demuxer, video, from, unit, into: muxer, streams)
        try muxer.start()
        let packet = try Packet()
        // Between the key frames in the order of decoding, and never shown before the first of them.
        var isInside = video == nil
        while try demuxer.read(into: packet) {
            guard let place = streams.firstIndex(where: { $0.index == packet.pointer.pointee.stream_index }) else {
                continue
            }
            let base = kept[place].pointee.time_base
            let shown = demuxer.shown(packet, base)
            if video != nil, place == 0 {
                let isKey = packet.pointer.pointee.flags & AV_PKT_FLAG_KEY != 0
                if isKey, shown == from { isInside = true }
                if isKey, let to, shown >= to { isInside = false }
                guard isInside, shown >= from else { continue }
                try streams[place].write(packet)
                try counter.advance()
            } else {
                let time = av_rescale_q(shown, base, unit)
                guard time >= from, to.map({ time < $0 }) ?? true else { continue }
                try streams[place].write(packet)
                if video == nil && place == 0 { try counter.advance() }
            }
        }
        try demuxer.checkComplete()
        guard counter.framesDone > 0 else {
            throw MediaError(.parametersInvalid, "The part of \(demuxer.name) has nothing in it.")
        }
        try counter.finishing()
        try muxer.finish {
            try CopiedStream.check(path, copiedFrom: demuxer.name, limits)
            try counter.done()
        }
        func seconds(_ time: Int64) -> Double { Double(time) * Double(unit.num) / Double(unit.den) }
        return Outcome(fromSeconds: seconds(from), toSeconds: to.map(seconds), frames: counter.framesDone)
    }

    /// When the key frames of a stream are shown, in order, from the file's start.
    private func keyTimes(of index: Int32, beat: () throws -> Void) throws -> [Int64] {
        let demuxer = try Demuxer(path: input, limits: limits)
        guard let base = demuxer.streams.first(where: { $0.pointee.index == index })?.pointee.time_base else {
            return []
        }
        let packet = try Packet()
        var times: [Int64] = []
        var packets = 0
        while try demuxer.read(into: packet) {
            packets += 1
            if packets % 1024 == 0 { try beat() }
            guard packet.pointer.pointee.stream_index == index,
                packet.pointer.pointee.flags & AV_PKT_FLAG_KEY != 0
            else { continue }
            times.append(demuxer.shown(packet, base))
            try limits.check(frames: times.count, of: demuxer.name)
        }
        return times.sorted()
    }

    private func carryTimecode(
        of demuxer: Demuxer, _ video: UnsafeMutablePointer<AVStream>?, _ from: Int64, _ unit: AVRational,
        into muxer: Muxer, _ streams: [CopiedStream]
    ) {
        guard let video, let first = streams.first, let timecode = demuxer.timecode,
            let rate = demuxer.steadyRate(of: video), rate.hasTimecode
        else { return }
        let place = (Double(from) * Double(unit.num) / Double(unit.den) * rate.framesPerSecond).rounded()
        // No film has frames beyond: such a time is damage, and tells no timecode.
        guard let frames = Int32(exactly: place).map(Int.init) else { return }
        let moved = StartTimecode(
            frames: timecode.frames(at: rate) + frames, rate: rate, isDropFrame: timecode.isDropFrame)
        muxer.setTimecode(moved.description, ofVideo: first.stream)
    }
}

extension Demuxer {
    /// When a packet is shown or heard, in `base`, from the file's start.
    func shown(_ packet: Packet, _ base: AVRational) -> Int64 {
        let none = cmedia_no_timestamp()
        let time = packet.pointer.pointee.pts == none ? packet.pointer.pointee.dts : packet.pointer.pointee.pts
        return (time == none ? 0 : time) &- av_rescale_q(start, cmedia_microsecond(), base)
    }
}

extension ContainerKind {
    /// Refuses a stream that this kind of file cannot hold as it is.
    func checkHolds(_ stream: UnsafeMutablePointer<AVStream>, of name: String) throws {
        guard !holds(stream), let identifier = stream.pointee.codecpar?.pointee.codec_id else { return }
        let codec =
            VideoCodec(identifier)?.title ?? AudioCodec(identifier)?.title
            ?? String(cString: avcodec_get_name(identifier))
        throw MediaError(.parametersInvalid, "\(codec) in \(name) cannot be copied into \(title).")
    }

    /// Whether this kind of file can hold a stream as it is.
    func holds(_ stream: UnsafeMutablePointer<AVStream>) -> Bool {
        guard let identifier = stream.pointee.codecpar?.pointee.codec_id else { return false }
        if let codec = VideoCodec(identifier) { return videoCodecs.contains(codec) }
        if let codec = AudioCodec(identifier) { return audioCodecs.contains(codec) }
        return false
    }
}
