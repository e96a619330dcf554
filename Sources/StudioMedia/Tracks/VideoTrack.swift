import CMedia
import StudioCore

/// The H.264 track of an MP4 file: pictures with timestamps in, packets into the file.
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
        var colours = Colourimetry.bt709
        var quality: QualityTier
        var rateFactor: Int?
        /// Encoder threads; 0 for as many as the machine's cores allow.
        var threads: Int
    }

    private let encoder: Encoder
    private let muxer: Muxer
    private let stream: Int32
    /// Durations of frames that are still inside the encoder, by timestamp; bounded by its look-ahead.
    private var durations: [Int64: Int64] = [:]

    /// Adds the track; the muxer has not been started.
    init(_ shape: Shape, into muxer: Muxer) throws {
        let rateFactor = shape.rateFactor ?? shape.quality.x264RateFactor
        let options = Options([
            "preset": shape.quality.x264Preset, "crf": String(rateFactor), "profile": "high",
            // The same choices on every processor: the output must not tell which machine made it.
            "x264-params": "cpu-independent=1",
        ])
        encoder = try Encoder("libx264", options: options) { context in
            context.pointee.width = Int32(shape.width)
            context.pointee.height = Int32(shape.height)
            context.pointee.pix_fmt = AV_PIX_FMT_YUV420P
            context.pointee.time_base = shape.timeBase
            context.pointee.framerate = shape.frameRate
            context.pointee.sample_aspect_ratio = shape.pixelAspect
            context.pointee.color_primaries = shape.colours.primaries
            context.pointee.color_trc = shape.colours.transfer
            context.pointee.colorspace = shape.colours.matrix
            context.pointee.color_range = AVCOL_RANGE_MPEG
            context.pointee.thread_count = Int32(clamping: shape.threads)
            // A key frame at least every two seconds: players and the page's scrubbing seek to them.
            let rate = Double(shape.frameRate.num) / Double(max(1, shape.frameRate.den))
            context.pointee.gop_size = Int32(min(600, max(12, (rate * 2).rounded())))
            context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        }
        self.muxer = muxer
        stream = try muxer.addStream(for: encoder)
    }

    var timeBase: AVRational { encoder.timeBase }

    /// Encodes a picture whose timestamp is set, in `timeBase`.
    func write(_ frame: Frame, duration: Int64) throws {
        frame.pointer.pointee.pict_type = AV_PICTURE_TYPE_NONE
        durations[frame.pointer.pointee.pts] = duration
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
        packet.pointee.duration = durations.removeValue(forKey: packet.pointee.pts) ?? 0
        try muxer.write(packet, stream: stream, timeBase: encoder.timeBase)
    }
}
