import CMedia

/// One video stream on its way: decode, convert, give timestamps, encode.
final class VideoPipeline {
    let expectedFrames: Int?
    var index: Int32 { source.index }

    private let name: String
    private let limits: MediaLimits
    private let source: DecodedStream
    private let filters: FilterStage<PictureShape>
    private let plan: PicturePlan
    private let track: VideoTrack
    private var clock: FrameClock
    private var framesDone = 0

    init(_ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, settings: Transcode, into muxer: Muxer) throws {
        name = demuxer.name
        limits = demuxer.limits
        expectedFrames = demuxer.expectedFrames(of: stream)
        if let expectedFrames { try limits.check(frames: expectedFrames, of: name) }
        source = try DecodedStream(stream, of: demuxer, strict: demuxer.isPicture)
        filters = try FilterStage()
        clock = FrameClock(stream, start: demuxer.start)
        plan = try PicturePlan(stream, of: demuxer, width: settings.width, height: settings.height)
        track = try VideoTrack(
            VideoTrack.Shape(
                width: plan.width, height: plan.height, timeBase: clock.timeBase, frameRate: clock.frameRate,
                pixelAspect: plan.pixelAspect, colours: plan.colours.output,
                target: VideoTarget(
                    quality: settings.quality, rate: settings.rateFactor.map { .factor($0) } ?? .tier,
                    threads: settings.threads)),
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
        guard let stamp = clock.stamp(decoded.pointer) else { return }
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
        try track.write(converted, duration: picture.pointee.pkt_duration)
        try each()
    }
}
