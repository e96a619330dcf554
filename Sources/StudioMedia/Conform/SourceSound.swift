import CMedia
import StudioCore

/// The samples of one stretch of a film's sound: decoded, resampled, and added where they belong.
///
/// The file is opened when its first sample is due. Every decoded block is put by its own timestamp, so that a long stretch
/// does not drift; what the file does not have is silence.
final class SourceSound {
    private struct Shape: Equatable {
        let rate: Int32
        let format: Int32
        let channels: Int32
    }

    let sound: ConformPlan.Sound
    private let path: String
    private let mix: SoundMix
    private let limits: MediaLimits
    private let filters: FilterStage<Shape>
    private var reading: SourceReading?
    private var hasEnded = false
    /// Whether the first block after a seek begins after what is wanted.
    private var isPastStart = false
    /// Decoded samples of every channel, from the film's sample ``start`` on: bounded by a block and what one packet gives.
    private var samples: [[Float]] = []
    private var start = 0
    /// Where the last decoded block ends, in its own samples: for blocks without a timestamp.
    private var expected: Int64 = 0

    init(_ sound: ConformPlan.Sound, path: String, mix: SoundMix, limits: MediaLimits) throws {
        (self.sound, self.path, self.mix, self.limits) = (sound, path, mix, limits)
        filters = try FilterStage()
    }

    /// Adds what is heard of this stretch.
    /// - Parameters:
    ///   - range: The film's samples; they follow those of the call before.
    ///   - planes: The samples of every channel of the film, the first one at `range`'s first.
    /// - Throws: `MediaError` where the file cannot be read.
    func add(_ range: Range<Int>, to planes: inout [[Float]]) throws {
        let heard = range.clamped(to: sound.samples)
        guard !heard.isEmpty else { return }
        if reading == nil { try open(at: heard.lowerBound) }
        while !hasEnded, start + (samples.first?.count ?? 0) < heard.upperBound { try decode() }
        for number in planes.indices {
            guard let source = channel(number) else { continue }
            for sample in heard.clamped(to: start..<(start + source.count)) {
                planes[number][sample - range.lowerBound] += source[sample - start] * sound.gain(at: sample)
            }
        }
        let used = min(samples.first?.count ?? 0, max(0, heard.upperBound - start))
        for index in samples.indices { samples[index].removeFirst(used) }
        start += used
    }

    /// The source's samples that are heard in a channel of the film; nil for none.
    private func channel(_ number: Int) -> [Float]? {
        guard let wanted = sound.channel else { return number < samples.count ? samples[number] : nil }
        return wanted == number + 1 && number < samples.count ? samples[number] : nil
    }

    private func open(at sample: Int) throws {
        let reading = try SourceReading(path: path, .audio, limits: limits)
        self.reading = reading
        samples = []
        start = sample
        let lead = ExactSeconds(Int128(sample - sound.samples.lowerBound), Int128(mix.sampleRate))
        // Codecs that look back need some blocks before the first one that is right.
        if let moment = sound.moment.adding(lead)?.adding(ExactSeconds(-1, 4)) { reading.seek(to: moment) }
    }

    private func decode() throws {
        let more = try reading?.decode { try resample($0) } ?? false
        if isPastStart {
            // The file's index led past the moment: its beginning cannot be missed.
            isPastStart = false
            try filters.finish { _, _ in }
            reading = try SourceReading(path: path, .audio, limits: limits)
            return
        }
        if !more {
            try filters.finish { try keep($0, $1) }
            hasEnded = true
        }
    }

    private func resample(_ decoded: Frame) throws {
        guard let reading else { return }
        let block = decoded.pointer
        let frame = block.pointee
        guard frame.sample_rate > 0, frame.nb_samples > 0 else { return }
        if frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
            // The file tells how many channels and not which: the usual ones for that number.
            av_channel_layout_default(&block.pointee.ch_layout, frame.ch_layout.nb_channels)
        }
        let unit = AVRational(num: 1, den: frame.sample_rate)
        if frame.best_effort_timestamp != cmedia_no_timestamp() {
            let shift = av_rescale_q(reading.origin, cmedia_microsecond(), unit)
            let time = av_rescale_q(frame.best_effort_timestamp, reading.stream.pointee.time_base, unit) &- shift
            // Timestamps of centuries are damage, as of pictures: such samples follow those before.
            if abs(time / 2) <= 1 << 52 { expected = time }
        }
        block.pointee.pts = expected
        expected &+= Int64(frame.nb_samples)
        let shape = Shape(rate: frame.sample_rate, format: frame.format, channels: frame.ch_layout.nb_channels)
        try filters.push(decoded, shaped: shape) {
            // Gaps of over 100 ms are filled with silence, overlaps are cut; nothing is stretched.
            let layout = sound.channel == nil ? ":channel_layouts=\(mix.layout)" : ""
            let chain =
                "aresample=\(mix.sampleRate):async=1:min_hard_comp=0.1,"
                + "aformat=sample_fmts=fltp:sample_rates=\(mix.sampleRate)\(layout)"
            return try FilterGraph(samples: decoded, timeBase: unit, chain: chain, blockSize: 0)
        } each: {
            try keep($0, $1)
        }
    }

    /// Puts a block where its timestamp says.
    private func keep(_ frame: Frame, _ base: AVRational) throws {
        let block = frame.pointer.pointee
        let count = Int(block.nb_samples)
        let time = av_rescale_q(block.pts, base, AVRational(num: 1, den: Int32(mix.sampleRate)))
        guard let rate = EditRate(mix.sampleRate), let data = block.extended_data, count > 0 else { return }
        // What a filter made of a damaged time may be any.
        let place = Int(min(max(time, -1 << 60), 1 << 60))
        let first = place - sound.moment.framesRounded(at: rate) + sound.samples.lowerBound
        if samples.isEmpty { samples = Array(repeating: [], count: Int(block.ch_layout.nb_channels)) }
        guard samples.count == Int(block.ch_layout.nb_channels) else {
            throw MediaError(.unsupported, "\(fileName(path)) changes its number of channels on the way.")
        }
        if samples[0].isEmpty, first > start, reading?.isSought == true {
            isPastStart = true
            return
        }
        // Before what is wanted: the part of a seek that leads up to it. After it: silence, as far as the film hears it.
        let end = start + samples[0].count
        let skipped = min(count, max(0, end - first))
        let gap = min(max(0, first - end), max(0, sound.samples.upperBound - end))
        guard skipped < count || gap > 0 else { return }
        for index in samples.indices {
            guard let plane = data[index] else { continue }
            if gap > 0 { samples[index] += repeatElement(0, count: gap) }
            plane.withMemoryRebound(to: Float.self, capacity: count) {
                samples[index] += UnsafeBufferPointer(start: $0 + skipped, count: count - skipped)
            }
        }
    }
}

/// What a film's sound is mixed in.
struct SoundMix: Sendable {
    /// Samples a second.
    let sampleRate: Int
    /// The channels in libav's words, such as `stereo`.
    let layout: String
    /// How many channels that is.
    let channels: Int
}
