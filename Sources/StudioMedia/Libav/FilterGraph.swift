import CMedia

/// libavfilter's filters between the frames that go in and those that come out: a chain with one input, or several chains
/// that come together.
final class FilterGraph {
    private typealias End = UnsafeMutablePointer<AVFilterContext>

    /// What frames go into: its label in the description, and the shape of its frames in libavfilter's words.
    private struct Source {
        let label: String
        let arguments: String
    }

    private let graph: UnsafeMutablePointer<AVFilterGraph>
    private let inputs: [End]
    private let output: End
    /// Where the last picture given to the only input ends, in its unit: only so much of it is shown again at another rate.
    private var end: Int64?

    /// The unit of the timestamps of frames that come out.
    var timeBase: AVRational { av_buffersink_get_time_base(output) }

    /// Makes a chain for pictures shaped like `frame`.
    convenience init(pictures frame: Frame, timeBase: AVRational, chain: String) throws {
        try self.init([Source(label: "in", arguments: Self.shape(of: frame, timeBase))], chain, areSamples: false)
    }

    /// Makes filters with several inputs.
    /// - Parameters:
    ///   - frames: A picture for each input, whose shape all that follow have.
    ///   - timeBase: The unit of the pictures' timestamps.
    ///   - chains: libavfilter's description; its inputs are `in0`, `in1`, …, its output is `out`.
    /// - Throws: `MediaError` with `unsupported` where libavfilter refuses the pictures.
    convenience init(pictures frames: [Frame], timeBase: AVRational, chains: String) throws {
        let sources = frames.enumerated().map {
            Source(label: "in\($0)", arguments: Self.shape(of: $1, timeBase))
        }
        try self.init(sources, chains, areSamples: false)
    }

    /// Makes a chain for samples shaped like `frame`, which gives blocks of `blockSize` samples.
    convenience init(samples frame: Frame, timeBase: AVRational, chain: String, blockSize: Int32) throws {
        var layout = [CChar](repeating: 0, count: 128)
        av_channel_layout_describe(&frame.pointer.pointee.ch_layout, &layout, layout.count)
        guard let format = av_get_sample_fmt_name(AVSampleFormat(rawValue: frame.pointer.pointee.format)) else {
            throw MediaError(.inputInvalid, "The audio has no known sample format.")
        }
        let rate = frame.pointer.pointee.sample_rate
        let shape =
            "time_base=\(timeBase.num)/\(timeBase.den):sample_rate=\(rate):sample_fmt=\(String(cString: format)):"
            + "channel_layout=\(text(layout))"
        try self.init([Source(label: "in", arguments: shape)], chain, areSamples: true)
        av_buffersink_set_frame_size(output, UInt32(blockSize))
    }

    private init(_ sources: [Source], _ description: String, areSamples: Bool) throws {
        guard let graph = avfilter_graph_alloc() else {
            throw MediaError(.limitExceeded, "There is no memory for a filter chain.")
        }
        do {
            (inputs, output) = try Self.build(graph, sources, description, areSamples: areSamples)
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

    /// Gives an input a frame, or with `nil` its end. The frame stays the caller's.
    func push(_ frame: Frame?, to input: Int = 0) throws {
        if let picture = frame?.pointer.pointee, isTimed(picture) {
            let (end, isBeyond) = picture.pts.addingReportingOverflow(max(0, picture.pkt_duration))
            // A damaged file's: what cannot be counted is not shown longer than it must be.
            self.end = isBeyond ? picture.pts : end
        }
        let status =
            if frame == nil, let end {
                av_buffersrc_close(inputs[input], end, UInt32(AV_BUFFERSRC_FLAG_PUSH))
            } else {
                av_buffersrc_add_frame_flags(inputs[input], frame?.pointer, Int32(AV_BUFFERSRC_FLAG_KEEP_REF))
            }
        guard status >= 0 else { throw MediaError.libav(status, .inputInvalid, "A frame cannot be converted.") }
    }

    /// Lets the last picture given to the only input be shown until a moment, in its unit, where that is later than its end.
    func hold(until time: Int64) {
        if let end, time > end { self.end = time }
    }

    private func isTimed(_ picture: AVFrame) -> Bool {
        inputs.count == 1 && picture.nb_samples == 0 && picture.pts != cmedia_no_timestamp()
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

    private static func shape(of frame: Frame, _ timeBase: AVRational) -> String {
        let picture = frame.pointer.pointee
        let shape = "video_size=\(picture.width)x\(picture.height):pix_fmt=\(picture.format)"
        let aspect = picture.sample_aspect_ratio
        let pixel = aspect.num > 0 && aspect.den > 0 ? ":pixel_aspect=\(aspect.num)/\(aspect.den)" : ""
        return "\(shape):time_base=\(timeBase.num)/\(timeBase.den)\(pixel)"
    }

    private static func build(
        _ graph: UnsafeMutablePointer<AVFilterGraph>, _ sources: [Source], _ description: String, areSamples: Bool
    ) throws -> ([End], End) {
        func checked(_ status: Int32) throws {
            guard status >= 0 else { throw MediaError.libav(status, .unsupported, "The input cannot be converted.") }
        }
        func made(_ name: String, _ label: String, _ arguments: String?) throws -> End {
            var filter: End?
            try checked(
                avfilter_graph_create_filter(&filter, avfilter_get_by_name(name), label, arguments, nil, graph))
            guard let filter else { throw MediaError(.limitExceeded, "There is no memory for a filter chain.") }
            return filter
        }
        // Seen from the description: what flows in is a source's output, what flows out is the sink's input.
        var opens: UnsafeMutablePointer<AVFilterInOut>?
        var ends: UnsafeMutablePointer<AVFilterInOut>?
        defer {
            avfilter_inout_free(&opens)
            avfilter_inout_free(&ends)
        }
        func join(_ label: String, _ filter: End, to list: inout UnsafeMutablePointer<AVFilterInOut>?) throws {
            guard let open = avfilter_inout_alloc() else {
                throw MediaError(.limitExceeded, "There is no memory for a filter chain.")
            }
            open.pointee = AVFilterInOut(name: av_strdup(label), filter_ctx: filter, pad_idx: 0, next: list)
            list = open
        }
        var inputs: [End] = []
        for source in sources {
            let input = try made(areSamples ? "abuffer" : "buffer", source.label, source.arguments)
            try join(source.label, input, to: &opens)
            inputs.append(input)
        }
        let output = try made(areSamples ? "abuffersink" : "buffersink", "out", nil)
        try join("out", output, to: &ends)
        try checked(avfilter_graph_parse_ptr(graph, description, &ends, &opens, nil))
        try checked(avfilter_graph_config(graph, nil))
        return (inputs, output)
    }
}
