import CMedia
public import StudioCore

/// Anything libav reads, made into a file that holds what is asked for; by default an MP4 that every browser plays.
///
/// - Video: the largest moving picture of the file. It is turned and mirrored as the container,
///   or a picture's Exif data, says. Interlaced frames are
///   deinterlaced. Full range becomes limited range; RGB becomes BT.709; other colour tags are carried over. PQ and HLG are
///   kept with their side data in targets of more than eight bits, and tone-mapped to BT.709 otherwise. Odd sides lose their
///   last row or column of pixels. Timestamps are kept, variable rates included, unless a frame rate is asked for.
/// - Audio: every audio stream, in sync, or the first where the container holds one; see `ChannelPlan` and `AudioTarget` for
///   channels and rates. Gaps are filled with silence. A file with audio alone becomes one with audio alone.
/// - Chapters, the title and other words about the file, languages of streams and the start timecode are carried over where
///   the container has a place for them. Subtitles and data are left out.
/// - Damage: packets that cannot be decoded are tolerated up to eight and one in twenty. An input that is cut off before
///   95 % of the duration its header gives, or without a single frame to decode, is `inputInvalid`.
public struct Transcode: Sendable, Equatable {
    /// The input's path.
    public var input: String
    /// What the output holds. Pictures or sound that the input does not have are left out.
    public var target: MediaTarget
    /// What is done to the pictures beside their coding.
    public var change: PictureChange
    /// Whether pictures of more than eight bits keep them in HEVC, VP9 and AV1, whatever the target's depth. ProRes and
    /// DNxHR go by their profile; H.264 by the target.
    public var keepsDepth: Bool
    /// Whether transparency is kept where codec and container can, whatever the target says: VP9 in WebM and Matroska, and
    /// ProRes 4444.
    public var keepsAlpha: Bool
    /// Whether high dynamic range is brought down where it could be kept.
    public var toneMaps: Bool
    /// Whether a stream that has the asked-for codec already, and of which nothing is to be changed, is copied.
    public var copies: Bool
    /// The part of the input that is taken, exact to a frame and a sample; `nil` for the whole.
    public var range: ClipRange?
    /// The frames of the output that are made, for joining them with the others; `nil` for all. A part has pictures alone, and
    /// its source a steady rate: see `Join`.
    public var part: FilmPart?
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - target: What the output holds.
    ///   - change: What is done to the pictures beside their coding; nothing by default.
    ///   - keepsDepth: Whether more than eight bits are kept where they can be.
    ///   - keepsAlpha: Whether transparency is kept where it can be.
    ///   - toneMaps: Whether high dynamic range is brought down where it could be kept.
    ///   - copies: Whether streams that are as asked for already are copied; not with a range.
    ///   - range: The part of the input that is taken, or `nil` for the whole.
    ///   - limits: The largest input to accept.
    public init(
        input: String, target: MediaTarget, change: PictureChange = PictureChange(), keepsDepth: Bool = false,
        keepsAlpha: Bool = false, toneMaps: Bool = false, copies: Bool = false, range: ClipRange? = nil,
        limits: MediaLimits = MediaLimits()
    ) {
        self.input = input
        self.target = target
        self.change = change
        self.keepsDepth = keepsDepth
        self.keepsAlpha = keepsAlpha
        self.toneMaps = toneMaps
        self.copies = copies
        self.range = range
        self.limits = limits
    }

    /// Describes the work of making what every browser plays: H.264 (4:2:0, 8 bits) and AAC in MP4.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - quality: The time and space to spend.
    ///   - width: The width of the output, or `nil`.
    ///   - height: The height of the output, or `nil`.
    ///   - limits: The largest input to accept.
    public init(
        input: String, quality: QualityTier = .standard, width: Int? = nil, height: Int? = nil,
        limits: MediaLimits = MediaLimits()
    ) {
        self.init(
            input: input, target: .browser(quality), change: PictureChange(width: width, height: height), limits: limits
        )
    }

