import CMedia
public import StudioCore

/// A small JPEG of a video or a picture: upright, with square pixels and its proportions kept, never enlarged.
public struct Thumbnail: Sendable, Equatable {
    /// How many frames are decoded at most between a key frame and the wanted moment.
    private static let maxFrames = 600

    /// The input's path.
    public var input: String
    /// The widest it may be, in pixels.
    public var maxWidth: Int
    /// The highest it may be, in pixels.
    public var maxHeight: Int
    /// The moment, in seconds from the start; `nil` is a tenth of the way in. After the end counts as the last frame.
    public var second: Double?
    /// The size of the JPEG.
    public var quality: QualityTier
    /// The largest input to accept.
    public var limits: MediaLimits

    /// Describes a thumbnail.
    /// - Parameters:
    ///   - input: The input's path.
    ///   - maxWidth: The widest it may be, in pixels, 16 to 4096.
    ///   - maxHeight: The highest it may be, in pixels, 16 to 4096.
    ///   - second: The moment, in seconds from the start, or `nil`.
    ///   - quality: The size of the JPEG.
    ///   - limits: The largest input to accept.
    public init(
        input: String, maxWidth: Int = 320, maxHeight: Int = 320, second: Double? = nil,
        quality: QualityTier = .standard,
        limits: MediaLimits = MediaLimits()
    ) {
        self.input = input
        self.maxWidth = maxWidth
        self.maxHeight = maxHeight
        self.second = second
        self.quality = quality
        self.limits = limits
    }

    /// Makes the thumbnail. Blocks; decodes at most 600 frames.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress; what it throws stops the work.
    /// - Throws: `MediaError` (`unsupported` for an input without pictures, and any other code), or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        guard (16...4096).contains(maxWidth), (16...4096).contains(maxHeight) else {
            throw MediaError(
                .parametersInvalid, "A thumbnail of \(maxWidth)×\(maxHeight) is not possible; a side has 16 to 4096.")
        }
        if let second, !(second.isFinite && second >= 0 && second < 1e9) {
            throw MediaError(.parametersInvalid, "A thumbnail at \(second) s is not possible.")
        }
        var counter = ProgressCounter(total: 1, report: progress)
        try counter.start()
        let demuxer = try Demuxer(path: input, limits: limits)
        guard let stream = demuxer.mainVideo else {
            throw MediaError(.unsupported, "\(demuxer.name) has no picture in it.")
        }
        let picture = try pick(from: demuxer, stream) { try counter.start() }
        let bytes = try encode(picture, stream, of: demuxer)
        try OutputFile.write(picture: bytes, to: path, counting: &counter)
    }

    /// Decodes the frame at the wanted moment; from the start where the file cannot be searched or has nothing there.
    private func pick(
        from demuxer: Demuxer, _ stream: UnsafeMutablePointer<AVStream>, each: () throws -> Void
    ) throws -> Frame {
        let moment = second.map { Int64($0 * 1e6) } ?? (demuxer.duration ?? 0) / 10
        if moment > 0, demuxer.seek(to: moment), let frame = try decode(demuxer, stream, until: moment, each) {
            return frame
        }
        if let frame = try decode(try Demuxer(path: input, limits: limits), stream.pointee.index, until: moment, each) {
            return frame
        }
        throw MediaError(
            .inputInvalid, "\(demuxer.name) has no picture that can be decoded.",
            detail: MediaLog.takeLines().joined(separator: "; "))
    }

    private func decode(_ demuxer: Demuxer, _ index: Int32, until moment: Int64, _ each: () throws -> Void) throws
        -> Frame?
    {
        guard let stream = demuxer.streams.first(where: { $0.pointee.index == index }) else { return nil }
        return try decode(demuxer, stream, until: moment, each)
    }

    /// The first frame at or after the moment, else the last one there is.
    private func decode(
        _ demuxer: Demuxer, _ stream: UnsafeMutablePointer<AVStream>, until moment: Int64, _ each: () throws -> Void
    ) throws -> Frame? {
        let decoder = try Decoder(stream: stream, limits: limits, name: demuxer.name, strict: demuxer.isPicture)
        let packet = try Packet()
        let frame = try Frame()
        let best = try Frame()
        var damage = DamageCount()
        var count = 0
        var isAtEnd = false
        while !isAtEnd {
            isAtEnd = try !demuxer.read(into: packet)
            guard isAtEnd || packet.pointer.pointee.stream_index == stream.pointee.index else { continue }
            damage.packet()
            let status = decoder.send(isAtEnd ? nil : packet)
            if status < 0 && !isAtEnd { try damage.failure(status, of: demuxer.name) }
            answers: while true {
                switch decoder.receive(into: frame) {
                case .needsInput, .ended: break answers
                case .failed(let status): try damage.failure(status, of: demuxer.name)
                case .frame:
                    try each()
                    count += 1
                    best.unreference()
                    av_frame_move_ref(best.pointer, frame.pointer)
                    let stamp = best.pointer.pointee.best_effort_timestamp
                    let time = av_rescale_q(stamp, stream.pointee.time_base, cmedia_microsecond()) &- demuxer.start
                    if stamp == cmedia_no_timestamp() || time >= moment || count >= Self.maxFrames { return best }
                }
            }
        }
        return count > 0 ? best : nil
    }

    private func encode(
        _ picture: Frame, _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer
    ) throws -> [UInt8] {
        let orientation = demuxer.orientation(of: stream)
        guard let parameters = stream.pointee.codecpar?.pointee else {
            throw MediaError(.inputInvalid, "The input is damaged.")
        }
        let size = size(of: picture.pointer.pointee, orientation)
        return try JPEGPicture(
            width: size.width, height: size.height,
            before: ColourConversion(of: parameters).toneMapping + demuxer.stillFilters(for: picture),
            orientation: orientation, quantiser: quality.jpegQuantiser
        ).encode(picture)
    }

    /// The size before turning.
    private func size(of picture: AVFrame, _ orientation: Orientation) -> (width: Int, height: Int) {
        let aspect = picture.sample_aspect_ratio
        let stretch = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1
        let (wide, high) = (Double(picture.width) * stretch, Double(picture.height))
        let limit = orientation.turned(maxWidth, maxHeight)
        let scale = min(1, Double(limit.width) / wide, Double(limit.height) / high)
        return (max(1, Int((wide * scale).rounded())), max(1, Int((high * scale).rounded())))
    }
}
