import CMedia

/// Sound from a prompt: the development tier's audio model. The same parameters give the same samples on every machine.
///
/// Peaks lie at −12 dBFS. Every channel has the same pitch; in `tones` the channels are a little apart in loudness.
public struct MockAudio: Sendable, Equatable {
    /// What is heard.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// A melody of four notes a second, its scale and notes drawn from prompt and seed.
        case tones
        /// A beep of 1 kHz for a tenth of each second, from its very first sample, and silence between: for measuring.
        case beeps
    }

    /// The words.
    public var prompt: String
    /// Tells takes of one prompt apart.
    public var seed: UInt64
    /// The length in seconds, 0.01 to 3600.
    public var seconds: Double
    /// Samples a second, 8000 to 192,000.
    public var sampleRate: Int
    /// The channels, 1 to 8.
    public var channels: Int
    /// What is heard.
    public var kind: Kind
    /// The kind of file: WAV (16 bits) or FLAC.
    public var container: ContainerKind

    /// Describes sound.
    /// - Parameters:
    ///   - prompt: The words.
    ///   - seed: Tells takes of one prompt apart.
    ///   - seconds: The length in seconds.
    ///   - sampleRate: Samples a second.
    ///   - channels: The channels.
    ///   - kind: What is heard.
    ///   - container: WAV or FLAC.
    public init(
        prompt: String, seed: UInt64, seconds: Double = 2, sampleRate: Int = 48_000, channels: Int = 2,
        kind: Kind = .tones, container: ContainerKind = .wav
    ) {
        self.prompt = prompt
        self.seed = seed
        self.seconds = seconds
        self.sampleRate = sampleRate
        self.channels = channels
        self.kind = kind
        self.container = container
    }

    /// Makes and writes the sound. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every block; what it throws stops the work.
    /// - Throws: `MediaError` (`parametersInvalid`, `outputFailed`, `storageFull`, `limitExceeded`) or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        try checkParameters()
        let total = max(1, Int((seconds * Double(sampleRate)).rounded()))
        let muxer = try Muxer(path: path, container: container)
        let target = AudioTarget(codec: container == .flac ? .flac : .pcm16)
        let track = try AudioTrack(
            target, of: AudioTrack.Source(sampleRate: sampleRate, channels: channels, isDeep: false), into: muxer)
        try muxer.start()
        let size = Int(track.blockSize)
        var counter = ProgressCounter(total: (total + size - 1) / size, report: progress)
        try counter.start()
        var sound = MockSound(self)
        for start in stride(from: 0, to: total, by: size) {
            let block = try Frame(samples: min(size, total - start), channels: channels, rate: sampleRate)
            guard let data = block.pointer.pointee.data.0 else {
                throw MediaError(.limitExceeded, "There is no memory for sound.")
            }
            let count = Int(block.pointer.pointee.nb_samples)
            data.withMemoryRebound(to: Int16.self, capacity: count * channels) { sound.fill($0, count) }
            block.pointer.pointee.pts = Int64(start)
            try track.write(block)
            try counter.advance()
        }
        try track.finish()
        try counter.finishing()
        try muxer.finish { try counter.done() }
    }

    private func checkParameters() throws {
        guard [.wav, .flac].contains(container) else {
            throw MediaError(.parametersInvalid, "Mock sound is written as WAV or FLAC, not as \(container.title).")
        }
        guard seconds.isFinite, (0.01...3600).contains(seconds) else {
            throw MediaError(.parametersInvalid, "Sound of \(seconds) s is not possible; it lasts 0.01 to 3600 s.")
        }
        guard (8000...192_000).contains(sampleRate), (1...8).contains(channels) else {
            throw MediaError(
                .parametersInvalid,
                "Sound of \(channels) channels at \(sampleRate) Hz is not possible; it has 1 to 8 at 8000 to 192000 Hz."
            )
        }
    }
}

extension Frame {
    /// A block of 16-bit samples, the channels' side by side in their usual order.
    fileprivate convenience init(samples: Int, channels: Int, rate: Int) throws {
        try self.init()
        pointer.pointee.nb_samples = Int32(samples)
        pointer.pointee.sample_rate = Int32(rate)
        pointer.pointee.format = AV_SAMPLE_FMT_S16.rawValue
        let target = AudioTarget(codec: .pcm16)
        let layout = target.layout(for: AudioTrack.Source(sampleRate: rate, channels: channels, isDeep: false))
        var status = av_channel_layout_from_string(&pointer.pointee.ch_layout, layout)
        if status >= 0 { status = av_frame_get_buffer(pointer, 0) }
        guard status >= 0 else { throw MediaError.libav(status, .limitExceeded, "There is no memory for sound.") }
    }
}
