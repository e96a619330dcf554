import CMedia
import StudioCore

/// What a target means to libav's encoders.
extension VideoTarget {
    /// libavcodec's encoder for pictures of a size. SVT-AV1 takes none with a side under 64 pixels.
    func encoderName(width: Int, height: Int) -> String {
        switch codec {
        case .h264: "libx264"
        case .hevc: "libx265"
        case .prores: "prores_ks"
        case .dnxhr: "dnxhd"
        case .vp9: "libvpx-vp9"
        case .av1: min(width, height) < 64 ? "libaom-av1" : "libsvtav1"
        }
    }

    /// The format of the pictures that the encoder takes.
    var pixelFormat: AVPixelFormat {
        switch (codec, effectiveProfile) {
        case (.prores, .p4444?): alpha ? AV_PIX_FMT_YUVA444P10LE : AV_PIX_FMT_YUV444P10LE
        case (.prores, _), (.dnxhr, .hqx?): AV_PIX_FMT_YUV422P10LE
        case (.dnxhr, .p444?): AV_PIX_FMT_YUV444P10LE
        case (.dnxhr, _): AV_PIX_FMT_YUV422P
        default: Self.planes(depth, chroma, alpha: alpha)
        }
    }

    /// libav's name of ``pixelFormat``, as filters take it.
    var pixelFormatName: String { av_get_pix_fmt_name(pixelFormat).map { String(cString: $0) } ?? "yuv420p" }

    /// Whether the coded samples have more than eight bits.
    var isDeep: Bool { (av_pix_fmt_desc_get(pixelFormat)?.pointee.comp.0.depth ?? 8) > 8 }

    private static func planes(_ depth: BitDepth, _ chroma: ChromaSampling, alpha: Bool) -> AVPixelFormat {
        switch (depth, chroma) {
        case (.eight, .quarter): alpha ? AV_PIX_FMT_YUVA420P : AV_PIX_FMT_YUV420P
        case (.eight, .half): AV_PIX_FMT_YUV422P
        case (.eight, .full): AV_PIX_FMT_YUV444P
        case (.ten, .quarter): AV_PIX_FMT_YUV420P10LE
        case (.ten, .half): AV_PIX_FMT_YUV422P10LE
        case (.ten, .full): AV_PIX_FMT_YUV444P10LE
        }
    }

    /// Sets what every libav encoder knows: where key frames are, the bit rate and the threads.
    func prepare(_ context: UnsafeMutablePointer<AVCodecContext>, frameRate: AVRational) {
        context.pointee.pix_fmt = pixelFormat
        context.pointee.thread_count = Int32(clamping: threads)
        if case .bits(let bits) = rate { context.pointee.bit_rate = Int64(bits) }
        guard !codec.isIntraOnly else { return }
        switch keyFrames {
        case .atMost(let seconds):
            let rate = Double(frameRate.num) / Double(max(1, frameRate.den))
            context.pointee.gop_size = Int32(min(600, max(12, (rate * seconds).rounded())))
        case .every(let frames):
            context.pointee.gop_size = Int32(frames)
            context.pointee.keyint_min = Int32(frames)
            context.pointee.flags |= Int32(bitPattern: AV_CODEC_FLAG_CLOSED_GOP)
        }
    }

    /// The encoder's own options.
    func options(width: Int, height: Int, highDynamicRange: HighDynamicRange?) -> Options {
        switch codec {
        case .h264: x264Options
        case .hevc: x265Options(highDynamicRange)
        case .prores:
            Options([
                "profile": effectiveProfile?.rawValue ?? "hq", "vendor": "apl0", "alpha_bits": alpha ? "16" : "0",
            ])
        case .dnxhr: Options(["profile": "dnxhr_" + (effectiveProfile?.rawValue ?? "hq")])
        case .vp9: vp9Options(width: width)
        case .av1: min(width, height) < 64 ? aomOptions : svtOptions
        }
    }

    /// The constant rate factor; `nil` where a bit rate is to be met.
    private var rateFactor: Int? {
        switch rate {
        case .tier: quality.rateFactor(of: codec)
        case .factor(let factor): factor
        case .bits: nil
        }
    }

    private var isChunked: Bool { if case .every = keyFrames { true } else { false } }

    private var x264Options: Options {
        let profile =
            switch (depth, chroma) {
            case (.eight, .quarter): "high"
            case (.ten, .quarter): "high10"
            case (_, .half): "high422"
            case (_, .full): "high444"
            }
        var options = Options(["preset": quality.x264Preset, "profile": profile])
        if let rateFactor { options.set("crf", String(rateFactor)) }
        // The same choices on every processor: the output must not tell which machine made it.
        options.set("x264-params", "cpu-independent=1" + (isChunked ? ":scenecut=0:open-gop=0" : ""))
        return options
    }

    private func x265Options(_ highDynamicRange: HighDynamicRange?) -> Options {
        var options = Options(["preset": quality.x264Preset])
        if let rateFactor { options.set("crf", String(rateFactor)) }
        // `info` would write the machine's processor into the file. Open groups cannot be cut at.
        var parameters = ["log-level=error", "info=0", "open-gop=0"]
        if isChunked { parameters.append("scenecut=0") }
        if threads > 0 { parameters.append("pools=\(threads)") }
        parameters += highDynamicRange?.x265Parameters ?? []
        options.set("x265-params", parameters.joined(separator: ":"))
        return options
    }

    private func vp9Options(width: Int) -> Options {
        let speed =
            switch quality {
            case .low: 5
            case .standard: 3
            case .high: 1
            }
        var options = Options(["deadline": "good", "cpu-used": String(speed), "row-mt": "1"])
        if let rateFactor {
            options.set("crf", String(rateFactor))
            options.set("b", "0")
        }
        // libvpx has no alternate reference frames where there is a second stream for alpha.
        options.set("auto-alt-ref", alpha ? "0" : "1")
        if width >= 1024 { options.set("tile-columns", width >= 2048 ? "2" : "1") }
        return options
    }

    private var svtOptions: Options {
        let preset =
            switch quality {
            case .low: 10
            case .standard: 8
            case .high: 6
            }
        var options = Options(["preset": String(preset)])
        if let rateFactor { options.set("crf", String(rateFactor)) }
        if threads > 0 { options.set("svtav1-params", "lp=\(threads)") }
        return options
    }

    private var aomOptions: Options {
        let speed =
            switch quality {
            case .low: 8
            case .standard: 6
            case .high: 4
            }
        var options = Options(["cpu-used": String(speed), "row-mt": "1"])
        if let rateFactor {
            options.set("crf", String(rateFactor))
            options.set("b", "0")
        }
        return options
    }
}
