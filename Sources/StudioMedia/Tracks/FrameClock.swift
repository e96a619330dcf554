import CMedia

/// Gives decoded pictures their timestamps in the output.
///
/// Where the input has a constant rate, timestamps that lie within one tick of its grid are put on the grid: Matroska's
/// milliseconds become exact frame times again. All others are kept as they are: variable rates stay variable.
struct FrameClock {
    /// When a picture is seen.
    struct Stamp {
        /// From when on, in the clock's unit.
        var time: Int64
        /// For how long, in the same unit.
        var duration: Int64
        /// By how much the file may have rounded the time, in halves of the unit: 0 where it lies on a steady rate's grid.
        var slack: Int64
    }

    /// The unit of what `stamp` returns.
    let timeBase: AVRational
    /// The nominal rate.
    let frameRate: AVRational
    private let sourceBase: AVRational
    private let start: Int64
    private let rate: FrameRate?
    private let frameTicks: Int64
    private let slack: Int64
    private var last: Int64?

    /// - Parameters:
    ///   - stream: The input's stream.
    ///   - start: The input's earliest timestamp, in microseconds.
    init(_ stream: UnsafeMutablePointer<AVStream>, start: Int64) {
        sourceBase = stream.pointee.time_base
        self.start = av_rescale_q(start, cmedia_microsecond(), sourceBase)
        let average = FrameRate(stream.pointee.avg_frame_rate)
        let steady = FrameRate(stream.pointee.r_frame_rate)
        if let steady, let average, abs(steady.framesPerSecond / average.framesPerSecond - 1) < 0.01 {
            rate = steady
            (timeBase, frameTicks) = steady.fineTimeBase
            frameRate = steady.rational
        } else {
            rate = nil
            let isFine = sourceBase.num != 1 || sourceBase.den > 1_000_000 || sourceBase.den < 1000
            timeBase = isFine ? AVRational(num: 1, den: 90_000) : sourceBase
            let nominal = average ?? steady ?? FrameRate(valid: 25, 1)
            frameRate = nominal.rational
            frameTicks = max(1, av_rescale_q(1, nominal.frameDuration, timeBase))
        }
        // Clocks that are coarser count frames and round nothing.
        let isClock = sourceBase.den / 500 >= sourceBase.num
        slack = isClock ? max(1, av_rescale_q_rnd(1, sourceBase, timeBase, AV_ROUND_UP)) : 0
    }

    /// The timestamp and duration for a frame; `nil` for one that is not after the last one, which is left out.
    mutating func stamp(_ frame: UnsafeMutablePointer<AVFrame>) -> Stamp? {
        let source = frame.pointee.best_effort_timestamp
        let time: Int64
        // Timestamps of centuries are damage, and would overflow below: such a frame follows the one before.
        if source == cmedia_no_timestamp() || isBeyondMeasure(source) || isBeyondMeasure(source &- start) {
            time = last.map { $0 &+ frameTicks } ?? 0
        } else {
            time = place(source &- start)
        }
        if let last, time <= last { return nil }
        last = time
        let duration = min(av_rescale_q(frame.pointee.pkt_duration, sourceBase, timeBase), Self.longest)
        let isExact = rate != nil && time % frameTicks == 0
        return Stamp(
            time: time, duration: rate == nil && duration > 0 ? duration : frameTicks, slack: isExact ? 0 : slack)
    }

    /// The longest time that is believed, in the clock's unit.
    private static let longest: Int64 = 1 << 53

    private func isBeyondMeasure(_ source: Int64) -> Bool {
        abs(av_rescale_q(source, sourceBase, timeBase) / 2) > Self.longest / 2
    }

    private func place(_ source: Int64) -> Int64 {
        let exact = av_rescale_q(source, sourceBase, timeBase)
        guard rate != nil else { return exact }
        let frame = (exact + (exact >= 0 ? frameTicks / 2 : -frameTicks / 2)) / frameTicks
        let onGrid = frame * frameTicks
        let tick = max(1, av_rescale_q_rnd(1, sourceBase, timeBase, AV_ROUND_UP))
        // Two frames within a tick of one place on the grid are two frames: the second keeps its own time.
        return abs(onGrid - exact) <= tick && onGrid > last ?? .min ? onGrid : exact
    }
}

extension FrameRate {
    /// When a frame begins, in a unit of time.
    func time(ofFrame frame: Int, in unit: AVRational) -> Int64 { av_rescale_q(Int64(frame), frameDuration, unit) }

    /// A unit of time of at most a tenth of a millisecond that has whole numbers for every frame, and a frame's duration
    /// in it.
    var fineTimeBase: (unit: AVRational, frame: Int64) {
        var scale = 1
        while numerator * scale < 10_000 { scale *= 2 }
        return (AVRational(num: 1, den: Int32(numerator * scale)), Int64(denominator * scale))
    }
}
