import Foundation
import StudioCore

@testable import StudioMedia

/// Sources whose every frame says its number, and whose every sample says its own.
enum NumberedSource {
    /// Makes a film of flat frames: frame n has the luma 16 + 4 · (n mod 50) and the colour difference `blue`.
    static func make(
        _ path: String, frames: Int, rate: String = "24", size: String = "96x54", blue: Int, sound: Bool = false,
        more: [String] = []
    ) throws {
        let video = ["-f", "lavfi", "-i", "color=black:s=\(size):r=\(rate),geq=lum='16+4*mod(N,50)':cb=\(blue):cr=128"]
        // The whole numbers of a 16-bit sample survive every float.
        let audio = ["-f", "lavfi", "-i", "aevalsrc='mod(n,30000)/32768|mod(n,30000)/32768':s=48000"]
        try Tool.ffmpeg(
            video + (sound ? audio : []) + ["-frames:v", String(frames), "-c:v", "libx264", "-crf", "4"]
                + ["-g", "12", "-bf", "2", "-color_range", "tv", "-colorspace", "bt709", "-c:a", "pcm_s16le"]
                + (sound ? ["-shortest"] : []) + more + [path])
    }

    /// The luma of a source's frame.
    static func luma(_ frame: Int) -> Int { 16 + 4 * (frame % 50) }

    /// Luma and blue difference in the middle of every frame, and the luma in its upper left corner.
    static func read(_ path: String, width: Int = 96, height: Int = 54) throws -> [(y: Int, u: Int, corner: Int)] {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-i", path, "-map", "0:v:0", "-pix_fmt", "yuv420p", "-vsync", "passthrough", "-f", "rawvideo",
            scratch.path("raw"))
        let bytes = try scratch.bytes("raw")
        let size = width * height * 3 / 2
        return stride(from: 0, to: bytes.count - size + 1, by: size).map { start in
            let luma = start + (height / 2) * width + width / 2
            let blue = start + width * height + (height / 4) * (width / 2) + width / 4
            return (Int(bytes[luma]), Int(bytes[blue]), Int(bytes[start + width + 1]))
        }
    }

    /// The samples of a file's sound, channel after channel within each.
    static func samples(_ path: String) throws -> [Int16] {
        let scratch = try Scratch()
        try Tool.ffmpeg("-i", path, "-map", "0:a:0", "-f", "s16le", scratch.path("raw"))
        return try scratch.bytes("raw").withUnsafeBytes { Array($0.bindMemory(to: Int16.self)) }
    }

    /// A source of the catalogue, as a probe of the file describes it.
    static func source(_ scratch: Scratch, _ name: String) throws -> ConformSource {
        let probe = try MediaProbe.read(path: scratch.path(name))
        let pictures = probe.video.map { stream in
            ConformSource.Pictures(
                rate: probe.container.hasSuffix("_pipe")
                    ? nil : EditRate(stream.frameRateNumerator ?? 0, stream.frameRateDenominator ?? 1),
                count: stream.frameCount)
        }
        let sound = probe.audio?.durationSeconds.map { ExactSeconds(Int128($0 * 1e6), 1_000_000) }
        return ConformSource(path: name, pictures: pictures, sound: sound)
    }

    static func clip(_ name: String, _ frames: Range<Int>, at rate: EditRate = .film) -> Cut.Item {
        .clip(Cut.Clip(name: name, source: .reference(name), range: EditRange(frames, at: rate)))
    }

    static func dissolve(_ before: Int, _ after: Int, at rate: EditRate = .film) -> Cut.Item {
        .transition(Cut.Transition(before: EditTime(before, at: rate), after: EditTime(after, at: rate)))
    }
}
