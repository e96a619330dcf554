import CMedia

/// What a file says of itself in words, and what of that is carried into another.
extension Demuxer {
    /// Words of the whole file. What libraries and cameras write about themselves and the date is left out.
    private static let carried = [
        "title", "artist", "album", "album_artist", "composer", "comment", "copyright", "description",
        "genre", "show",
        "episode_id", "track", "synopsis",
    ]

    /// The file's own words.
    var words: [(String, String)] { Self.words(Self.carried, in: context.pointee.metadata) }

    /// A stream's own words: its language and title.
    func words(of stream: UnsafeMutablePointer<AVStream>) -> [(String, String)] {
        Self.words(["language", "title"], in: stream.pointee.metadata)
    }

    /// The chapters, in milliseconds from the file's start.
    var chapters: [(title: String, start: Int64, end: Int64)] {
        (0..<Int(context.pointee.nb_chapters)).compactMap { number in
            guard let chapter = context.pointee.chapters[number]?.pointee else { return nil }
            let unit = AVRational(num: 1, den: 1000)
            let start = av_rescale_q(self.start, cmedia_microsecond(), unit)
            return (
                Self.words(["title"], in: chapter.metadata).first?.1 ?? "Chapter \(number + 1)",
                av_rescale_q(chapter.start, chapter.time_base, unit) &- start,
                av_rescale_q(chapter.end, chapter.time_base, unit) &- start
            )
        }
    }

    /// The rate of a stream whose frames all have the same duration; `nil` for others.
    func steadyRate(of stream: UnsafeMutablePointer<AVStream>) -> FrameRate? {
        guard !isPicture, let average = FrameRate(stream.pointee.avg_frame_rate),
            let steady = FrameRate(stream.pointee.r_frame_rate),
            abs(steady.framesPerSecond / average.framesPerSecond - 1) < 0.01
        else { return nil }
        return steady
    }

    /// How wide a stream's pixels are for their height, as the container says, else the coded pictures; square where neither does.
    func pixelAspect(of stream: UnsafeMutablePointer<AVStream>) -> AVRational {
        let aspect = av_guess_sample_aspect_ratio(context, stream, nil)
        return aspect.num > 0 && aspect.den > 0 ? aspect : AVRational(num: 1, den: 1)
    }

    /// What a stream of PQ or HLG says of its light: the container, else its first picture where that may be decoded.
    func highDynamicRange(
        of stream: UnsafeMutablePointer<AVStream>, path: String, decoding: Bool = true
    ) throws -> HighDynamicRange? {
        guard stream.pointee.codecpar?.pointee.isHighDynamicRange == true else { return nil }
        if let told = HighDynamicRange(of: stream) { return told }
        guard decoding else { return nil }
        return try FirstPicture.decode(path: path, stream: stream.pointee.index, limits: limits)
            .flatMap { HighDynamicRange(of: $0) }
    }

    /// Whether a stream of VP9 has its transparency in a second picture beside each, as WebM's `AlphaMode` says.
    static func hasAlphaBeside(_ stream: UnsafeMutablePointer<AVStream>) -> Bool {
        words(["alpha_mode"], in: stream.pointee.metadata).first?.1 == "1"
    }

    /// The packets that the file says a stream has; `nil` where it does not.
    func expectedPackets(of stream: UnsafeMutablePointer<AVStream>) -> Int? {
        if stream.pointee.codecpar?.pointee.codec_type == AVMEDIA_TYPE_VIDEO {
            return expectedFrames(of: stream)
        }
        return stream.pointee.nb_frames > 0 ? Int(stream.pointee.nb_frames) : nil
    }

    /// Refuses to write over the file that is read.
    func refuseOverwriting(_ path: String) throws {
        if source.isFile(at: path) {
            throw MediaError(.parametersInvalid, "The output would replace the input \(name).")
        }
    }

    private static func words(_ keys: [String], in dictionary: OpaquePointer?) -> [(String, String)] {
        keys.compactMap { key in
            guard let entry = av_dict_get(dictionary, key, nil, 0), let value = entry.pointee.value else {
                return nil
            }
            return (key, String(cString: value))
        }
    }
}

/// The first picture of a stream: what only decoding tells of it.
enum FirstPicture {
    /// The most packets that are read for it.
    private static let maxPackets = 500

    /// Decodes it; `nil` where none of the first packets gives one.
    static func decode(path: String, stream number: Int32, limits: MediaLimits) throws -> Frame? {
        let demuxer = try Demuxer(path: path, limits: limits)
        guard let stream = demuxer.streams.first(where: { $0.pointee.index == number }) else {
            return nil
        }
        let decoder = try Decoder(
            stream: stream, limits: limits, name: demuxer.name, strict: demuxer.isPicture)
        let packet = try Packet()
        let frame = try Frame()
        var packets = 0
        while packets < maxPackets, try demuxer.read(into: packet) {
            guard packet.pointer.pointee.stream_index == number else { continue }
            packets += 1
            _ = decoder.send(packet)
            if case .frame = decoder.receive(into: frame) { return frame }
        }
        _ = decoder.send(nil)
        if case .frame = decoder.receive(into: frame) { return frame }
        return nil
    }
}
