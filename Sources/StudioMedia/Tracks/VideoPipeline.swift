import CMedia

/// One video stream on its way: decode, convert, give timestamps, encode.
final class VideoPipeline {
    let expectedFrames: Int?
    var index: Int32 { source.index }
    /// The stream's number in the output.
    var stream: Int32 { track.stream }

    private let name: String
    private let limits: MediaLimits
    private let source: DecodedStream
    private let filters: FilterStage<PictureShape>
    private let plan: PicturePlan
    private let track: VideoTrack
    private var clock: FrameClock
    /// The duration of a frame where all have the same because they were made so.
    private let steadyTicks: Int64?
    private let window: ClipWindow?
    private var framesDone = 0
    /// The last picture that was encoded, for as long as it is valid.
    private(set) var newest: Frame?

    /// - Parameters:
    ///   - stream: The stream.
    ///   - demuxer: Its file.
    ///   - plan: How its pictures are changed.
    ///   - target: How they are encoded.
    ///   - frameRate: The rate that the plan converts to; `nil` where it keeps every frame's time.
    ///   - highDynamicRange: What the output says of high dynamic range beside its tags.
    ///   - window: The part of the file that is taken; `nil` for the whole.
    ///   - muxer: The output.
    /// - Throws: `MediaError` of any code.
    init(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, plan: PicturePlan, target: VideoTarget,
        frameRate: FrameRate?, highDynamicRange: HighDynamicRange?, window: ClipWindow? = nil,
        into muxer: Muxer
    ) throws {
        name = demuxer.name
        limits = demuxer.limits
        self.plan = plan
        self.window = window
        let found = demuxer.expectedFrames(of: stream)
        if let found { try limits.check(frames: found, of: name) }
        source = try DecodedStream(stream, of: demuxer, strict: demuxer.isPicture)
        filters = try FilterStage()
        clock = FrameClock(stream, start: demuxer.start)
        var (timeBase, rate) = (clock.timeBase, clock.frameRate)
        if let frameRate {
            (timeBase, steadyTicks) = frameRate.fineTimeBase
            rate = frameRate.rational
            expectedFrames = (window?.length(ofFile: demuxer.duration) ?? demuxer.duration)
                .map { frameRate.frames(inSeconds: Double($0) / 1e6) }
        } else {
            steadyTicks = nil
            let nominal = FrameRate(clock.frameRate)
            expectedFrames =
                window.map { window in
                    window.length(ofFile: demuxer.duration).flatMap { nominal?.frames(inSeconds: Double($0) / 1e6) }
                } ?? found
        }
        track = try VideoTrack(
            VideoTrack.Shape(
                width: plan.width, height: plan.height, timeBase: timeBase, frameRate: rate,
                pixelAspect: plan.pixelAspect, colours: plan.colours.output, highDynamicRange: highDynamicRange,
                target: target),
            into: muxer)
    }

    /// Decodes a packet and encodes every frame that comes of it; `each` is called for every one.
    func decode(_ packet: Packet, each: () throws -> Void) throws {
        try source.decode(packet) { try convert($0, each) }
    }

    /// Encodes all that is still under way.
    ///
    /// `each` is called for every frame that comes of it, `beat` for every one that leaves the encoder.
    func finish(each: () throws -> Void, beat: () throws -> Void) throws {
        try source.finish { try convert($0, each) }
        try filters.finish { try encode($0, $1, each) }
        guard framesDone > 0 else {
            throw MediaError(
                .inputInvalid, "\(name) has no picture that can be decoded.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
        try track.finish(each: beat)
    }

    private func convert(_ decoded: Frame, _ each: () throws -> Void) throws {
        guard var stamp = clock.stamp(decoded.pointer) else { return }
        if let window {
            if let end = window.end(in: clock.timeBase), stamp.time >= end { return }
            stamp.time -= window.start(in: clock.timeBase)
            guard stamp.time >= 0 else { return }
        }
        try limits.check(frames: framesDone + 1, of: name)
        decoded.pointer.pointee.pts = stamp.time
        decoded.pointer.pointee.pkt_duration = stamp.duration
        let shape = PictureShape(decoded)
        try filters.push(decoded, shaped: shape) {
            try limits.check(width: Int(shape.width), height: Int(shape.height), of: name)
            return try FilterGraph(pictures: decoded, timeBase: clock.timeBase, chain: plan.chain(for: shape))
        } each: {
            try encode($0, $1, each)
        }
    }

    private func encode(_ converted: Frame, _ timeBase: AVRational, _ each: () throws -> Void) throws {
        let picture = converted.pointer
        picture.pointee.pts = av_rescale_q(picture.pointee.pts, timeBase, track.timeBase)
        framesDone += 1
        newest = converted
        try track.write(converted, duration: steadyTicks ?? picture.pointee.pkt_duration)
        try each()
    }
}
