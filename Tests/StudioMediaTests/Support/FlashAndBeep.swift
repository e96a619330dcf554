import Foundation

/// A film that flashes white for one frame and beeps at the same moment, once a second; and a measure of how far apart the two
/// are in any file made of it. Maker and judge are the `ffmpeg` program.
struct FlashAndBeep {
    static let sampleRate = 48_000
    /// The beep's length, in samples: 40 ms of 1 kHz, from full level at once.
    private static let beepLength = 1920
    private static let beep: [Float] = (0..<beepLength).map { Float(cos(2 * .pi * 1000 * Double($0) / 48_000)) }

    /// Makes the film; the first flash is after one second. `encoding` is what `ffmpeg` is told of codecs and container.
    static func make(_ path: String, seconds: Int = 4, rate: String = "25", encoding: [String]) throws {
        // A flash is the first frame that starts in its second, and the beep starts with that frame, not with the second.
        let parts = rate.split(separator: "/").compactMap { Double($0) }
        let frame = (parts.count > 1 ? parts[1] : 1) / parts[0]
        let numbers = (1..<seconds).map { (Double($0) / frame - 1e-6).rounded(.up) }
        let beeps = numbers.map { number in
            let start = number * frame
            return "between(t,\(start - 1e-6),\(start + 0.04 - 1e-6))*cos(2*PI*1000*(t-\(start)))"
        }.joined(separator: "+")
        let flash = numbers.map { "eq(n,\(Int($0)))" }.joined(separator: "+")
        let pictures = "color=black:s=64x64:r=\(rate):d=\(seconds),drawbox=c=white:t=fill:enable='\(flash)'"
        let sound = "aevalsrc='0.5*(\(beeps))':s=\(sampleRate):d=\(seconds)"
        try Tool.ffmpeg(["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound] + encoding + [path])
    }

    /// How much later than its flash each beep is heard, in seconds.
    static func offsets(_ path: String) throws -> [Double] {
        let pictures = try Tool.pixels(path, width: 8, height: 8)
        let times = try Tool.times(path)
        let start = try startTime(path)
        var flashes: [Double] = []
        var wasBright = false
        for (number, time) in times.enumerated() where (number + 1) * 192 <= pictures.count {
            let sum = pictures[number * 192..<(number + 1) * 192].reduce(0) { $0 + Int($1) }
            let isBright = sum > 192 * 128
            if isBright && !wasBright { flashes.append(time - start) }
            wasBright = isBright
        }
        let samples = try Tool.samples(path)
        return flashes.compactMap { flash in
            onset(of: samples, near: Int((flash * Double(sampleRate)).rounded())).map {
                Double($0) / Double(sampleRate) - flash
            }
        }
    }

    /// Where the beep begins: the lag at which it correlates best, within 20 ms.
    private static func onset(of samples: [Float], near centre: Int) -> Int? {
        var best: (lag: Int, sum: Float)?
        for lag in max(0, centre - 960)...max(0, centre + 960) where lag + beepLength <= samples.count {
            var sum: Float = 0
            for index in stride(from: 0, to: beepLength, by: 6) { sum += samples[lag + index] * beep[index] }
            if sum > best?.sum ?? 1 { best = (lag, sum) }
        }
        return best?.lag
    }

    /// What the `ffmpeg` program takes for the file's zero when it decodes a stream of it.
    private static func startTime(_ path: String) throws -> Double {
        let text = try Tool.run(
            "ffprobe", ["-v", "error", "-show_entries", "format=start_time", "-of", "csv=p=0", path])
        return Double(text.filter { !$0.isWhitespace }) ?? 0
    }
}
