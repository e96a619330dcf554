import CMedia
public import StudioCore

/// Anything libav reads, made into an MP4 that every browser plays: H.264 (4:2:0, 8 bits) and AAC, index first.
///
/// - Video: the largest moving picture of the file. It is turned and mirrored as the container,
///   or a picture's Exif data, says. Interlaced frames are
///   deinterlaced. Full range becomes limited range; RGB becomes BT.709; other colour tags are carried over. PQ and HLG are
///   tone-mapped to BT.709. Odd sides lose their last row or column of pixels. Timestamps are kept, variable rates included.
/// - Audio: every audio stream, in sync; mono stays mono, six channels or more become 5.1, all others stereo; rates over
///   48 kHz become 48 kHz. Gaps are filled with silence. A file with audio alone becomes an MP4 with AAC alone.
/// - Subtitles, data, chapters and metadata are left out.
/// - Damage: packets that cannot be decoded are tolerated up to eight and one in twenty. An input that is cut off before
///   95 % of the duration its header gives, or without a single frame to decode, is `inputInvalid`.
public struct Transcode: Sendable, Equatable {
    /// The input's path.
    public var input: String
    /// The time and space to spend.
    public var quality: QualityTier
    /// The width of the output; `nil` follows from `height` or the input. Odd numbers are rounded down.
    ///
    /// With both width and height given, the picture is fitted inside with its proportions kept, and centred on black.
    public var width: Int?
    /// The height of the output; `nil` follows from `width` or the input. Odd numbers are rounded down.
    public var height: Int?
    /// libx264's constant rate factor, 0 to 51, in place of the tier's.
    public var rateFactor: Int?
    /// The largest input to accept.
    public var limits: MediaLimits
    /// Encoder threads. Default 0: as many as the machine's cores allow. Another number gives other bytes.
    public var threads: Int

    /// Describes the work.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - quality: The time and space to spend.
    ///   - width: The width of the output, or `nil`.
    ///   - height: The height of the output, or `nil`.
    ///   - rateFactor: A constant rate factor in place of the tier's.
    ///   - limits: The largest input to accept.
    ///   - threads: Encoder threads, 0 for as many as the machine's cores allow.
    public init(
        input: String, quality: QualityTier = .standard, width: Int? = nil, height: Int? = nil, rateFactor: Int? = nil,
        limits: MediaLimits = MediaLimits(), threads: Int = 0
    ) {
        self.input = input
        self.quality = quality
        self.width = width
        self.height = height
        self.rateFactor = rateFactor
        self.limits = limits
        self.threads = threads
    }

    /// Decodes, encodes and writes. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output, never the input's path. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame (audio alone: at every block); what it throws stops the work.
    /// - Throws: `MediaError` of any code, or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        try checkParameters()
        let demuxer = try Demuxer(path: input, limits: limits)
        let (videoStream, audioStreams) = (demuxer.mainVideo, demuxer.audioStreams)
        guard videoStream != nil || !audioStreams.isEmpty else {
            throw MediaError(.unsupported, "\(demuxer.name) has neither moving pictures nor sound.")
        }
        try refuseOverwriting(demuxer, path)
        let muxer = try Muxer(path: path)
        let video = try videoStream.map { try VideoPipeline($0, of: demuxer, settings: self, into: muxer) }
        let sound = AudioTarget(quality: quality)
        let audio = try audioStreams.map { try AudioPipeline($0, of: demuxer, target: sound, into: muxer) }
        try muxer.start()
        var counter = ProgressCounter(total: video?.expectedFrames ?? audio.first?.expectedBlocks, report: progress)
        try counter.start()
        let packet = try Packet()
        var packets = 0
        while try demuxer.read(into: packet) {
            packets += 1
            // Streams that are not used, and audio between pictures, give no frame to report.
            if packets % 64 == 0 { try counter.beat() }
            let index = packet.pointer.pointee.stream_index
            if let video, video.index == index {
                try video.decode(packet) { try counter.advance() }
            } else if let track = audio.first(where: { $0.index == index }) {
                let isCounted = video == nil && track === audio.first
                try track.decode(packet) { if isCounted { try counter.advance() } }
            }
        }
        try demuxer.checkComplete()
        try video?.finish(each: { try counter.advance() }, beat: { try counter.beat() })
        for (number, track) in audio.enumerated() {
            try track.finish { if video == nil && number == 0 { try counter.advance() } }
        }
        guard counter.framesDone > 0 else {
            throw MediaError(
                .inputInvalid, "\(demuxer.name) has nothing in it that can be decoded.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
        try counter.finishing()
        try muxer.finish { try counter.done() }
    }

    private func checkParameters() throws {
        for (name, side) in [("width", width), ("height", height)] {
            if let side, !(16...8192).contains(side) {
                throw MediaError(.parametersInvalid, "A \(name) of \(side) is not possible; it has 16 to 8192 pixels.")
            }
        }
        if let rateFactor, !(0...51).contains(rateFactor) {
            throw MediaError(.parametersInvalid, "A rate factor of \(rateFactor) is not possible; it is 0 to 51.")
        }
    }

    private func refuseOverwriting(_ demuxer: Demuxer, _ path: String) throws {
        if demuxer.source.isFile(at: path) {
            throw MediaError(.parametersInvalid, "The output would replace the input \(demuxer.name).")
        }
    }
}
