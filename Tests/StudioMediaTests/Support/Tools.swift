import Foundation

/// A judge's refusal.
struct ToolFailure: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
}

/// The `ffmpeg` and `ffprobe` programs: makers of fixtures and independent judges of what the product wrote.
enum Tool {
    /// Runs a program to its end and returns what it wrote.
    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let words = [program] + arguments
        let command = words.map {
            "'"
                + $0.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
        }.joined(separator: " ")
        guard let pipe = popen(command + " 2>&1 </dev/null", "r") else {
            throw ToolFailure(text: "\(program): no process")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard pclose(pipe) == 0 else { throw ToolFailure(text: "\(command): \(text)") }
        return text
    }

    /// Makes a fixture; the last argument is the output.
    static func ffmpeg(_ arguments: String...) throws { try ffmpeg(arguments) }

    static func ffmpeg(_ arguments: [String]) throws {
        try run("ffmpeg", ["-nostdin", "-v", "error", "-y"] + arguments)
    }

    static func ffprobe(_ path: String) throws -> Judged {
        let text = try run(
            "ffprobe", ["-v", "error", "-of", "json", "-show_streams", "-show_format", "-count_frames", path])
        return try JSONDecoder().decode(Judged.self, from: Data(text.utf8))
    }

    /// The presentation times of a file's first video stream, in seconds, in order of display.
    static func times(_ path: String, stream: String = "v:0") throws -> [Double] {
        let text = try run(
            "ffprobe",
            ["-v", "error", "-select_streams", stream, "-show_entries", "frame=pts_time", "-of", "csv=p=0", path])
        return text.split(separator: "\n").compactMap { Double($0.filter { $0 != "," }) }
    }

    /// All frames of a file's video as packed RGB.
    static func pixels(_ path: String, width: Int, height: Int) throws -> [UInt8] {
        let scratch = try Scratch()
        try ffmpeg(
            "-i", path, "-map", "0:v:0", "-vf", "scale=\(width):\(height)", "-pix_fmt", "rgb24", "-vsync",
            "passthrough", "-f", "rawvideo",
            scratch.path("raw"))
        return try scratch.bytes("raw")
    }
}

/// What `ffprobe` says.
struct Judged: Decodable {
    struct Stream: Decodable {
        var codec_type: String
        var codec_name: String?
        var width: Int?
        var height: Int?
        var pix_fmt: String?
        var sample_aspect_ratio: String?
        var color_range: String?
        var color_space: String?
        var color_transfer: String?
        var color_primaries: String?
        var avg_frame_rate: String?
        var r_frame_rate: String?
        var time_base: String?
        var start_time: String?
        var duration: String?
        var nb_read_frames: String?
        var sample_rate: String?
        var channels: Int?
        var channel_layout: String?
    }
    struct Format: Decodable {
        var format_name: String
        var duration: String?
    }
    var streams: [Stream]
    var format: Format

    var video: Stream? { streams.first { $0.codec_type == "video" } }
    var audio: Stream? { streams.first { $0.codec_type == "audio" } }
}

/// The mean absolute difference between two pictures, 0…255.
func difference(_ first: [UInt8], _ second: [UInt8]) -> Double {
    guard first.count == second.count, !first.isEmpty else { return .infinity }
    var sum = 0
    for index in first.indices { sum += abs(Int(first[index]) - Int(second[index])) }
    return Double(sum) / Double(first.count)
}

/// The peak signal-to-noise ratio of two runs of pictures, in dB.
func peakSignalToNoise(_ first: [UInt8], _ second: [UInt8]) -> Double {
    let count = min(first.count, second.count)
    var sum = 0
    for index in 0..<count {
        let difference = Int(first[index]) - Int(second[index])
        sum += difference * difference
    }
    return 10 * log10(255 * 255 * Double(count) / Double(max(1, sum)))
}