    /// Decodes, encodes and writes. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output, never the input's path. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame (audio alone: at every block); what it throws stops the work.
    /// - Returns: What became of each stream.
    /// - Throws: `MediaError` of any code, or what `progress` threw.
    @discardableResult
    public func render(
        to path: String, progress: @escaping MediaProgressReport = { _ in }
    ) throws -> TranscodeOutcome {
        try change.check()
        if let part { return try render(part, to: path, progress: progress) }
        let demuxer = try Demuxer(path: input, limits: limits)
        let videoStream = target.video == nil ? nil : demuxer.mainVideo
        let audioStreams = target.audio == nil ? [] : demuxer.audioStreams
        guard videoStream != nil || !audioStreams.isEmpty else {
            throw MediaError(.unsupported, "\(demuxer.name) has neither moving pictures nor sound\(ofTarget).")
        }
        try demuxer.refuseOverwriting(path)
        let window = try range.map { try ClipWindow($0, of: demuxer, video: videoStream) }
        let muxer = try Muxer(path: path, container: target.container)
        let video = try videoStream.map { try pictures($0, of: demuxer, window, into: muxer) }
        let kept = target.container.holdsManyStreams ? audioStreams : Array(audioStreams.prefix(1))
        let audio = try kept.map { try sound($0, of: demuxer, window, into: muxer) }
        let streams = (video.map { [$0] } ?? []) + audio
        CarriedWords(window: window, frameRate: change.frameRate)
            .carry(of: demuxer, for: streams.map { CarriedStream($0) }, into: muxer)
        try muxer.start()
        var counter = ProgressCounter(total: expectedCount(video, audio, demuxer), report: progress)
        if case .video(let pipeline)? = video { counter.newest = { pipeline.newest } }
        try counter.start()
        if let window { demuxer.approach(window) }
        let packet = try Packet()
        var packets = 0
        var ahead = Set(streams.map(\.index))
        while !ahead.isEmpty, try demuxer.read(into: packet) {
            packets += 1
            // Streams that are not used, and audio between pictures, give no frame to report.
            if packets % 64 == 0 { try counter.beat() }
            let index = packet.pointer.pointee.stream_index
            guard let place = streams.firstIndex(where: { $0.index == index }) else { continue }
            // Pictures are shown no earlier than they are decoded: what comes now is behind the part's end.
            if let window, demuxer.isPast(window, packet) { ahead.remove(index) }
            try streams[place].take(packet) { if place == 0 { try counter.advance() } }
        }
        if !ahead.isEmpty { try demuxer.checkComplete() }
        for (place, stream) in streams.enumerated() {
            try stream.finish(each: { if place == 0 { try counter.advance() } }, beat: { try counter.beat() })
        }
        guard counter.framesDone > 0 else {
            throw MediaError(
                .inputInvalid, "\(demuxer.name) has nothing in it that can be decoded.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
        try counter.finishing()
        try muxer.finish {
            if streams.contains(where: { $0.handling == .copied }) {
                try CopiedStream.check(path, copiedFrom: demuxer.name, limits)
            }
            try counter.done()
        }
        return TranscodeOutcome(
            video: video?.handling, audio: audio.map(\.handling), frames: counter.framesDone)
    }

    private var ofTarget: String {
        switch (target.video, target.audio) {
        case (nil, _): " that \(target.container.title) could hold"
        case (_, nil): "; sound is not asked for"
        default: ""
        }
    }

    private func expectedCount(_ video: TranscodedStream?, _ audio: [TranscodedStream], _ demuxer: Demuxer) -> Int? {
        switch video ?? audio.first {
        case .video(let pipeline): pipeline.expectedFrames
        case .audio(let pipeline): pipeline.expectedBlocks
        case .copy(let copy, _):
            demuxer.streams.first { $0.pointee.index == copy.index }.flatMap(demuxer.expectedPackets)
        case nil: nil
        }
    }
}
