import CMedia

/// An MP4 file being written, index first ("faststart") once it is finished.
///
/// Whatever ends it before `finish()` removes the file.
final class Muxer {
    private let output: OutputFile
    private let context: UnsafeMutablePointer<AVFormatContext>
    private var isOpen = false

    init(path: String) throws {
        _ = MediaLog.installed
        output = try OutputFile(path: path)
        var made: UnsafeMutablePointer<AVFormatContext>?
        // The prefix keeps a colon in the path from being read as a protocol.
        let status = avformat_alloc_output_context2(&made, nil, "mp4", "file:" + path)
        guard status >= 0, let made else {
            throw MediaError.libav(status, .outputFailed, "The MP4 writer cannot be made.")
        }
        context = made
        context.pointee.flags |= AVFMT_FLAG_BITEXACT
    }

    deinit {
        if isOpen { avio_closep(&context.pointee.pb) }
        avformat_free_context(context)
    }

    /// Adds a stream for what an encoder makes.
    /// - Returns: The stream's number in the file.
    func addStream(for encoder: Encoder) throws -> Int32 {
        guard let stream = avformat_new_stream(context, nil) else {
            throw MediaError(.limitExceeded, "There is no memory for a stream.")
        }
        let status = avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context)
        guard status >= 0 else { throw failure(status) }
        stream.pointee.time_base = encoder.timeBase
        stream.pointee.avg_frame_rate = encoder.context.pointee.framerate
        stream.pointee.sample_aspect_ratio = encoder.context.pointee.sample_aspect_ratio
        return stream.pointee.index
    }

    /// Opens the file; all streams have been added.
    func start() throws {
        var status = avio_open(&context.pointee.pb, context.pointee.url, AVIO_FLAG_WRITE)
        guard status >= 0 else { throw failure(status) }
        isOpen = true
        var options = Options(["movflags": "+faststart"])
        let context = context
        status = options.lend { avformat_write_header(context, $0) }
        guard status >= 0 else { throw failure(status) }
    }

    /// Writes a packet, whose content is taken.
    func write(_ packet: UnsafeMutablePointer<AVPacket>, stream: Int32, timeBase: AVRational) throws {
        guard let target = context.pointee.streams[Int(stream)] else { return }
        packet.pointee.stream_index = stream
        av_packet_rescale_ts(packet, timeBase, target.pointee.time_base)
        let status = av_interleaved_write_frame(context, packet)
        guard status >= 0 else { throw failure(status) }
    }

    /// Writes the index, moves it to the front and keeps the file.
    /// `last` is called when the file is complete; what it throws still removes the file.
    func finish(_ last: () throws -> Void) throws {
        var status = av_write_trailer(context)
        guard status >= 0 else { throw failure(status) }
        isOpen = false
        status = avio_closep(&context.pointee.pb)
        guard status >= 0 else { throw failure(status) }
        try last()
        output.keep()
    }

    private func failure(_ status: Int32) -> MediaError {
        MediaError.libav(status, .outputFailed, "\(fileName(output.path)) cannot be written.")
    }
}
