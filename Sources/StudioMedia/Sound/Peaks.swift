/// The lowest and the highest sample of a stretch of sound.
struct Peak: Equatable {
    var lowest: Int16 = .max
    var highest: Int16 = .min

    /// Whether there was a sample.
    var isEmpty: Bool { lowest > highest }

    /// Takes every `stride`-th of some samples: those of one channel.
    mutating func add(_ samples: UnsafePointer<Int16>, count: Int, stride: Int) {
        // In locals, and one channel by itself in a loop of its own: so the compiler makes it several samples a step.
        var (low, high) = (lowest, highest)
        if stride == 1 {
            for index in 0..<count {
                low = min(low, samples[index])
                high = max(high, samples[index])
            }
        } else {
            for index in 0..<count {
                low = min(low, samples[index &* stride])
                high = max(high, samples[index &* stride])
            }
        }
        (lowest, highest) = (low, high)
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
    /// The closed stretches, with the peaks of all channels of one beside each other.
    private var peaks: [Peak] = []
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
        peaks.reserveCapacity(capacity * channels)
    }

    /// Takes samples, those of all channels one after the other.
    mutating func add(_ samples: UnsafePointer<Int16>, count: Int) {
        var done = 0
        while done < count {
            let part = min(count - done, length - filled)
            for channel in 0..<channels {
                open[channel].add(samples + done * channels + channel, count: part, stride: channels)
            }
            done += part
            filled += part
            if filled == length { close() }
        }
    }

    /// The peaks in `count` equal parts of the whole.
    func columns(_ count: Int) -> [[Peak]] {
        let all = filled > 0 ? peaks + open : peaks
        let stretches = all.count / channels
        // The last stretch may be short: parts are of time, not of stretches.
        let total = Double(peaks.count / channels) + Double(filled) / Double(length)
        return (0..<count).map { column in
            let first = min(stretches - 1, Int(Double(column) * total / Double(count)))
            let end = min(stretches, max(first + 1, Int((Double(column + 1) * total / Double(count)).rounded(.up))))
            guard first >= 0 else { return Array(repeating: Peak(), count: channels) }
            return (0..<channels).map { channel in
                (first..<end).reduce(into: Peak()) { $0.add(all[$1 * channels + channel]) }
            }
        }
    }

    private mutating func close() {
        peaks += open
        for channel in 0..<channels { open[channel] = Peak() }
        filled = 0
        guard peaks.count == capacity * channels else { return }
        for index in 0..<capacity / 2 {
            for channel in 0..<channels {
                var joined = peaks[2 * index * channels + channel]
                joined.add(peaks[(2 * index + 1) * channels + channel])
                peaks[index * channels + channel] = joined
            }
        }
        peaks.removeLast((capacity - capacity / 2) * channels)
        length *= 2
    }
}
