import CMedia

/// One video stream on its way: decode, convert, give timestamps, encode.
final class VideoPipeline {
    let expectedFrames: Int?
    let index: Int32
    /// The stream's number in the output.
    var stream: Int32 { track.stream }

    private let name: String
    private let limits: MediaLimits
    /// `nil` where pictures come decoded.
    private let source: DecodedStream?
    private let handed: Frame
    private let filters: FilterStage<PictureShape>
    private let plan: PicturePlan
    private let track: VideoTrack
    private var clock: FrameClock
    /// Where pictures are brought to another rate.
    private var conversion: RateConversion?
    /// The duration of a frame where all have the same because they were made so.
    private let steadyTicks: Int64?
    private let window: ClipWindow?
    /// The pictures that are taken where a part of a film is made.
    private var part: PartPictures?
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
    ///   - part: The frames of the film that are made; `nil` for all. Not with a window, and of sources of a steady rate alone.
    ///   - decodesItself: Whether it takes packets; otherwise it takes pictures, by ``take(_:each:)``.
    ///   - muxer: The output.
    /// - Throws: `MediaError` of any code.
    init(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, plan: PicturePlan, target: VideoTarget,
        frameRate: FrameRate?, highDynamicRange: HighDynamicRange?, window: ClipWindow? = nil,
        part: FilmPart? = nil, decodesItself: Bool = true, into muxer: Muxer
    ) throws {
        name = demuxer.name
        index = stream.pointee.index
        handed = try Frame()
        limits = demuxer.limits
        self.plan = plan
        self.window = window
        let found = demuxer.expectedFrames(of: stream)
        if let found { try limits.check(frames: found, of: name) }
        source = decodesItself ? try DecodedStream(stream, of: demuxer, strict: demuxer.isPicture) : nil
        filters = try FilterStage()
        clock = FrameClock(stream, start: demuxer.start)
        self.part = try part.map { part in
            guard let rate = demuxer.steadyRate(of: stream) else {
                throw MediaError(
                    .unsupported,
                    "The frames of \(demuxer.name) do not all have the same duration: it can be made in one piece only."
                )
            }
            return PartPictures(part, of: rate, at: frameRate, name: demuxer.name)
        }
        var (timeBase, rate) = (clock.timeBase, clock.frameRate)
        if let frameRate {
            (timeBase, steadyTicks) = frameRate.fineTimeBase
            rate = frameRate.rational
            conversion = RateConversion(to: frameRate, of: demuxer, holdsFirst: plan.beginsAtZero)
            expectedFrames =
                part?.frames.count
                ?? (window?.length(ofFile: demuxer.duration) ?? demuxer.duration)
                .map { frameRate.frames(lasting: $0, in: cmedia_microsecond()) }
        } else {
            steadyTicks = nil
            conversion = nil
            let nominal = FrameRate(clock.frameRate)
            expectedFrames =
                part?.frames.count
                ?? window.map { window in
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

    /// Whether all pictures of the part that is made have come.
    var hasWholePart: Bool { part?.isWhole ?? false }

    /// When the first picture of the part that is made is due, in microseconds.
    var partStart: Int64 { part?.start ?? 0 }

    /// Decodes a packet and encodes every frame that comes of it; `each` is called for every one.
    func decode(_ packet: Packet, each: () throws -> Void) throws {
        try source?.decode(packet) { try convert($0, each) }
    }

    /// Encodes a picture that others take too, and which stays as it is.
    func take(_ decoded: Frame, each: () throws -> Void) throws {
        handed.unreference()
        let status = av_frame_ref(handed.pointer, decoded.pointer)
        guard status >= 0 else { throw MediaError.libav(status, .limitExceeded, "There is no memory for a picture.") }
        try convert(handed, each)
    }

    /// Encodes all that is still under way.
    ///
    /// `each` is called for every frame that comes of it, `beat` for every one that leaves the encoder.
    func finish(each: () throws -> Void, beat: () throws -> Void) throws {
        try source?.finish { try convert($0, each) }
        try part?.checkWhole()
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
        guard part == nil else { return try convertPart(decoded, stamp, each) }
        var end: Int64?
        if let window {
            let start = window.start(in: clock.timeBase)
            end = window.end(in: clock.timeBase).map { $0 - start }
            stamp.time -= start
            if let end, stamp.time >= end {
                if let rate = conversion?.rate {
                    filters.hold(until: rate.frame(nearestTo: Int128(end), in: clock.timeBase))
                }
                return
            }
            // At a rate of its own the part's first frame shows what is due, which may have begun before.
            guard stamp.time >= 0 || conversion != nil else { return }
        }
        try filter(decoded, try place(decoded, stamp, endingBy: end), each)
    }

    /// A picture on its way into a part of the film.
    private func convertPart(_ decoded: Frame, _ stamp: FrameClock.Stamp, _ each: () throws -> Void) throws {
        guard case .seen(let frames)? = try part?.place(stamp.time, in: clock.timeBase) else { return }
        if let rate = conversion?.rate {
            decoded.pointer.pointee.pts = frames.lowerBound
            decoded.pointer.pointee.pkt_duration = Int64(frames.count)
            return try filter(decoded, rate.frameDuration, each)
        }
        decoded.pointer.pointee.pts = frames.lowerBound &* stamp.duration
        decoded.pointer.pointee.pkt_duration = stamp.duration
        try filter(decoded, clock.timeBase, each)
    }

    private func filter(_ decoded: Frame, _ unit: AVRational, _ each: () throws -> Void) throws {
        let shape = PictureShape(decoded)
        try filters.push(decoded, shaped: shape) {
            try limits.check(width: Int(shape.width), height: Int(shape.height), of: name)
            return try FilterGraph(pictures: decoded, timeBase: unit, chain: plan.chain(for: shape))
        } each: {
            try encode($0, $1, each)
        }
    }

    /// Says when a picture is seen; returns the unit of its time.
    private func place(_ picture: Frame, _ stamp: FrameClock.Stamp, endingBy end: Int64?) throws -> AVRational {
        guard let frames = try conversion?.frames(of: stamp, in: clock.timeBase, endingBy: end), let conversion else {
            picture.pointer.pointee.pts = stamp.time
            picture.pointer.pointee.pkt_duration = stamp.duration
            return clock.timeBase
        }
        picture.pointer.pointee.pts = frames.lowerBound
        picture.pointer.pointee.pkt_duration = Int64(frames.count)
        return conversion.rate.frameDuration
    }

    private func encode(_ converted: Frame, _ timeBase: AVRational, _ each: () throws -> Void) throws {
        let picture = converted.pointer
        picture.pointee.pts = av_rescale_q(picture.pointee.pts, timeBase, track.timeBase)
        framesDone += 1
        try limits.check(frames: framesDone, of: name)
        try plan.drawOver(converted)
        newest = converted
        try track.write(converted, duration: steadyTicks ?? picture.pointee.pkt_duration)
        try each()
    }
}
