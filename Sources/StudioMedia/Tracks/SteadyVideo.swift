import CMedia
import StudioCore

/// A file of pictures in which every frame has the same duration, tagged BT.709 limited range.
final class SteadyVideo {
    private let muxer: Muxer
    private let track: VideoTrack
    private var count: Int64 = 0

    /// The format of the pictures that ``add(_:counting:)`` takes.
    var pixelFormat: AVPixelFormat { track.pixelFormat }

    /// Begins the file.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; without `finish` nothing is left.
    ///   - container: The kind of file; default MP4.
    ///   - width: The width in pixels, even.
    ///   - height: The height in pixels, even.
    ///   - frameRate: Frames a second.
    ///   - target: How the pictures are encoded.
    ///   - timecode: The first frame's timecode, or `nil` for none.
    ///   - further: Adds what else the file holds.
    /// - Throws: `MediaError` with `parametersInvalid`, `outputFailed`, `storageFull` or `limitExceeded`.
    init(
        path: String, container: ContainerKind = .mp4, width: Int, height: Int, frameRate: FrameRate,
        target: VideoTarget, timecode: String? = nil, further: (Muxer) throws -> Void = { _ in }
    ) throws {
        muxer = try Muxer(path: path, container: container)
        track = try VideoTrack(
            VideoTrack.Shape(
                width: width, height: height, timeBase: frameRate.frameDuration, frameRate: frameRate.rational,
                target: target),
            into: muxer)
        if let timecode { muxer.setTimecode(timecode, ofVideo: track.stream) }
        try further(muxer)
        try muxer.start()
    }

    /// Encodes the next frame.
    func add(_ frame: Frame, counting counter: inout ProgressCounter) throws {
        frame.pointer.pointee.pts = count
        count += 1
        try track.write(frame, duration: 1)
        counter.newest = { frame }
        try counter.advance()
    }

    /// Writes what the encoder still holds and the index, and keeps the file.
    func finish(counting counter: inout ProgressCounter) throws {
        try track.finish { try counter.beat() }
        try counter.finishing()
        try muxer.finish { try counter.done() }
    }
}
