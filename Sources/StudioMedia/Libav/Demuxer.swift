import CMedia
import Glibc

/// An opened media file: its streams and its packets, in the file's order.
final class Demuxer {
    let source: SourceFile
    let limits: MediaLimits
    let context: UnsafeMutablePointer<AVFormatContext>
    /// The status that ended reading before the end of the file, 0 without one.
    private(set) var brokenOff: Int32 = 0
    /// Where the furthest packet read so far ends, in microseconds from the file's start.
    private(set) var reached: Int64 = 0
    private var timeline: TimelineRepair
    /// The packets of each stream that were read from the file's beginning on, without a leap.
    private var counts: [Int32: Int64] = [:]
    /// Where the furthest stream ends of those that have come whole, in microseconds from the file's start.
    private var ended: Int64 = 0
    private var hasLeapt = false

    var name: String { source.name }

    init(path: String, limits: MediaLimits) throws {
        _ = MediaLog.installed
        let source = try SourceFile(path: path)
        let stream = try source.openStream()
        let format = try ContainerFormat.tell(source, stream)
        guard let allocated = avformat_alloc_context() else {
            throw MediaError(.limitExceeded, "There is no memory to open \(source.name).")
        }
        allocated.pointee.pb = stream
        // One more than allowed, so that a file over the limit can be told from a broken one.
        allocated.pointee.max_streams = Int32(clamping: limits.maxStreams + 1)
        allocated.pointee.io_open = { _, _, _, _, _ in cmedia_error(EACCES) }
        var opened: UnsafeMutablePointer<AVFormatContext>? = allocated
        let status = avformat_open_input(&opened, nil, format, nil)
        guard status >= 0, let opened else {
            throw ContainerFormat.refusal(of: source, status)
        }
        self.source = source
        self.limits = limits
        self.context = opened
        let isDiscontinuous = opened.pointee.iformat.pointee.flags & AVFMT_TS_DISCONT != 0
        timeline = TimelineRepair(isNeeded: isDiscontinuous)
        // From here on deinit closes what was opened.
        try inspect()
    }

    deinit {
        var context: UnsafeMutablePointer<AVFormatContext>? = context
        avformat_close_input(&context)
        withExtendedLifetime(source) {}
    }

    var streams: [UnsafeMutablePointer<AVStream>] {
        (0..<Int(context.pointee.nb_streams)).compactMap { context.pointee.streams[$0] }
    }

    /// The container's name in libav's words, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    var formatName: String { String(cString: context.pointee.iformat.pointee.name) }

    /// Whether the file is a picture rather than a container: libav has a `…_pipe` format for each kind of picture file.
    var isPicture: Bool { formatName.hasSuffix("_pipe") }

    /// The duration that the file gives, in microseconds; `nil` where it gives none.
    var duration: Int64? {
        let duration = context.pointee.duration
        return duration == cmedia_no_timestamp() || duration <= 0 || isPicture ? nil : duration
    }

    /// How a stream's pictures are turned to be seen as they were meant: a picture file's Exif says so, or the container.
    func orientation(of stream: UnsafeMutablePointer<AVStream>) -> Orientation {
        isPicture ? ExifOrientation.read(source) : Orientation(displayMatrixOf: stream)
    }

    /// The earliest moment of the file in microseconds: what output timestamps are counted from.
    ///
    /// Matroska's Opus begins with samples that only its decoder hears: they are before the beginning.
    var start: Int64 {
        let start = context.pointee.start_time
        guard start != cmedia_no_timestamp() else { return 0 }
        guard start < 0, formatName.hasPrefix("matroska") else { return start }
        let beginnings = streams.compactMap { stream -> Int64? in
            guard let parameters = stream.pointee.codecpar?.pointee, stream.pointee.start_time != cmedia_no_timestamp(),
                [AVMEDIA_TYPE_VIDEO, AVMEDIA_TYPE_AUDIO].contains(parameters.codec_type)
            else { return nil }
            // In the stream's own milliseconds, so that what rounding took off comes back.
            let base = stream.pointee.time_base
            let lead = av_rescale_q(Int64(OpusHeader.padding(parameters)), OpusHeader.unit, base)
            return av_rescale_q(stream.pointee.start_time &+ lead, base, cmedia_microsecond())
        }
        return beginnings.min() ?? start
    }

    /// Reads the next packet of any stream. Damage ends reading like the end of the file; `checkComplete` tells them apart.
    /// - Returns: `false` at the end.
    func read(into packet: Packet) throws -> Bool {
        packet.unreference()
        let status = av_read_frame(context, packet.pointer)
        guard status >= 0 else {
            guard source.readError == 0 else {
                throw MediaError.system(source.readError, .inputUnreadable, "\(name) cannot be read.")
            }
            if status == cmedia_error(ENOMEM) {
                throw MediaError.libav(status, .limitExceeded, "\(name) is too large.")
            }
            if status != cmedia_error_end() { brokenOff = status }
            return false
        }
        note(packet)
        return true
    }

