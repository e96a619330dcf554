import CMedia

/// One video stream on its way: decode, convert, give timestamps, encode.
final class VideoPipeline {
    let index: Int32
    let expectedFrames: Int?

    private let name: String
    private let limits: MediaLimits
    private let decoder: Decoder
    private let track: VideoTrack
    private let plan: PicturePlan
    private let decoded: Frame
    private let converted: Frame
    private var clock: FrameClock
    private var damage = DamageCount()
    private var graph: FilterGraph?
    private var shape: PictureShape?
    private var framesDone = 0

    init(_ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, settings: Transcode, into muxer: Muxer) throws {
        index = stream.pointee.index
        name = demuxer.name
        limits = demuxer.limits
        expectedFrames = demuxer.expectedFrames(of: stream)
        if let expectedFrames { try limits.check(frames: expectedFrames, of: name) }
        decoder = try Decoder(stream: stream, limits: limits, name: name, strict: demuxer.isPicture)
        clock = FrameClock(stream, start: demuxer.start)
        plan = try PicturePlan(stream, name: name, width: settings.width, height: settings.height)
        track = try VideoTrack(
            VideoTrack.Shape(
                width: plan.width, height: plan.height, timeBase: clock.timeBase, frameRate: clock.frameRate,
                pixelAspect: plan.pixelAspect, colours: plan.colours.output, quality: settings.quality,
                rateFactor: settings.rateFactor, threads: settings.threads),
            into: muxer)
        decoded = try Frame()
        converted = try Frame()
    }

    /// Decodes a packet and encodes every frame that comes of it; `each` is called for every one.
    func decode(_ packet: Packet, each: () throws -> Void) throws {
        damage.packet()
        let status = decoder.send(packet)
        if status < 0 { try damage.failure(status, of: name) }
        try drainDecoder(each)
    }

    /// Encodes all that is still under way.
    ///
    /// `each` is called for every frame that comes of it, `beat` for every one that leaves the encoder.
    func finish(each: () throws -> Void, beat: () throws -> Void) throws {
        _ = decoder.send(nil)
        try drainDecoder(each)
        try closeGraph(each)
        guard framesDone > 0 else {
            throw MediaError(
                .inputInvalid, "\(name) has no picture that can be decoded.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
        try track.finish(each: beat)
    }

    private func drainDecoder(_ each: () throws -> Void) throws {
        while true {
            switch decoder.receive(into: decoded) {
            case .frame: try convert(each)
            case .needsInput, .ended: return
            case .failed(let status): try damage.failure(status, of: name)
            }
        }
    }

    private func convert(_ each: () throws -> Void) throws {
        guard let stamp = clock.stamp(decoded.pointer) else { return }
        try limits.check(frames: framesDone + 1, of: name)
        decoded.pointer.pointee.pts = stamp.time
        decoded.pointer.pointee.pkt_duration = stamp.duration
        let shape = PictureShape(decoded)
        if graph == nil || shape != self.shape {
            try closeGraph(each)
            try limits.check(width: Int(shape.width), height: Int(shape.height), of: name)
            graph = try FilterGraph(pictures: decoded, timeBase: clock.timeBase, chain: plan.chain(for: shape))
            self.shape = shape
        }
        try graph?.push(decoded)
        try drainGraph(each)
    }

    private func closeGraph(_ each: () throws -> Void) throws {
        try graph?.push(nil)
        try drainGraph(each)
        graph = nil
    }

    private func drainGraph(_ each: () throws -> Void) throws {
        guard let graph else { return }
        while try graph.pull(into: converted) {
            let picture = converted.pointer
            picture.pointee.pts = av_rescale_q(picture.pointee.pts, graph.timeBase, track.timeBase)
            framesDone += 1
            try track.write(converted, duration: picture.pointee.pkt_duration)
            try each()
        }
    }
}
