import CMedia
public import StudioCore

/// The shape of a soundtrack: a picture (PNG, RGBA), and peaks in the format of audiowaveform and peaks.js (JSON, version 2).
///
/// The first soundtrack of the file is decoded once, and memory does not grow with its length. libavfilter's `showwavespic`
/// keeps all samples until the end, so that it is not used here.
public struct Waveform: Sendable {
    /// What becomes of several channels.
    public enum Channels: String, Sendable, Hashable, Codable, CaseIterable {
        /// They are mixed into one.
        case mixed
        /// Each has its own band in the picture and its own values in the peaks.
        case separate
    }

    /// The input's path.
    public var input: String
    /// The picture's width in pixels, 16 to 16,384.
    public var width = 1800
    /// The picture's height in pixels, 16 to 4096.
    public var height = 280
    /// The colour of the sound.
    public var foreground: PictureColour
    /// The colour behind it.
    public var background: PictureColour
    /// What becomes of several channels.
    public var channels = Channels.mixed
    /// The samples that a pair of peaks stands for, 32 to 65,536.
    public var samplesPerPixel = 256
    /// The bits of a peak, 8 or 16.
    public var bits = 8
    /// How hard to compress the picture, which is the same at every tier.
    public var quality = QualityTier.standard
    /// The largest input to accept.
    public var limits = MediaLimits()

    /// Describes a waveform; all else has its default.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - foreground: The colour of the sound; default a blue.
    ///   - background: The colour behind it; default transparent.
    /// - Throws: `MediaError` with `parametersInvalid` for what is no colour.
    public init(input: String, foreground: String = "#2f6fde", background: String = "#00000000") throws {
        self.input = input
        self.foreground = try PictureColour(parsing: foreground)
        self.background = try PictureColour(parsing: background)
    }

    /// What was found on the way.
    public struct Outcome: Sendable, Hashable, Codable {
        /// Samples a second, as in the input.
        public var sampleRate: Int
        /// The channels that are shown.
        public var channels: Int
        /// The samples of each channel.
        public var samples: Int
        /// The pairs of peaks of each channel.
        public var peaks: Int
        /// The highest absolute sample value, 0 to 1.
        public var highest: Double
    }

    /// Makes both files. Blocks for as long as the input takes to decode.
    /// - Parameters:
    ///   - picture: The PNG. A file there is replaced; on failure nothing is left.
    ///   - peaks: The JSON, likewise; `nil` for none.
    ///   - progress: Receives progress at every block of 1024 samples; what it throws stops the work.
    /// - Returns: What was found.
    /// - Throws: `MediaError` (`unsupported` for an input without sound, and any other code), or what `progress` threw.
    @discardableResult
    public func render(
        to picture: String, peaks: String? = nil, progress: @escaping MediaProgressReport = { _ in }
    ) throws -> Outcome {
        try checkParameters()
        let demuxer = try Demuxer(path: input, limits: limits)
        guard let stream = demuxer.audioStreams.first else {
            throw MediaError(.unsupported, "\(demuxer.name) has no sound in it.")
        }
        try demuxer.refuseOverwriting(picture)
        if let peaks { try demuxer.refuseOverwriting(peaks) }
        let source = try DecodedStream(stream, of: demuxer)
        let target = AudioTarget(codec: .pcm16, channels: channels == .mixed ? .mono : .keep)
        let shape = SoundShape(target, of: AudioTrack.Source(of: source.context))
        let sound = try DecodedSound(
            stream, of: demuxer, decodedBy: source, sampleRate: shape.sampleRate,
            filters: ["aformat=sample_fmts=s16:channel_layouts=\(shape.layout)"], blockSize: 1024)
        return try follow(sound, shaped: shape, of: demuxer, to: picture, peaks: peaks, progress: progress)
    }

    private func follow(
        _ sound: DecodedSound, shaped shape: SoundShape, of demuxer: Demuxer, to picture: String, peaks path: String?,
        progress: @escaping MediaProgressReport
    ) throws -> Outcome {
        let file = try path.map { path in
            try PeaksFile(
                path: path, sampleRate: shape.sampleRate, channels: shape.channels, samplesPerPixel: samplesPerPixel,
                bits: bits)
        }
        var whole = BoundedPeaks(channels: shape.channels, atLeast: width)
        var found = Outcome(
            sampleRate: Int(shape.sampleRate), channels: shape.channels, samples: 0, peaks: 0, highest: 0)
        let total = demuxer.duration.map { Int($0 * Int64(shape.sampleRate) / 1_000_000 / 1024) + 1 }
        var counter = ProgressCounter(total: total, report: progress)
        try counter.start()
        let take: DecodedSound.Output = { block, _ in
            let count = Int(block.pointer.pointee.nb_samples)
            guard let data = block.pointer.pointee.data.0 else { return }
            try data.withMemoryRebound(to: Int16.self, capacity: count * shape.channels) { samples in
                whole.add(samples, count: count)
                try file?.add(samples, count: count)
            }
            found.samples += count
            try counter.advance()
        }
        let packet = try Packet()
        while try demuxer.read(into: packet) {
            if packet.pointer.pointee.stream_index == sound.index { try sound.decode(packet, each: take) }
        }
        try demuxer.checkComplete()
        try sound.finish(each: take)
        guard found.samples > 0 else {
            throw MediaError(
                .inputInvalid, "\(demuxer.name) has no sound that can be decoded.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
        let columns = whole.columns(width)
        let loudest = columns.joined().map { max(abs(Int($0.lowest)), abs(Int($0.highest))) }.max() ?? 0
        found.highest = Double(loudest) / 32_768
        let drawing = WaveformPicture(
            width: width, height: height, foreground: foreground, background: background, quality: quality)
        let bytes = try drawing.png(of: columns, channels: shape.channels)
        try finish(file, bytes, to: picture, counting: &counter)
        found.peaks = file?.length ?? 0
        return found
    }

    /// Both files stay, or neither.
    private func finish(
        _ file: PeaksFile?, _ bytes: [UInt8], to picture: String, counting counter: inout ProgressCounter
    ) throws {
        guard let file else {
            try OutputFile.write(picture: bytes, to: picture, counting: &counter)
            return
        }
        try file.finish { try OutputFile.write(picture: bytes, to: picture, counting: &counter) }
    }

    private func checkParameters() throws {
        guard (16...16_384).contains(width), (16...4096).contains(height) else {
            throw MediaError(
                .parametersInvalid,
                "A waveform of \(width)×\(height) is not possible; it has 16 to 16384 by 16 to 4096 pixels.")
        }
        guard (32...65_536).contains(samplesPerPixel) else {
            throw MediaError(
                .parametersInvalid, "Peaks of \(samplesPerPixel) samples are not possible; they have 32 to 65536.")
        }
        guard bits == 8 || bits == 16 else {
            throw MediaError(.parametersInvalid, "Peaks of \(bits) bits are not possible; they have 8 or 16.")
        }
    }
}
