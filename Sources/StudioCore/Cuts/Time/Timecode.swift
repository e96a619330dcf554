/// SMPTE timecode: a frame's name, in hours, minutes, seconds and frames.
///
/// Source: SMPTE ST 12-1. Timecode counts whole frames: at 24000/1001 a second of it lasts 1.001 s. Drop-frame timecode,
/// for 30000/1001 and 60000/1001, leaves out 2 (4) frame numbers at the start of every minute but each tenth, so that it
/// keeps up with the clock; no picture is dropped.
public enum Timecode {
    // Made once: a literal is parsed wherever it is met.
    // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
    private nonisolated(unsafe) static let form = #/(\d{2}):([0-5]\d)[:;]([0-5]\d)([:;.,])(\d{2,3})/#

    /// The frames from midnight that a timecode names.
    ///
    /// - Parameters:
    ///   - text: Such as `01:00:00:00`; `;`, `.` or `,` before the frames says drop-frame.
    ///   - rate: Frames a second.
    ///   - isDropFrame: Whether it is drop-frame although it is written with colons; default no.
    /// - Returns: The frames, or nil where the text is no timecode of this rate: a field too large, a frame number that
    ///   drop-frame leaves out, drop-frame at a rate that has none.
    public static func frames(_ text: some StringProtocol, at rate: EditRate, isDropFrame: Bool = false) -> Int? {
        guard
            let match = String(text).wholeMatch(of: form),
            let hours = Int(match.1), let minutes = Int(match.2), let seconds = Int(match.3), let frames = Int(match.5)
        else { return nil }
        let base = rate.timecodeBase
        guard hours < 24, frames < base else { return nil }
        let count = ((hours * 60 + minutes) * 60 + seconds) * base + frames
        guard isDropFrame || match.4 != ":" else { return count }
        guard rate.hasDropFrame else { return nil }
        let dropped = base / 15
        guard seconds > 0 || minutes % 10 == 0 || frames >= dropped else { return nil }
        let minute = hours * 60 + minutes
        return count - dropped * (minute - minute / 10)
    }

    /// The timecode of a frame.
    ///
    /// - Parameters:
    ///   - frames: Frames from midnight, 0 or more; after 24 hours it begins again.
    ///   - rate: Frames a second.
    ///   - isDropFrame: Whether to write drop-frame; without meaning where the rate has none.
    /// - Returns: Such as `01:00:00:00` or `01:00:00;00`.
    public static func text(_ frames: Int, at rate: EditRate, isDropFrame: Bool = false) -> String {
        let base = rate.timecodeBase
        let drops = isDropFrame && rate.hasDropFrame
        let dropped = drops ? base / 15 : 0
        let perTenMinutes = base * 600 - dropped * 9
        let day = perTenMinutes * 144
        var number = (frames % day + day) % day
        if drops {
            let (tens, rest) = (number / perTenMinutes, number % perTenMinutes)
            let perMinute = base * 60 - dropped
            let minutes = rest < base * 60 ? 0 : 1 + (rest - base * 60) / perMinute
            number += dropped * (tens * 9 + minutes)
        }
        let seconds = number / base
        let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(twoDigits)
        return parts.joined(separator: ":") + (drops ? ";" : ":") + twoDigits(number % base)
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
