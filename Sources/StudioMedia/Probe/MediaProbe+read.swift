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
                let count = counts[streams[index].index] ?? PacketCount()
                streams[index].frameCount = count.packets
                try limits.check(frames: count.packets, of: demuxer.name)
                guard let stream = demuxer.streams.first(where: { Int($0.pointee.index) == streams[index].index }),
                    let rate = demuxer.steadyRate(of: stream)
                else { continue }
                if !count.isSteady(at: rate, stream.pointee.time_base) { streams[index].steadyFrameRate = nil }
            }
            try demuxer.checkComplete()
            if demuxer.isPicture { try decodePicture(of: demuxer, path: path, limits: limits) }
        }
        if let stream = demuxer.mainVideo,
            let place = streams.firstIndex(where: { $0.index == Int(stream.pointee.index) })
        {
            streams[place].read(
                try demuxer.highDynamicRange(of: stream, path: path, decoding: depth == .packets))
        }
        let seconds = demuxer.duration.map { Double($0) / 1e6 }
        let chapters = demuxer.chapters.map {
            Chapter(
                title: $0.title, startSeconds: Double($0.start) / 1000, endSeconds: Double($0.end) / 1000)
        }
        return MediaProbe(
            container: demuxer.formatName, durationSeconds: seconds,
            duration: duration(of: demuxer, streams),
            startSeconds: demuxer.isPicture ? nil : Double(demuxer.start) / 1e6,
            timecode: demuxer.timecode?.description,
            mismatch: NameMismatch.of(demuxer.name, format: demuxer.formatName),
            chapters: chapters.isEmpty ? nil : chapters, sizeBytes: demuxer.source.size,
            bitRate: seconds.flatMap { Int64(exactly: (Double(demuxer.source.size) * 8 / $0).rounded()) },
            streams: streams)
    }

    /// The film's own duration where its frames are counted and all have the same, else what the file says.
    private static func duration(of demuxer: Demuxer, _ streams: [Stream]) -> String? {
        if demuxer.audioStreams.isEmpty, let stream = demuxer.mainVideo,
            let rate = demuxer.steadyRate(of: stream),
            let told = streams.first(where: { $0.index == Int(stream.pointee.index) }), told.steadyFrameRate != nil,
            let count = told.frameCount
        {
            return Fraction.text(Int64(count) * Int64(rate.denominator), Int64(rate.numerator))
        }
        return demuxer.duration.flatMap { Fraction.text($0, 1_000_000) }
    }

    private static func countPackets(of demuxer: Demuxer) throws -> [Int: PacketCount] {
        var counts: [Int: PacketCount] = [:]
        let packet = try Packet()
        while try demuxer.read(into: packet) {
            // Packets that an edit list hides are decoded but not shown.
            if packet.pointer.pointee.flags & AV_PKT_FLAG_DISCARD == 0 {
                counts[Int(packet.pointer.pointee.stream_index), default: PacketCount()].add(packet)
            }
        }
        return counts
    }

    /// A picture is one packet whatever is missing in it, so that only decoding tells.
    private static func decodePicture(of demuxer: Demuxer, path: String, limits: MediaLimits) throws {
        let frame = try Frame()
        if StillKind(demuxer.source.bytes(at: 0, count: 16)) != nil {
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
            guard status >= 0 else {
                throw MediaError.libav(status, .inputInvalid, "\(demuxer.name) is damaged.")
            }
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
        if durationSeconds != nil, base.den > 0 {
            duration = Fraction.text(stream.pointee.duration * Int64(base.num), Int64(base.den))
        }
        language = demuxer.words(of: stream).first { $0.0 == "language" }?.1
        guard let pointer = stream.pointee.codecpar else {
            (kind, codec) = (.data, "none")
            return
        }
        let parameters = pointer.pointee
        codec = String(cString: avcodec_get_name(parameters.codec_id))
        bitRate = parameters.bit_rate > 0 ? parameters.bit_rate : nil
        profile = avcodec_profile_name(parameters.codec_id, parameters.profile).map {
            String(cString: $0)
        }
        switch parameters.codec_type {
        case AVMEDIA_TYPE_VIDEO:
            kind = .video
            readPicture(parameters)
            // QuickTime says it beside the coded pictures.
            let aspect = av_guess_sample_aspect_ratio(demuxer.context, stream, nil)
            if aspect.num > 0, aspect.den > 0 { pixelAspect = "\(aspect.num)/\(aspect.den)" }
            if Demuxer.hasAlphaBeside(stream) { hasAlpha = true }
            steadyFrameRate = demuxer.steadyRate(of: stream)?.description
            let orientation = demuxer.orientation(of: stream)
            rotation = orientation.rotation
            isMirrored = orientation.isMirrored
            if !demuxer.isPicture, let rate = FrameRate(stream.pointee.avg_frame_rate) {
                frameRate = rate.description
                frameRateNumerator = rate.numerator
                frameRateDenominator = rate.denominator
            }
            frameCount =
                demuxer.isPicture ? 1 : stream.pointee.nb_frames > 0 ? Int(stream.pointee.nb_frames) : nil
        case AVMEDIA_TYPE_AUDIO:
            kind = .audio
            sampleRate = Int(parameters.sample_rate)
            channels = Int(parameters.ch_layout.nb_channels)
            let bits = Int(
                max(parameters.bits_per_raw_sample, av_get_bits_per_sample(parameters.codec_id)))
            bitDepth = bits > 0 ? bits : nil
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
        pixelFormat = av_get_pix_fmt_name(AVPixelFormat(rawValue: parameters.format)).map {
            String(cString: $0)
        }
        if let descriptor = av_pix_fmt_desc_get(AVPixelFormat(rawValue: parameters.format))?.pointee {
            bitDepth = Int(descriptor.comp.0.depth)
            hasAlpha = descriptor.flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0
        }
        fieldOrder = Self.fieldOrders[parameters.field_order.rawValue]
        colourPrimaries = Self.known(av_color_primaries_name(parameters.color_primaries))
        colourTransfer = Self.known(av_color_transfer_name(parameters.color_trc))
        colourMatrix = Self.known(av_color_space_name(parameters.color_space))
        colourRange = Self.known(av_color_range_name(parameters.color_range))
    }

    private static let fieldOrders: [UInt32: String] = [
        AV_FIELD_PROGRESSIVE.rawValue: "progressive", AV_FIELD_TT.rawValue: "tt",
        AV_FIELD_BB.rawValue: "bb",
        AV_FIELD_TB.rawValue: "tb", AV_FIELD_BT.rawValue: "bt",
    ]

    fileprivate mutating func read(_ range: HighDynamicRange?) {
        masteringDisplay = range?.display.map { MediaProbe.MasteringDisplay($0) }
        contentLight = range?.light.map { MediaProbe.ContentLight($0) }
    }

    /// One of libav's words for colours; `nil` where it says that nothing is told.
    static func known(_ name: UnsafePointer<CChar>?) -> String? {
        guard let text = name.map({ String(cString: $0) }), text != "unknown" else { return nil }
        return text
    }
}

/// Exact numbers as text.
enum Fraction {
    /// A fraction in its lowest terms, such as `1001/250`; `nil` where it is not above zero.
    static func text(_ numerator: Int64, _ denominator: Int64) -> String? {
        guard numerator > 0, denominator > 0 else { return nil }
        var (a, b) = (numerator, denominator)
        while b != 0 { (a, b) = (b, a % b) }
        return "\(numerator / a)/\(denominator / a)"
    }
}
