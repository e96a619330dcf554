import CMedia

/// Samples on their way into a track: takes any number of them, hands on blocks of the track's size without a gap.
final class SampleQueue {
    private let track: AudioTrack
    private let samples: OpaquePointer
    private let format: AVSampleFormat
    private let block: Frame
    /// The samples taken so far, in the track's rate.
    private(set) var taken: Int64 = 0
    private var written: Int64 = 0

    init(into track: AudioTrack) throws {
        self.track = track
        format = track.sampleFormat
        guard let made = av_audio_fifo_alloc(format, track.channels, track.blockSize * 2) else {
            throw MediaError(.limitExceeded, "There is no memory for samples.")
        }
        samples = made
        block = try Frame()
    }

    deinit { av_audio_fifo_free(samples) }

    /// Samples a second.
    var sampleRate: Int32 { track.sampleRate }

    /// The filters that make of sound at ``sampleRate`` what the queue takes: from the film's start, with silence where the
    /// sound begins late, and without its first samples.
    func filters(skipping samples: Int64) -> [String] {
        ["aresample=\(sampleRate):async=1:first_pts=0", "atrim=start_sample=\(samples)", track.conversion]
    }

    /// When a frame begins, in samples.
    func time(ofFrame frame: Int, at rate: FrameRate) -> Int64 { rate.time(ofFrame: frame, in: track.timeBase) }

    /// Takes samples in the track's own format.
    /// - Parameters:
    ///   - frame: The samples.
    ///   - count: How many of them, from the first.
    /// - Throws: `MediaError` with `limitExceeded` or `outputFailed`.
    func take(_ frame: Frame, _ count: Int32) throws {
        guard count > 0 else { return }
        let status = withUnsafeMutablePointer(to: &frame.pointer.pointee.extended_data.pointee) { planes in
            planes.withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: 8) {
                av_audio_fifo_write(samples, $0, count)
            }
        }
        guard status >= 0 else { throw MediaError.libav(status, .limitExceeded, "There is no memory for samples.") }
        taken += Int64(count)
        while av_audio_fifo_size(samples) >= track.blockSize { try write(track.blockSize) }
    }

    /// Takes silence up to a number of samples from the beginning.
    func fill(to total: Int64) throws {
        let silence = try Frame()
        while taken < total {
            let count = Int32(min(Int64(track.blockSize), total - taken))
            try prepare(silence, count)
            av_samples_set_silence(
                silence.pointer.pointee.extended_data, 0, count, track.channels, format)
            try take(silence, count)
        }
    }

    /// Hands on what is left, and ends the track.
    func finish() throws {
        let rest = av_audio_fifo_size(samples)
        if rest > 0 { try write(rest) }
        try track.finish()
    }

    private func write(_ count: Int32) throws {
        try prepare(block, count)
        let status = withUnsafeMutablePointer(to: &block.pointer.pointee.extended_data.pointee) { planes in
            planes.withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: 8) {
                av_audio_fifo_read(samples, $0, count)
            }
        }
        guard status == count else { throw MediaError.libav(status, .outputFailed, "Samples are missing.") }
        block.pointer.pointee.pts = written
        written += Int64(count)
        try track.write(block)
    }

    private func prepare(_ frame: Frame, _ count: Int32) throws {
        frame.unreference()
        frame.pointer.pointee.format = format.rawValue
        frame.pointer.pointee.nb_samples = count
        frame.pointer.pointee.sample_rate = track.sampleRate
        var status = track.copyLayout(to: frame)
        if status >= 0 { status = av_frame_get_buffer(frame.pointer, 0) }
        guard status >= 0 else { throw MediaError.libav(status, .limitExceeded, "There is no memory for samples.") }
    }
}