    /// Moves to the key frame at or before a time, in microseconds from the file's start.
    func seek(to microseconds: Int64) -> Bool {
        hasLeapt = true
        return avformat_seek_file(context, -1, Int64.min, start &+ microseconds, start &+ microseconds, 0) >= 0
    }

    /// Refuses an input that is cut off.
    ///
    /// The rule: where the file's header gives a duration, packets must reach 95 % of it; a stream all of whose packets have
    /// come that the file's index names reaches its own end. Without such a duration, reading must have ended at the end of
    /// the file and not at an error.
    func checkComplete() throws {
        if context.pointee.duration_estimation_method == AVFMT_DURATION_FROM_STREAM, let duration {
            // Headers count from zero, also where the first frame is due later.
            let end = max(reached, ended)
            guard Double(end) + Double(max(0, start)) >= 0.95 * Double(duration) else {
                throw MediaError(
                    .inputInvalid,
                    "\(name) is cut off: it ends \(Self.seconds(end)) s into \(Self.seconds(duration)) s.",
                    detail: MediaLog.takeLines().joined(separator: "; "))
            }
        } else if brokenOff != 0 {
            throw MediaError.libav(brokenOff, .inputInvalid, "\(name) is damaged: it cannot be read to its end.")
        }
    }

    private func note(_ packet: Packet) {
        let index = Int(packet.pointer.pointee.stream_index)
        guard index < Int(context.pointee.nb_streams), let stream = context.pointee.streams[index] else { return }
        let base = stream.pointee.time_base
        timeline.repair(packet.pointer, base)
        let stamp =
            packet.pointer.pointee.pts == cmedia_no_timestamp()
            ? packet.pointer.pointee.dts : packet.pointer.pointee.pts
        guard stamp != cmedia_no_timestamp() else { return }
        // In short files with reordered frames the demuxer knows no packet's duration: then it is a frame's.
        var length = max(0, packet.pointer.pointee.duration)
        let rate = stream.pointee.avg_frame_rate
        if length == 0, rate.num > 0, rate.den > 0 {
            length = av_rescale_q(1, AVRational(num: rate.den, den: rate.num), base)
        }
        let end = av_rescale_q(stamp &+ length, base, cmedia_microsecond())
        reached = max(reached, end &- start)
        noteEnd(of: stream)
    }

    /// Notes where a stream ends whose last packet has come, by its header.
    ///
    /// How long its last picture or block lasts its packets do not say: of pictures that are put in order libav knows no
    /// durations, and of a stream that begins late it takes the last packet to end as much too early.
    private func noteEnd(of stream: UnsafeMutablePointer<AVStream>) {
        let named = stream.pointee.nb_frames
        guard named > 0, !hasLeapt else { return }
        counts[stream.pointee.index, default: 0] += 1
        let none = cmedia_no_timestamp()
        guard counts[stream.pointee.index] == named, stream.pointee.duration != none,
            stream.pointee.start_time != none
        else { return }
        let end = av_rescale_q(
            stream.pointee.start_time &+ stream.pointee.duration, stream.pointee.time_base, cmedia_microsecond())
        ended = max(ended, end &- start)
    }

    private func inspect() throws {
        guard streams.count <= limits.maxStreams else {
            throw MediaError(.limitExceeded, "\(name) has over \(limits.maxStreams) streams.")
        }
        try checkSizes()
        if isPicture { try PictureHeader.check(source, limits) }
        let status = probeStreams()
        guard status >= 0 else { throw ContainerFormat.refusal(of: source, status) }
        try checkSizes()
        if let duration { try limits.check(seconds: Double(duration) / 1e6, of: name) }
        let usable = streams.contains { stream in
            guard let parameters = stream.pointee.codecpar else { return false }
            return parameters.pointee.codec_id != AV_CODEC_ID_NONE
                && (parameters.pointee.width > 0 || parameters.pointee.sample_rate > 0)
        }
        guard usable else { throw ContainerFormat.refusal(of: source, cmedia_error_invalid_data()) }
    }

    /// Lets libav decode the first frames, with our bound on their size.
    private func probeStreams() -> Int32 {
        let count = Int(context.pointee.nb_streams)
        var options = [OpaquePointer?](repeating: nil, count: count)
        for index in options.indices { av_dict_set(&options[index], "max_pixels", String(limits.maxPixels), 0) }
        let status = avformat_find_stream_info(context, &options)
        for index in options.indices { av_dict_free(&options[index]) }
        return status
    }

    private func checkSizes() throws {
        for stream in streams {
            guard let parameters = stream.pointee.codecpar?.pointee, parameters.codec_type == AVMEDIA_TYPE_VIDEO else {
                continue
            }
            try limits.check(width: Int(parameters.width), height: Int(parameters.height), of: name)
        }
    }

    private static func seconds(_ microseconds: Int64) -> String {
        let tenths = microseconds / 100_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}
