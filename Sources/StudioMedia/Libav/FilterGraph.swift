import CMedia

/// A chain of libavfilter's filters with one input and one output.
final class FilterGraph {
    private let graph: UnsafeMutablePointer<AVFilterGraph>
    private let input: UnsafeMutablePointer<AVFilterContext>
    private let output: UnsafeMutablePointer<AVFilterContext>
    /// Where the last picture given ends, in the input's unit: only so much of it is shown again at another rate.
    private var end: Int64?

    /// The unit of the timestamps of frames that come out.
    var timeBase: AVRational { av_buffersink_get_time_base(output) }

    /// Makes a chain for pictures shaped like `frame`.
    convenience init(pictures frame: Frame, timeBase: AVRational, chain: String) throws {
        try self.init("buffer", PictureSource.arguments(frame, timeBase), "buffersink", chain)
    }

    /// Makes a chain for samples shaped like `frame`, which gives blocks of `blockSize` samples.
    convenience init(samples frame: Frame, timeBase: AVRational, chain: String, blockSize: Int32) throws {
        var layout = [CChar](repeating: 0, count: 128)
        av_channel_layout_describe(&frame.pointer.pointee.ch_layout, &layout, layout.count)
        guard let format = av_get_sample_fmt_name(AVSampleFormat(rawValue: frame.pointer.pointee.format)) else {
            throw MediaError(.inputInvalid, "The audio has no known sample format.")
        }
        let rate = frame.pointer.pointee.sample_rate
        try self.init(
            "abuffer",
            "time_base=\(timeBase.num)/\(timeBase.den):sample_rate=\(rate):sample_fmt=\(String(cString: format)):"
                + "channel_layout=\(text(layout))",
            "abuffersink", chain)
        av_buffersink_set_frame_size(output, UInt32(blockSize))
    }

    private init(_ inputName: String, _ arguments: String, _ outputName: String, _ chain: String) throws {
        guard let graph = avfilter_graph_alloc() else {
            throw MediaError(.limitExceeded, "There is no memory for a filter chain.")
        }
        do {
            (input, output) = try Self.build(graph, inputName, arguments, outputName, chain)
        } catch {
            var graph: UnsafeMutablePointer<AVFilterGraph>? = graph
            avfilter_graph_free(&graph)
            throw error
        }
        self.graph = graph
    }

    deinit {
        var graph: UnsafeMutablePointer<AVFilterGraph>? = graph
        avfilter_graph_free(&graph)
    }

    /// Gives a frame, or with `nil` the end. The frame stays the caller's.
    func push(_ frame: Frame?) throws {
        if let picture = frame?.pointer.pointee, picture.nb_samples == 0, picture.pkt_duration > 0 {
            end = picture.pts + picture.pkt_duration
        }
        if frame == nil, let end {
            let status = av_buffersrc_close(input, end, UInt32(AV_BUFFERSRC_FLAG_PUSH))
            guard status >= 0 else { throw MediaError.libav(status, .inputInvalid, "A frame cannot be converted.") }
            return
        }
        let status = av_buffersrc_add_frame_flags(input, frame?.pointer, Int32(AV_BUFFERSRC_FLAG_KEEP_REF))
        guard status >= 0 else { throw MediaError.libav(status, .inputInvalid, "A frame cannot be converted.") }
    }

    /// Takes the next frame.
    /// - Returns: `false` where there is none before more input or at all.
    func pull(into frame: Frame) throws -> Bool {
        frame.unreference()
        let status = av_buffersink_get_frame(output, frame.pointer)
        if status == cmedia_error_again() || status == cmedia_error_end() { return false }
        guard status >= 0 else { throw MediaError.libav(status, .inputInvalid, "A frame cannot be converted.") }
        return true
    }

    private typealias Ends = (UnsafeMutablePointer<AVFilterContext>, UnsafeMutablePointer<AVFilterContext>)

    private static func build(
        _ graph: UnsafeMutablePointer<AVFilterGraph>, _ inputName: String, _ arguments: String,
        _ outputName: String, _ chain: String
    ) throws -> Ends {
        func checked(_ status: Int32) throws {
            guard status >= 0 else { throw MediaError.libav(status, .unsupported, "The input cannot be converted.") }
        }
        var input: UnsafeMutablePointer<AVFilterContext>?
        var output: UnsafeMutablePointer<AVFilterContext>?
        try checked(avfilter_graph_create_filter(&input, avfilter_get_by_name(inputName), "in", arguments, nil, graph))
        try checked(avfilter_graph_create_filter(&output, avfilter_get_by_name(outputName), "out", nil, nil, graph))
        guard let input, let output, let open = avfilter_inout_alloc(), let end = avfilter_inout_alloc() else {
            throw MediaError(.limitExceeded, "There is no memory for a filter chain.")
        }
        // Seen from the chain: what flows in is the source's output, what flows out is the sink's input.
        open.pointee = AVFilterInOut(name: av_strdup("in"), filter_ctx: input, pad_idx: 0, next: nil)
        end.pointee = AVFilterInOut(name: av_strdup("out"), filter_ctx: output, pad_idx: 0, next: nil)
        var opens: UnsafeMutablePointer<AVFilterInOut>? = open
        var ends: UnsafeMutablePointer<AVFilterInOut>? = end
        defer {
            avfilter_inout_free(&opens)
            avfilter_inout_free(&ends)
        }
        try checked(avfilter_graph_parse_ptr(graph, chain, &ends, &opens, nil))
        try checked(avfilter_graph_config(graph, nil))
        return (input, output)
    }
}
