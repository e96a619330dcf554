import CMedia

extension MediaProbe {
    /// Reads a file. Blocks for as long as the disk takes.
    /// - Parameters:
    ///   - path: The file. Its name plays no part: content alone tells what it is.
    ///   - limits: The largest file to accept.
    ///   - depth: How much is read. Default all packets.
    /// - Returns: What the file is.
    /// - Throws: `MediaError`: `inputUnreadable` where the file is missing or cannot be read, `inputInvalid` where it is
    ///   empty, not media, damaged or cut off, `limitExceeded` over the limits.
    public static func read(
        path: String, limits: MediaLimits = MediaLimits(), depth: Depth = .packets
    ) throws -> MediaProbe {
        let demuxer = try Demuxer(path: path, limits: limits)
        var streams = demuxer.streams.map { Stream($0, of: demuxer) }
        if depth == .packets {
            let counts = try countPackets(of: demuxer)
            for index in streams.indices where streams[index].kind == .video {
                streams[index].frameCount = counts[streams[index].index] ?? 0
                try limits.check(frames: streams[index].frameCount ?? 0, of: demuxer.name)
            }
            try demuxer.checkComplete()
            if demuxer.isPicture { try decodePicture(of: demuxer, path: path, limits: limits) }
        }
        let seconds = demuxer.duration.map { Double($0) / 1e6 }
        return MediaProbe(
            container: demuxer.formatName, durationSeconds: seconds,
            startSeconds: demuxer.isPicture ? nil : Double(demuxer.start) / 1e6, sizeBytes: demuxer.source.size,
            bitRate: seconds.flatMap { Int64(exactly: (Double(demuxer.source.size) * 8 / $0).rounded()) },
            streams: streams)
    }

    private static func countPackets(of demuxer: Demuxer) throws -> [Int: Int] {
        var counts: [Int: Int] = [:]
        let packet = try Packet()
        while try demuxer.read(into: packet) {
            // Packets that an edit list hides are decoded but not shown.
            if packet.pointer.pointee.flags & AV_PKT_FLAG_DISCARD == 0 {
                counts[Int(packet.pointer.pointee.stream_index), default: 0] += 1
            }
        }
        return counts
    }

    /// A picture is one packet whatever is missing in it, so that only decoding tells.
    private static func decodePicture(of demuxer: Demuxer, path: String, limits: MediaLimits) throws {
        let codec = demuxer.mainVideo?.pointee.codecpar?.pointee.codec_id
        let frame = try Frame()
        if codec == AV_CODEC_ID_PNG || codec == AV_CODEC_ID_MJPEG {
            try StillDecoder(limits: limits).decode(path: path, into: frame)
            return
        }
        let reopened = try Demuxer(path: path, limits: limits)
        guard let stream = reopened.mainVideo else {
            throw MediaError(.inputInvalid, "\(demuxer.name) has no picture in it.")
        }
        let decoder = try Decoder(stream: stream, limits: limits, name: demuxer.name, strict: true)
        let packet = try Packet()
        while try reopened.read(into: packet) {
            let status = decoder.send(packet)
            guard status >= 0 else { throw MediaError.libav(status, .inputInvalid, "\(demuxer.name) is damaged.") }
        }
        _ = decoder.send(nil)
        guard case .frame = decoder.receive(into: frame) else {
            throw MediaError(
                .inputInvalid, "\(demuxer.name) is damaged or cut off.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
    }
}

extension MediaProbe.Stream {
    init(_ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer) {
        let none = cmedia_no_timestamp()
        let base = stream.pointee.time_base
        func seconds(_ time: Int64) -> Double? {
            time == none || base.den == 0 ? nil : Double(time) * Double(base.num) / Double(base.den)
        }
        index = Int(stream.pointee.index)
        isCover = stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0
        startSeconds = demuxer.isPicture ? nil : seconds(stream.pointee.start_time)
        durationSeconds = demuxer.isPicture ? nil : seconds(stream.pointee.duration)
        guard let pointer = stream.pointee.codecpar else {
            (kind, codec) = (.data, "none")
            return
        }
        let parameters = pointer.pointee
        codec = String(cString: avcodec_get_name(parameters.codec_id))
        bitRate = parameters.bit_rate > 0 ? parameters.bit_rate : nil
        switch parameters.codec_type {
        case AVMEDIA_TYPE_VIDEO:
            kind = .video
            readPicture(parameters)
            let orientation = demuxer.orientation(of: stream)
            rotation = orientation.rotation
            isMirrored = orientation.isMirrored
            if !demuxer.isPicture, let rate = FrameRate(stream.pointee.avg_frame_rate) {
                frameRate = rate.description
                frameRateNumerator = rate.numerator
                frameRateDenominator = rate.denominator
            }
            frameCount = demuxer.isPicture ? 1 : stream.pointee.nb_frames > 0 ? Int(stream.pointee.nb_frames) : nil
        case AVMEDIA_TYPE_AUDIO:
            kind = .audio
            sampleRate = Int(parameters.sample_rate)
            channels = Int(parameters.ch_layout.nb_channels)
            var name = [CChar](repeating: 0, count: 128)
            if av_channel_layout_describe(&pointer.pointee.ch_layout, &name, name.count) > 0 {
                channelLayout = text(name)
            }
        case AVMEDIA_TYPE_SUBTITLE: kind = .subtitle
        default: kind = .data
        }
    }

    private mutating func readPicture(_ parameters: AVCodecParameters) {
        width = Int(parameters.width)
        height = Int(parameters.height)
        pixelFormat = av_get_pix_fmt_name(AVPixelFormat(rawValue: parameters.format)).map { String(cString: $0) }
        let aspect = parameters.sample_aspect_ratio
        if aspect.num > 0, aspect.den > 0 { pixelAspect = "\(aspect.num)/\(aspect.den)" }
        colourPrimaries = Self.known(av_color_primaries_name(parameters.color_primaries))
        colourTransfer = Self.known(av_color_transfer_name(parameters.color_trc))
        colourMatrix = Self.known(av_color_space_name(parameters.color_space))
        colourRange = Self.known(av_color_range_name(parameters.color_range))
    }

    private static func known(_ name: UnsafePointer<CChar>?) -> String? {
        guard let text = name.map({ String(cString: $0) }), text != "unknown" else { return nil }
        return text
    }
}
