import CMedia

/// A media file being written. ISO files get their index first ("faststart") once they are finished.
///
/// Whatever ends it before `finish()` removes the file. Nothing of the machine, the library or the date is written.
final class Muxer {
    let container: ContainerKind
    private let output: OutputFile
    private let context: UnsafeMutablePointer<AVFormatContext>
    private let segments: MediaSegments?
    private var isOpen = false

    /// Begins a file.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; without ``finish(_:)`` nothing is left.
    ///   - container: The kind of file, whatever the path's extension.
    ///   - segments: Learns where the segments are of a file of one stream that is MP4 in fragments; `nil` for a whole one.
    /// - Throws: `MediaError` with `outputFailed` or `limitExceeded`.
    init(path: String, container: ContainerKind = .mp4, segments: MediaSegments? = nil) throws {
        _ = MediaLog.installed
        self.container = container
        self.segments = segments
        output = try OutputFile(path: path)
        var made: UnsafeMutablePointer<AVFormatContext>?
        // The prefix keeps a colon in the path from being read as a protocol.
        let status = avformat_alloc_output_context2(&made, nil, container.muxerName, "file:" + path)
        guard status >= 0, let made else {
            throw MediaError.libav(status, .outputFailed, "The \(container.title) writer cannot be made.")
        }
        context = made
        context.pointee.flags |= AVFMT_FLAG_BITEXACT
        // libav calls FLAC and Opus in MP4 experimental, years after their specifications.
        context.pointee.strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL
    }

    deinit {
        if isOpen { avio_closep(&context.pointee.pb) }
        avformat_free_context(context)
    }

