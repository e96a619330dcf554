/// Films whose frames tell their own number, and whose sound tells the second.
enum NumberedFilm {
    /// Makes a film: a frame's brightness is 16 and four more for each, up to fifty frames.
    static func make(_ path: String, rate: String = "25", frames: Int = 50, first: Int = 0, _ options: [String]) throws
    {
        try Tool.ffmpeg(
            [
                "-f", "lavfi", "-i",
                "color=black:s=64x64:r=\(rate),format=yuv420p,geq=lum='16+4*(N+\(first))':cb=128:cr=128", "-frames:v",
                String(frames),
            ] + options + [path])
    }

    /// The numbers of a file's frames.
    static func numbers(_ path: String) throws -> [Int] {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-i", path, "-map", "0:v:0", "-vsync", "passthrough", "-vf", "scale=2:2:flags=area,format=yuv420p", "-f",
            "rawvideo", scratch.path("raw"))
        let bytes = try scratch.bytes("raw")
        // Four samples of luma and two of colour for each frame.
        return stride(from: 0, to: bytes.count, by: 6).map { Int((Double(bytes[$0]) - 16) / 4 + 0.5) }
    }

    /// The samples of a file's first soundtrack, mono, at 48 kHz, from the file's start.
    static func samples(_ path: String) throws -> [Int16] {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-i", path, "-map", "0:a:0", "-ac", "1", "-af", "aresample=48000:async=1:first_pts=0", "-f", "s16le",
            scratch.path("pcm"))
        let bytes = try scratch.bytes("pcm")
        return stride(from: 0, to: bytes.count - 1, by: 2).map {
            Int16(truncatingIfNeeded: Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8)
        }
    }
}
