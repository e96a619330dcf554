import CMedia
import StudioCore

/// An MP4 file of H.264 alone in which every frame has the same duration, tagged BT.709 limited range.
final class SteadyVideo {
    private let muxer: Muxer
    private let track: VideoTrack
    private var count: Int64 = 0

    /// Begins the file.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; without `finish` nothing is left.
    ///   - width: The width in pixels, even.
    ///   - height: The height in pixels, even.
    ///   - frameRate: Frames a second.
    ///   - quality: The time and space to spend.
    ///   - threads: Encoder threads, 0 for as many as the machine's cores allow.
    /// - Throws: `MediaError` with `outputFailed`, `storageFull` or `limitExceeded`.
    init(path: String, width: Int, height: Int, frameRate: FrameRate, quality: QualityTier, threads: Int) throws {
        muxer = try Muxer(path: path)
        track = try VideoTrack(
            VideoTrack.Shape(
                width: width, height: height, timeBase: frameRate.frameDuration, frameRate: frameRate.rational,
                quality: quality, rateFactor: nil, threads: threads),
            into: muxer)
        try muxer.start()
    }

    /// Encodes the next frame.
    func add(_ frame: Frame, counting counter: inout ProgressCounter) throws {
        frame.pointer.pointee.pts = count
        count += 1
        try track.write(frame, duration: 1)
        try counter.advance()
    }

    /// Writes what the encoder still holds and the index, and keeps the file.
    func finish(counting counter: inout ProgressCounter) throws {
        try track.finish { try counter.beat() }
        try counter.finishing()
        try muxer.finish { try counter.done() }
    }
}
