import Foundation

extension Tool {
    /// All samples of a file's soundtrack as the `ffmpeg` program decodes them, one channel after another in each moment.
    static func samples(_ path: String, track: Int = 0, rate: Int = 48_000, channels: Int = 1) throws -> [Float] {
        let scratch = try Scratch()
        try ffmpeg(
            "-i", path, "-map", "0:a:\(track)", "-af", "aresample=\(rate):first_pts=0", "-ac", "\(channels)", "-f",
            "f32le", scratch.path("raw"))
        let bytes = try scratch.bytes("raw")
        return bytes.withUnsafeBytes { buffer in
            (0..<buffer.count / 4).map { buffer.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    /// What the `ffmpeg` program's own meter says of a soundtrack.
    static func loudness(_ path: String, track: Int = 0) throws -> (integrated: Double, range: Double, peak: Double) {
        let text = try run(
            "ffmpeg",
            [
                "-nostdin", "-hide_banner", "-i", path, "-map", "0:a:\(track)", "-af",
                "ebur128=peak=true:framelog=verbose", "-f", "null", "-",
            ])
        func value(after label: String) throws -> Double {
            let summary = text.components(separatedBy: "Summary:").last ?? ""
            guard let line = summary.split(separator: "\n").first(where: { $0.contains(label) }),
                let number = line.split(separator: " ").compactMap({ Double($0) }).first
            else { throw ToolFailure(text: "no \(label) in \(text)") }
            return number
        }
        return (try value(after: " I: "), try value(after: " LRA: "), try value(after: " Peak: "))
    }
}
