import CMedia

extension Transcode {
    /// The pictures' way into the output.
    func pictures(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, _ window: ClipWindow?, into muxer: Muxer
    ) throws -> TranscodedStream {
        guard let asked = target.video, let parameters = stream.pointee.codecpar?.pointee else {
            throw MediaError(.inputInvalid, "\(demuxer.name) is damaged.")
        }
        let video = suited(asked, to: stream, parameters)
        let plan = try PicturePlan(stream, of: demuxer, change: change, target: video, toneMaps: toneMaps)
        // A rate that the pictures have already changes nothing.
        let keepsRate = change.frameRate == nil || change.frameRate == demuxer.steadyRate(of: stream)
        if copies, window == nil, !demuxer.isPicture, keepsRate, plan.changesNothing, isAlready(video, parameters) {
            return .copy(try CopiedStream(stream, start: demuxer.start, into: muxer), isVideo: true)
        }
        let range = try highDynamicRange(parameters, plan, stream, of: demuxer)
        return .video(
            try VideoPipeline(
                stream, of: demuxer, plan: plan, target: video, frameRate: change.frameRate, highDynamicRange: range,
                window: window, into: muxer))
    }

    /// The pictures' way into a part of the output.
    func pictures(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, _ part: FilmPart, into muxer: Muxer
    ) throws -> VideoPipeline {
        guard let asked = target.video, let parameters = stream.pointee.codecpar?.pointee else {
            throw MediaError(.inputInvalid, "\(demuxer.name) is damaged.")
        }
        let video = suited(asked, to: stream, parameters)
        let plan = try PicturePlan(stream, of: demuxer, change: change, target: video, toneMaps: toneMaps)
        guard !plan.looksAround else {
            throw MediaError(
                .unsupported,
                "The pictures of \(demuxer.name) are made of fields, which takes those beside each: it can be made in one "
                    + "piece only.")
        }
        return try VideoPipeline(
            stream, of: demuxer, plan: plan, target: video, frameRate: change.frameRate,
            highDynamicRange: try highDynamicRange(parameters, plan, stream, of: demuxer), part: part, into: muxer)
    }

    private func highDynamicRange(
        _ parameters: AVCodecParameters, _ plan: PicturePlan, _ stream: UnsafeMutablePointer<AVStream>,
        of demuxer: Demuxer
    ) throws -> HighDynamicRange? {
        guard parameters.isHighDynamicRange, plan.colours.toneMapping.isEmpty else { return nil }
        return try demuxer.highDynamicRange(of: stream, path: input)
    }

    /// A soundtrack's way into the output.
    func sound(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, _ window: ClipWindow?, into muxer: Muxer
    ) throws -> TranscodedStream {
        guard let audio = target.audio, let parameters = stream.pointee.codecpar?.pointee else {
            throw MediaError(.inputInvalid, "\(demuxer.name) is damaged.")
        }
        if copies, window == nil, isAlready(audio, parameters) {
            return .copy(try CopiedStream(stream, start: demuxer.start, into: muxer), isVideo: false)
        }
        return .audio(try AudioPipeline(stream, of: demuxer, target: audio, window: window, into: muxer))
    }

    /// The target with what is kept of the source.
    private func suited(
        _ asked: VideoTarget, to stream: UnsafeMutablePointer<AVStream>, _ parameters: AVCodecParameters
    ) -> VideoTarget {
        var video = asked
        let descriptor = av_pix_fmt_desc_get(AVPixelFormat(rawValue: parameters.format))?.pointee
        let isDeep = (descriptor?.comp.0.depth ?? 8) > 8
        if keepsDepth, isDeep, [.hevc, .vp9, .av1].contains(video.codec) { video.depth = .ten }
        let hasAlpha =
            (descriptor?.flags ?? 0) & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0 || Demuxer.hasAlphaBeside(stream)
        guard keepsAlpha, hasAlpha else { return video }
        if video.codec == .vp9, target.container != .mp4 {
            (video.alpha, video.depth, video.chroma) = (true, .eight, .quarter)
        }
        if video.codec == .prores, video.effectiveProfile == .p4444 { video.alpha = true }
        return video
    }

    private func isAlready(_ video: VideoTarget, _ parameters: AVCodecParameters) -> Bool {
        guard VideoCodec(parameters.codec_id) == video.codec, video.rate == .tier, video.profile == nil else {
            return false
        }
        if case .every = video.keyFrames { return false }
        return video.codec.isIntraOnly || parameters.format == video.pixelFormat.rawValue
    }

    private func isAlready(_ audio: AudioTarget, _ parameters: AVCodecParameters) -> Bool {
        guard AudioCodec(parameters.codec_id) == audio.codec, audio.bitRate == nil else { return false }
        if let rate = audio.sampleRate, rate != Int(parameters.sample_rate) { return false }
        switch audio.channels {
        case .keep: return true
        case .mono: return parameters.ch_layout.nb_channels == 1
        case .stereo: return parameters.ch_layout.nb_channels == 2
        case .surround: return parameters.ch_layout.nb_channels == 6
        }
    }
}
