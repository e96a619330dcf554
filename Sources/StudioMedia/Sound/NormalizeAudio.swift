import CMedia

/// Brings every soundtrack of a file to a loudness by EBU R 128; pictures are copied as they are.
///
/// Two passes: the soundtracks are measured, then written. Where the measured range and true peak allow it, one gain is
/// applied to the whole track and its dynamics stay as they are; otherwise libavfilter's `loudnorm` brings the dynamics in and
/// limits the peaks. The result is measured in its turn; where it misses by over half a LU, or the codec adds to the peaks, it is
/// made again with what was learned, twice at most. A soundtrack without anything to hear stays as it is.
public struct NormalizeAudio: Sendable, Equatable {
    /// What a soundtrack is brought to.
    public struct Target: Sendable, Hashable, Codable {
        /// Integrated loudness in LUFS, −70 to −5. Default −23, EBU R 128's for broadcasts.
        public var integrated: Double
        /// The highest true peak in dBTP, −9 to 0. Default −1, EBU R 128's for production.
        public var truePeak: Double
        /// The widest loudness range in LU, 1 to 50. Default 20; a narrower soundtrack is not widened.
        public var range: Double

        /// A target; what is left out has EBU R 128's value.
        /// - Parameters:
        ///   - integrated: Integrated loudness in LUFS.
        ///   - truePeak: The highest true peak in dBTP.
        ///   - range: The widest loudness range in LU.
        public init(integrated: Double = -23, truePeak: Double = -1, range: Double = 20) {
            self.integrated = integrated
            self.truePeak = truePeak
            self.range = range
        }
    }

    /// How a soundtrack was brought there.
    public enum Method: String, Sendable, Hashable, Codable {
        /// One gain for the whole track.
        case gain
        /// Its dynamics were changed.
        case dynamic
        /// It was left as it is: there is nothing to hear.
        case none
    }

    /// What became of a soundtrack.
    public struct Track: Sendable, Hashable, Codable {
        /// The input, as measured.
        public var before: Loudness
        /// The output, as measured.
        public var after: Loudness
        /// How it was done.
        public var method: Method
    }

    /// How far off the target the result may be before it is made again, in LU: EBU R 128's tolerance.
    static let tolerance = 0.5
    /// How often the output is made at most.
    static let attempts = 3

    /// The input's path.
    public var input: String
    /// What the soundtracks are brought to.
    public var target: Target
    /// The kind of file that is written; it must have a place for the input's pictures.
    public var container: ContainerKind
    /// How the sound is encoded.
    public var audio: AudioTarget
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - target: What the soundtracks are brought to.
    ///   - container: The kind of file that is written.
    ///   - audio: How the sound is encoded; `nil` is what is usual for the container.
    ///   - limits: The largest input to accept.
    public init(
        input: String, target: Target = Target(), container: ContainerKind = .mp4, audio: AudioTarget? = nil,
        limits: MediaLimits = MediaLimits()
    ) {
        self.input = input
        self.target = target
        self.container = container
        self.audio = audio ?? AudioTarget(codec: container.usualAudio)
        self.limits = limits
    }

    /// Measures, writes and measures again. Blocks for as long as it takes to decode three times and encode once.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every block; what it throws stops the work.
    /// - Returns: What became of each soundtrack, in the file's order.
    /// - Throws: `MediaError` (`unsupported` without sound, or where none can be heard, and any other code), or what
    ///   `progress` threw.
    @discardableResult
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws -> [Track] {
        try checkParameters()
        let opened = try Demuxer(path: input, limits: limits)
        guard !opened.audioStreams.isEmpty else {
            throw MediaError(.unsupported, "\(opened.name) has no sound in it.")
        }
        try opened.refuseOverwriting(path)
        let blocks = opened.duration.map { Int($0 * 48_000 / 1_000_000 / 4800) + 1 }
        var counter = ProgressCounter(total: blocks.map { 3 * $0 }, report: progress)
        try counter.start()
        let before = try Loudness.measure(path: input, limits: limits) { try counter.advance() }
        guard before.contains(where: \.isAudible) else {
            throw MediaError(.unsupported, "\(opened.name) is silent: there is nothing that could be made louder.")
        }
        var treatments = before.map { SoundTreatment(of: $0, to: target) }
        var after: [Loudness] = []
        for attempt in 1...Self.attempts {
            let pass = NormalizingPass(work: self, treatments: treatments)
            var isGood = false
            try pass.write(to: path, counting: &counter) { counter in
                after = try Loudness.measure(path: path, limits: limits) { try counter.advance() }
                for (number, loudness) in after.enumerated() where number < treatments.count {
                    treatments[number].learn(from: loudness)
                }
                isGood = attempt == Self.attempts || !treatments.contains { $0.isToBeRepeated }
                if isGood {
                    try counter.finishing()
                    try counter.done()
                }
            }
            if isGood { break }
        }
        return zip(zip(before, after), treatments).map { Track(before: $0.0, after: $0.1, method: $1.method) }
    }

    private func checkParameters() throws {
        for (name, value, range) in [
            ("loudness", target.integrated, -70.0...(-5)), ("true peak", target.truePeak, -9...0),
            ("loudness range", target.range, 1...50),
        ] where !range.contains(value) {
            throw MediaError(
                .parametersInvalid,
                "A \(name) of \(value) is not possible; it is \(range.lowerBound) to \(range.upperBound).")
        }
        _ = try MediaTarget(container: container, video: nil, audio: audio)
    }
}
