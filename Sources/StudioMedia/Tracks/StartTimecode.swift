import CMedia

/// The timecode of a film's first frame, as SMPTE ST 12-1 counts.
struct StartTimecode: Equatable, CustomStringConvertible {
    /// The hour, minute, second and frame.
    var hour: Int
    var minute: Int
    var second: Int
    var frame: Int
    /// Whether frame numbers are left out to keep pace with the clock, at 30000/1001 and 60000/1001 frames a second.
    var isDropFrame: Bool

    /// Reads `hh:mm:ss:ff`, with `;` or `.` before the frames for drop frame.
    init?(_ text: String) {
        var text = Substring(text)
        guard let mark = text.lastIndex(where: { ":;.".contains($0) }) else { return nil }
        isDropFrame = text[mark] != ":"
        text.replaceSubrange(mark...mark, with: ":")
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 4, let hour = parts[0], let minute = parts[1], let second = parts[2], let frame = parts[3],
            (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second), (0..<1000).contains(frame)
        else { return nil }
        (self.hour, self.minute, self.second, self.frame) = (hour, minute, second, frame)
    }

    /// The timecode that follows the start of a day by a number of frames; it begins again after 24 hours.
    init(frames: Int, rate: FrameRate, isDropFrame: Bool) {
        let nominal = rate.timecodeFrames
        let dropped = isDropFrame ? nominal / 15 : 0
        let perTenMinutes = nominal * 600 - dropped * 9
        let day = perTenMinutes * 144
        var number = ((frames % day) + day) % day
        if dropped > 0 {
            let (tens, rest) = number.quotientAndRemainder(dividingBy: perTenMinutes)
            // The first minute of ten has all its frames.
            let minutes = max(0, (rest - dropped) / (nominal * 60 - dropped))
            number += dropped * (9 * tens + (rest < dropped ? 0 : minutes))
        }
        hour = number / (nominal * 3600)
        minute = number / (nominal * 60) % 60
        second = number / nominal % 60
        frame = number % nominal
        self.isDropFrame = isDropFrame
    }

    /// The frames from the start of the day.
    func frames(at rate: FrameRate) -> Int {
        let nominal = rate.timecodeFrames
        let minutes = hour * 60 + minute
        let dropped = isDropFrame ? nominal / 15 : 0
        return (minutes * 60 + second) * nominal + frame - dropped * (minutes - minutes / 10)
    }

    /// The same moment where frames come at another rate.
    func converted(from source: FrameRate, to target: FrameRate) -> StartTimecode {
        guard source != target else { return self }
        var other = self
        other.frame = min(target.timecodeFrames - 1, frame * target.timecodeFrames / max(1, source.timecodeFrames))
        other.isDropFrame = isDropFrame && target.canDropFrames
        return other
    }

    var description: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        return "\(two(hour)):\(two(minute)):\(two(second))\(isDropFrame ? ";" : ":")\(two(frame))"
    }
}

extension FrameRate {
    /// The frames that timecode counts in a second.
    var timecodeFrames: Int { max(1, Int(framesPerSecond.rounded())) }

    /// Whether drop-frame timecode is defined for the rate.
    var canDropFrames: Bool { denominator == 1001 && (numerator == 30_000 || numerator == 60_000) }

    /// Whether containers have timecode for the rate.
    var hasTimecode: Bool { [24, 25, 30, 48, 50, 60, 100, 120].contains(timecodeFrames) }
}

extension Demuxer {
    /// The start timecode that the file tells, on its pictures, on a track of its own, or for the whole; `nil` without one.
    var timecode: StartTimecode? {
        let places = streams.map(\.pointee.metadata) + [context.pointee.metadata]
        for place in places {
            if let entry = av_dict_get(place, "timecode", nil, 0), let value = entry.pointee.value,
                let timecode = StartTimecode(String(cString: value))
            {
                return timecode
            }
        }
        return nil
    }
}
