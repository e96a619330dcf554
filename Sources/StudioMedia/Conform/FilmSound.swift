import CMedia
import StudioCore

/// The sound of a film, mixed block by block and encoded.
final class FilmSound {
    private let plan: ConformPlan
    private let files: [String]
    private let limits: MediaLimits
    private let mix: SoundMix
    private let track: AudioTrack
    private let filters: FilterStage<Int32>
    private let block: Frame
    /// Stretches whose first sample was reached and whose last was not.
    private var open: [SourceSound] = []
    /// The next stretch in the plan's order.
    private var next = 0
    /// The first sample that is not mixed yet, and the one that the file begins with.
    private var position: Int
    private let first: Int

    /// Adds the track; the muxer has not been started.
    /// - Parameters:
    ///   - plan: What is heard.
    ///   - files: The files of the plan's sources.
    ///   - target: How it is encoded.
    ///   - first: The film's sample that the file begins with.
    ///   - limits: The largest source to accept.
    ///   - muxer: The file.
    /// - Throws: `MediaError` with `parametersInvalid` where the codec cannot hold the plan's samples.
    init(
        _ plan: ConformPlan, files: [String], target: AudioTarget, from first: Int, limits: MediaLimits,
        into muxer: Muxer
    ) throws {
        (self.plan, self.files, self.limits, self.first) = (plan, files, limits, first)
        let source = AudioTrack.Source(sampleRate: plan.settings.sampleRate, channels: 2, layout: "stereo")
        track = try AudioTrack(target, of: source, into: muxer)
        guard Int(track.sampleRate) == plan.settings.sampleRate else {
            throw MediaError(
                .parametersInvalid,
                "The film is planned with \(plan.settings.sampleRate) samples a second and would be encoded with "
                    + "\(track.sampleRate).")
        }
        let layout = target.layout(for: source)
        let channels = ["mono": 1, "5.1": 6][layout] ?? 2
        mix = SoundMix(sampleRate: plan.settings.sampleRate, layout: layout, channels: channels)
        filters = try FilterStage()
        block = try Frame()
        position = first
    }

    /// Mixes and encodes up to a sample of the film.
    /// - Parameter end: The first sample that is left for later.
    /// - Throws: `MediaError`.
    func write(upTo end: Int) throws {
        // Blocks of a bounded size, whatever a frame of the film lasts.
        while position < end {
            let range = position..<min(end, position + 8192)
            try push(try mixed(range), at: range.lowerBound - first)
            position = range.upperBound
        }
    }

    /// Encodes all that is still under way.
    /// - Throws: `MediaError`.
    func finish() throws {
        try filters.finish { try encode($0, $1) }
        try track.finish()
    }

    private func mixed(_ range: Range<Int>) throws -> [[Float]] {
        while next < plan.sounds.count, plan.sounds[next].samples.lowerBound < range.upperBound {
            let sound = plan.sounds[next]
            next += 1
            guard sound.samples.upperBound > range.lowerBound else { continue }
            open.append(try SourceSound(sound, path: files[sound.source], mix: mix, limits: limits))
        }
        var planes = Array(repeating: [Float](repeating: 0, count: range.count), count: mix.channels)
        for sound in open { try sound.add(range, to: &planes) }
        open.removeAll { $0.sound.samples.upperBound <= range.upperBound }
        return planes
    }

    private func push(_ planes: [[Float]], at time: Int) throws {
        block.unreference()
        let count = planes[0].count
        block.pointer.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
        block.pointer.pointee.nb_samples = Int32(count)
        block.pointer.pointee.sample_rate = Int32(mix.sampleRate)
        av_channel_layout_from_string(&block.pointer.pointee.ch_layout, mix.layout)
        let status = av_frame_get_buffer(block.pointer, 0)
        guard status >= 0, let data = block.pointer.pointee.extended_data else {
            throw MediaError.libav(status, .limitExceeded, "There is no memory for a block of samples.")
        }
        for (index, plane) in planes.enumerated() {
            plane.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress, let target = data[index] {
                    UnsafeMutableRawPointer(target).copyMemory(from: base, byteCount: bytes.count)
                }
            }
        }
        block.pointer.pointee.pts = Int64(time)
        try filters.push(block, shaped: Int32(mix.sampleRate)) {
            try FilterGraph(
                samples: block, timeBase: AVRational(num: 1, den: Int32(mix.sampleRate)), chain: track.conversion,
                blockSize: track.blockSize)
        } each: {
            try encode($0, $1)
        }
    }

    private func encode(_ made: Frame, _ timeBase: AVRational) throws {
        made.pointer.pointee.pts = av_rescale_q(made.pointer.pointee.pts, timeBase, track.timeBase)
        try track.write(made)
    }
}
