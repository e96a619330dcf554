/// The lowest and the highest sample of a stretch of sound.
struct Peak: Equatable {
    var lowest: Int16 = .max
    var highest: Int16 = .min

    /// Whether there was a sample.
    var isEmpty: Bool { lowest > highest }

    mutating func add(_ sample: Int16) {
        lowest = min(lowest, sample)
        highest = max(highest, sample)
    }

    mutating func add(_ other: Peak) {
        lowest = min(lowest, other.lowest)
        highest = max(highest, other.highest)
    }
}

/// Peaks of sound of any length in a bounded number of stretches, all of one length but the last.
///
/// Stretches begin short. When there are too many, neighbours are joined and all that follow are twice as long, so that an hour
/// takes no more memory than a second.
struct BoundedPeaks {
    private(set) var peaks: [[Peak]] = []
    private let capacity: Int
    /// The samples of a stretch.
    private var length = 1
    private var filled = 0
    private var open: [Peak]
    private let channels: Int

    /// - Parameters:
    ///   - channels: The channels.
    ///   - count: The stretches that are wanted at least, of sound that has as many samples.
    init(channels: Int, atLeast count: Int) {
        self.channels = channels
        capacity = 2 * count
        open = Array(repeating: Peak(), count: channels)
    }

    /// Takes one sample of every channel.
    mutating func add(_ samples: UnsafePointer<Int16>) {
        for channel in 0..<channels { open[channel].add(samples[channel]) }
        filled += 1
        if filled == length { close() }
    }

    /// The peaks in `count` equal parts of the whole.
    func columns(_ count: Int) -> [[Peak]] {
        let all = filled > 0 ? peaks + [open] : peaks
        // The last stretch may be short: parts are of time, not of stretches.
        let total = Double(peaks.count) + Double(filled) / Double(length)
        return (0..<count).map { column in
            let first = min(all.count - 1, Int(Double(column) * total / Double(count)))
            let end = min(all.count, max(first + 1, Int((Double(column + 1) * total / Double(count)).rounded(.up))))
            guard first >= 0 else { return Array(repeating: Peak(), count: channels) }
            var joined = all[first]
            for stretch in all[first..<end].dropFirst() {
                for channel in 0..<channels { joined[channel].add(stretch[channel]) }
            }
            return joined
        }
    }

    private mutating func close() {
        peaks.append(open)
        open = Array(repeating: Peak(), count: channels)
        filled = 0
        guard peaks.count == capacity else { return }
        for index in 0..<capacity / 2 {
            peaks[index] = peaks[2 * index]
            for channel in 0..<channels { peaks[index][channel].add(peaks[2 * index + 1][channel]) }
        }
        peaks.removeLast(capacity - capacity / 2)
        length *= 2
    }
}