    /// Adds a stream for what an encoder makes.
    /// - Returns: The stream's number in the file.
    func addStream(for encoder: Encoder) throws -> Int32 {
        let stream = try addStream()
        let status = avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context)
        guard status >= 0 else { throw failure(status) }
        stream.pointee.time_base = encoder.timeBase
        stream.pointee.avg_frame_rate = encoder.context.pointee.framerate
        stream.pointee.sample_aspect_ratio = encoder.context.pointee.sample_aspect_ratio
        if container.isISO, encoder.context.pointee.codec_id == AV_CODEC_ID_HEVC { tagForApple(stream) }
        return stream.pointee.index
    }

    /// Adds a stream for packets of another file, which are written as they are.
    /// - Parameter source: The stream of the other file.
    /// - Returns: The stream's number in this file.
    /// - Throws: `MediaError` with `limitExceeded`.
    func addStream(copying source: UnsafeMutablePointer<AVStream>) throws -> Int32 {
        let stream = try addStream()
        let status = avcodec_parameters_copy(stream.pointee.codecpar, source.pointee.codecpar)
        guard status >= 0, let parameters = stream.pointee.codecpar else { throw failure(status) }
        // Every kind of file has its own tags; this one's writer finds the right one. Those of ProRes and DNxHR are the same
        // everywhere and say the profile, which nothing else does.
        if ![AV_CODEC_ID_PRORES, AV_CODEC_ID_DNXHD].contains(parameters.pointee.codec_id) {
            parameters.pointee.codec_tag = 0
        }
        stream.pointee.time_base = source.pointee.time_base
        stream.pointee.avg_frame_rate = source.pointee.avg_frame_rate
        stream.pointee.sample_aspect_ratio = source.pointee.sample_aspect_ratio
        if container.isISO, parameters.pointee.codec_id == AV_CODEC_ID_HEVC { tagForApple(stream) }
        if [.mkv, .webm].contains(container) {
            // Where the source has it in the codec's header alone.
            let padding = OpusHeader.padding(parameters.pointee)
            parameters.pointee.initial_padding = max(parameters.pointee.initial_padding, padding)
        }
        for number in 0..<Int(source.pointee.nb_side_data) {
            let side = source.pointee.side_data[number]
            guard let copy = av_stream_new_side_data(stream, side.type, side.size), let data = side.data else {
                throw MediaError(.limitExceeded, "There is no memory for a stream.")
            }
            copy.update(from: data, count: side.size)
        }
        return stream.pointee.index
    }

    /// Adds a stream of subtitles.
    /// - Parameters:
    ///   - codec: How their packets are written.
    ///   - unit: The unit of their times.
    ///   - header: What a decoder must know of them; empty for nothing.
    /// - Returns: The stream's number in the file.
    /// - Throws: `MediaError` with `limitExceeded`.
    func addSubtitles(_ codec: AVCodecID, _ unit: AVRational, header: [UInt8]) throws -> Int32 {
        let stream = try addStream()
        guard let parameters = stream.pointee.codecpar,
            let extra = av_mallocz(header.count + Int(AV_INPUT_BUFFER_PADDING_SIZE))
        else { throw MediaError(.limitExceeded, "There is no memory for a stream.") }
        parameters.pointee.codec_type = AVMEDIA_TYPE_SUBTITLE
        parameters.pointee.codec_id = codec
        // Freed with the stream.
        parameters.pointee.extradata = extra.assumingMemoryBound(to: UInt8.self)
        parameters.pointee.extradata_size = Int32(header.count)
        parameters.pointee.extradata.update(from: header, count: header.count)
        stream.pointee.time_base = unit
        return stream.pointee.index
    }

    /// One of the streams added so far.
    func stream(_ number: Int32) -> UnsafeMutablePointer<AVStream>? {
        guard (0..<Int32(context.pointee.nb_streams)).contains(number) else { return nil }
        return context.pointee.streams[Int(number)]
    }

    /// Says something of the file, such as its `title`, before it is started. Keys as libav has them.
    func describe(_ key: String, _ value: String) { av_dict_set(&context.pointee.metadata, key, value, 0) }

    /// Says something of a stream, such as its `language`, before the file is started.
    func describe(stream number: Int32, _ key: String, _ value: String) {
        guard let stream = stream(number) else { return }
        // QuickTime's own list of languages has the bibliographic codes of ISO 639-2 for these two.
        let bibliographic = container == .mov && key == "language" ? ["deu": "ger", "nld": "dut"][value] : nil
        av_dict_set(&stream.pointee.metadata, key, bibliographic ?? value, 0)
    }

    /// Gives the file a start timecode, such as `01:00:00:00` (with `;` before the frames for drop frame): a track of its
    /// own in MP4 and MOV, a tag in Matroska. Other kinds of file have no place for one.
    func setTimecode(_ timecode: String, ofVideo number: Int32) {
        describe(stream: number, "timecode", timecode)
    }

    /// Adds a chapter; chapters come in order and before the file is started. Kinds of file without them ignore it.
    /// - Parameters:
    ///   - title: The chapter's name.
    ///   - start: Where it begins, in milliseconds.
    ///   - end: Where it ends, in milliseconds.
    /// - Throws: `MediaError` with `limitExceeded`.
    func addChapter(_ title: String, from start: Int64, to end: Int64) throws {
        guard let memory = av_mallocz(MemoryLayout<AVChapter>.size) else {
            throw MediaError(.limitExceeded, "There is no memory for a chapter.")
        }
        let chapter = memory.assumingMemoryBound(to: AVChapter.self)
        chapter.pointee.id = Int64(context.pointee.nb_chapters)
        chapter.pointee.time_base = AVRational(num: 1, den: 1000)
        chapter.pointee.start = start
        chapter.pointee.end = max(start, end)
        av_dict_set(&chapter.pointee.metadata, "title", title, 0)
        var count = Int32(clamping: context.pointee.nb_chapters)
        let status = av_dynarray_add_nofree(&context.pointee.chapters, &count, chapter)
        guard status >= 0 else {
            av_dict_free(&chapter.pointee.metadata)
            av_free(memory)
            throw failure(status)
        }
        context.pointee.nb_chapters = UInt32(count)
    }

    /// Opens the file; all streams have been added.
    func start() throws {
        var status = avio_open(&context.pointee.pb, context.pointee.url, AVIO_FLAG_WRITE)
        guard status >= 0 else { throw failure(status) }
        isOpen = true
        var options = Options([:])
        if segments != nil {
            // CMAF; an edit list says what is decoded before the first sample that is heard.
            options.set(
                "movflags", "+cmaf+frag_custom+delay_moov+default_base_moof+negative_cts_offsets+skip_trailer")
            options.set("use_editlist", "1")
        } else if container.isISO {
            options.set("movflags", "+faststart")
        }
        if container == .wav { options.set("rf64", "auto") }
        let context = context
        status = options.lend { avformat_write_header(context, $0) }
        guard status >= 0 else { throw failure(status) }
    }

    /// Writes a packet, whose content is taken.
    func write(_ packet: UnsafeMutablePointer<AVPacket>, stream: Int32, timeBase: AVRational) throws {
        guard let target = self.stream(stream) else { return }
        if let segments {
            if segments.begins(with: packet, timeBase) {
                try completeSegment(until: packet.pointee.pts)
                segments.begin(packet, timeBase)
            }
            segments.note(packet)
        }
        delayForReaders(packet, of: target, timeBase)
        packet.pointee.stream_index = stream
        av_packet_rescale_ts(packet, timeBase, target.pointee.time_base)
        let status = av_interleaved_write_frame(context, packet)
        guard status >= 0 else { throw failure(status) }
    }

    /// Writes the index, moves it to the front and keeps the file.
    /// `last` is called when the file is complete; what it throws still removes the file.
    func finish(_ last: () throws -> Void) throws {
        try completeSegment(until: nil)
        var status = av_write_trailer(context)
        guard status >= 0 else { throw failure(status) }
        isOpen = false
        status = avio_closep(&context.pointee.pb)
        guard status >= 0 else { throw failure(status) }
        try last()
        output.keep()
    }

    /// Writes what was given since the last border as a segment of its own.
    private func completeSegment(until next: Int64?) throws {
        guard let segments, segments.isOpen else { return }
        if segments.header == 0 {
            // The header waits for the first packets; it is written by itself.
            try flush()
            segments.endHeader(at: position)
        }
        let first = position
        try flush()
        segments.complete(until: next, in: first..<max(first, position))
    }

    private var position: Int64 { avio_seek(context.pointee.pb, 0, SEEK_CUR) }

    private func flush() throws {
        let status = av_write_frame(context, nil)
        guard status >= 0 else { throw failure(status) }
    }

    private func addStream() throws -> UnsafeMutablePointer<AVStream> {
        guard let stream = avformat_new_stream(context, nil) else {
            throw MediaError(.limitExceeded, "There is no memory for a stream.")
        }
        return stream
    }

    /// Apple's players take HEVC only by the name that says its headers are in the index.
    private func tagForApple(_ stream: UnsafeMutablePointer<AVStream>) {
        // "hvc1", its first letter in the lowest byte.
        stream.pointee.codecpar?.pointee.codec_tag = 0x3163_7668
    }

    private func failure(_ status: Int32) -> MediaError {
        MediaError.libav(status, .outputFailed, "\(fileName(output.path)) cannot be written.")
    }
}
