import CMedia

/// Filters with several inputs for pictures and one output: what ``FilterGraph`` is for one input.
final class FilterNetwork {
    private let graph: UnsafeMutablePointer<AVFilterGraph>
    private let inputs: [UnsafeMutablePointer<AVFilterContext>]
    private let output: UnsafeMutablePointer<AVFilterContext>

    /// Makes the filters.
    /// - Parameters:
    ///   - frames: A picture for each input, whose shape all that follow have.
    ///   - timeBase: The unit of the pictures' timestamps.
    ///   - chains: libavfilter's description; its inputs are `in0`, `in1`, …, its output is `out`.
    /// - Throws: `MediaError` with `unsupported` where libavfilter refuses the pictures.
    init(pictures frames: [Frame], timeBase: AVRational, chains: String) throws {
        guard let graph = avfilter_graph_alloc() else {
            throw MediaError(.limitExceeded, "There is no memory for a filter chain.")
        }
        do {
            (inputs, output) = try Self.build(graph, frames, timeBase, chains)
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

    /// Gives an input a picture, or with `nil` its end. The picture stays the caller's.
    func push(_ frame: Frame?, to input: Int) throws {
        let status = av_buffersrc_add_frame_flags(inputs[input], frame?.pointer, Int32(AV_BUFFERSRC_FLAG_KEEP_REF))
        guard status >= 0 else { throw MediaError.libav(status, .inputInvalid, "A frame cannot be converted.") }
    }

    /// Takes the next picture.
    /// - Returns: `false` where there is none before more input or at all.
    func pull(into frame: Frame) throws -> Bool {
        frame.unreference()
        let status = av_buffersink_get_frame(output, frame.pointer)
        if status == cmedia_error_again() || status == cmedia_error_end() { return false }
        guard status >= 0 else { throw MediaError.libav(status, .inputInvalid, "A frame cannot be converted.") }
        return true
    }

    private static func build(
        _ graph: UnsafeMutablePointer<AVFilterGraph>, _ frames: [Frame], _ timeBase: AVRational, _ chains: String
    ) throws -> ([UnsafeMutablePointer<AVFilterContext>], UnsafeMutablePointer<AVFilterContext>) {
        func checked(_ status: Int32) throws {
            guard status >= 0 else { throw MediaError.libav(status, .unsupported, "The input cannot be converted.") }
        }
        var opens: UnsafeMutablePointer<AVFilterInOut>?
        var ends: UnsafeMutablePointer<AVFilterInOut>?
        defer {
            avfilter_inout_free(&opens)
            avfilter_inout_free(&ends)
        }
        func end(_ name: String, _ filter: UnsafeMutablePointer<AVFilterContext>?) throws
            -> UnsafeMutablePointer<AVFilterInOut>
        {
            guard let filter, let made = avfilter_inout_alloc() else {
                throw MediaError(.limitExceeded, "There is no memory for a filter chain.")
            }
            made.pointee = AVFilterInOut(name: av_strdup(name), filter_ctx: filter, pad_idx: 0, next: nil)
            return made
        }
        var inputs: [UnsafeMutablePointer<AVFilterContext>] = []
        for (index, frame) in frames.enumerated() {
            var input: UnsafeMutablePointer<AVFilterContext>?
            let arguments = PictureSource.arguments(frame, timeBase)
            let source = avfilter_get_by_name("buffer")
            try checked(avfilter_graph_create_filter(&input, source, "in\(index)", arguments, nil, graph))
            // Seen from the chain: what flows in is the source's output, what flows out is the sink's input.
            let open = try end("in\(index)", input)
            open.pointee.next = opens
            opens = open
            if let input { inputs.append(input) }
        }
        var output: UnsafeMutablePointer<AVFilterContext>?
        let sink = avfilter_get_by_name("buffersink")
        try checked(avfilter_graph_create_filter(&output, sink, "out", nil, nil, graph))
        ends = try end("out", output)
        try checked(avfilter_graph_parse_ptr(graph, chains, &ends, &opens, nil))
        try checked(avfilter_graph_config(graph, nil))
        guard let output else { throw MediaError(.limitExceeded, "There is no memory for a filter chain.") }
        return (inputs, output)
    }
}

/// How libavfilter is told of the pictures that it will get.
enum PictureSource {
    static func arguments(_ frame: Frame, _ timeBase: AVRational) -> String {
        let picture = frame.pointer.pointee
        let shape = "video_size=\(picture.width)x\(picture.height):pix_fmt=\(picture.format)"
        let aspect = picture.sample_aspect_ratio
        let pixel = aspect.num > 0 && aspect.den > 0 ? ":pixel_aspect=\(aspect.num)/\(aspect.den)" : ""
        return "\(shape):time_base=\(timeBase.num)/\(timeBase.den)\(pixel)"
    }
}

/// Text for libavfilter's descriptions, where it can mean nothing but itself.
enum FilterText {
    /// A value of a filter's option: every character that is not a letter or digit of ASCII or beyond ASCII has a backslash
    /// in front, once for the option's value and once for the description ("Notes on filtergraph escaping").
    static func value(_ text: String) -> String { escaped(escaped(text)) }

    private static func escaped(_ text: String) -> String {
        var made = ""
        for scalar in text.unicodeScalars {
            let isPlain = !scalar.isASCII || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            if !isPlain { made.unicodeScalars.append("\\") }
            made.unicodeScalars.append(scalar)
        }
        return made
    }
}
