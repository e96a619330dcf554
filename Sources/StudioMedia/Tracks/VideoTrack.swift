import CMedia
import StudioCore

/// The video track of a file: pictures with timestamps in, packets into the file.
final class VideoTrack {
    /// What the track holds.
    struct Shape {
        var width: Int
        var height: Int
        /// The unit of timestamps.
        var timeBase: AVRational
        /// The nominal rate; for the encoder's rate control and the file's header.
        var frameRate: AVRational
        var pixelAspect = AVRational(num: 1, den: 1)
        /// What the track is tagged with, always in limited range.
        var colours = Colourimetry.bt709
        /// What is said of high dynamic range beside the tags.
        var highDynamicRange: HighDynamicRange?
        /// How the pictures are encoded.
        var target = VideoTarget()
    }

    /// The stream's number in the file.
    let stream: Int32
    /// The format of the pictures that ``write(_:duration:)`` takes.
    let pixelFormat: AVPixelFormat
    private let encoder: Encoder
    private let muxer: Muxer
    private let colours: Colourimetry
    /// Durations of frames that are still inside the encoder, by timestamp; bounded by its look-ahead.
    private var durations: [Int64: Int64] = [:]
    /// Where the encoder does not tell when its packets are decoded.
    private var decodeTimes: DecodeTimes?

    /// Adds the track; the muxer has not been started.
    init(_ shape: Shape, into muxer: Muxer) throws {
        let target = shape.target
        _ = try MediaTarget(container: muxer.container, video: target, audio: nil)
        pixelFormat = target.pixelFormat
        let name = target.encoderName(width: shape.width, height: shape.height)
        let options = target.options(
            width: shape.width, height: shape.height, highDynamicRange: shape.highDynamicRange)
        encoder = try Encoder(name, options: options) { context in
            context.pointee.width = Int32(shape.width)
            context.pointee.height = Int32(shape.height)
            context.pointee.time_base = shape.timeBase
            context.pointee.framerate = shape.frameRate
            context.pointee.sample_aspect_ratio = shape.pixelAspect
            context.pointee.color_primaries = shape.colours.primaries
            context.pointee.color_trc = shape.colours.transfer
            context.pointee.colorspace = shape.colours.matrix
            context.pointee.color_range = AVCOL_RANGE_MPEG
            context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
            target.prepare(context, frameRate: shape.frameRate)
        }
        self.muxer = muxer
        colours = shape.colours
        decodeTimes = target.codec == .hevc ? DecodeTimes() : nil
        stream = try muxer.addStream(for: encoder)
        if let made = muxer.stream(stream) { try shape.highDynamicRange?.write(to: made) }
    }

    var timeBase: AVRational { encoder.timeBase }

    /// Encodes a picture whose timestamp is set, in `timeBase`.
    func write(_ frame: Frame, duration: Int64) throws {
        frame.pointer.pointee.pict_type = AV_PICTURE_TYPE_NONE
        // ProRes says them with every picture, and takes them from there.
        frame.pointer.pointee.color_primaries = colours.primaries
        frame.pointer.pointee.color_trc = colours.transfer
        frame.pointer.pointee.colorspace = colours.matrix
        durations[frame.pointer.pointee.pts] = duration
        decodeTimes?.add(frame.pointer.pointee.pts, duration: duration)
        try encoder.encode(frame, each: write)
    }

    /// Writes what the encoder still holds: dozens of frames, which can take seconds. `each` is called for every one.
    func finish(each: () throws -> Void) throws {
        try encoder.encode(nil) { packet in
            try write(packet)
            try each()
        }
    }

    private func write(_ packet: UnsafeMutablePointer<AVPacket>) throws {
        if let time = decodeTimes?.next() { packet.pointee.dts = time }
        packet.pointee.duration = durations.removeValue(forKey: packet.pointee.pts) ?? 0
        try muxer.write(packet, stream: stream, timeBase: encoder.timeBase)
    }
}
