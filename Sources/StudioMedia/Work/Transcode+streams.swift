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
        var change = change
        // A rate that the pictures have already changes nothing.
        if change.frameRate != nil, change.frameRate == demuxer.steadyRate(of: stream) { change.frameRate = nil }
        let plan = try PicturePlan(stream, of: demuxer, change: change, target: video, toneMaps: toneMaps)
        if copies, window == nil, !demuxer.isPicture, plan.changesNothing, isAlready(video, parameters) {
            return .copy(try CopiedStream(stream, start: demuxer.start, into: muxer), isVideo: true)
        }
        let isHigh = parameters.isHighDynamicRange && plan.colours.toneMapping.isEmpty
        let range = isHigh ? try demuxer.highDynamicRange(of: stream, path: input) : nil
        return .video(
            try VideoPipeline(
                stream, of: demuxer, plan: plan, target: video, frameRate: change.frameRate, highDynamicRange: range,
                window: window, into: muxer))
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

    /// What the file and its streams say of themselves in words, its chapters and its timecode; or only what its streams say,
    /// where another file is the main one.
    func carryWords(
        of demuxer: Demuxer, _ window: ClipWindow?, into muxer: Muxer, for streams: [TranscodedStream],
        isMain: Bool = true
    ) {
        if isMain { for (key, value) in demuxer.words { muxer.describe(key, value) } }
        for made in streams {
            guard let source = demuxer.streams.first(where: { $0.pointee.index == made.index }) else { continue }
            for (key, value) in demuxer.words(of: source) { muxer.describe(stream: made.stream, key, value) }
            muxer.stream(made.stream)?.pointee.disposition = source.pointee.disposition & AV_DISPOSITION_DEFAULT
            if made.isVideo { carryTimecode(of: demuxer, source, window, into: muxer, made.stream) }
        }
        guard window == nil, isMain else { return }
        for chapter in demuxer.chapters { try? muxer.addChapter(chapter.title, from: chapter.start, to: chapter.end) }
    }

    private func carryTimecode(
        of demuxer: Demuxer, _ source: UnsafeMutablePointer<AVStream>, _ window: ClipWindow?, into muxer: Muxer,
        _ stream: Int32
    ) {
        guard var timecode = demuxer.timecode, let before = demuxer.steadyRate(of: source) else { return }
        if let frame = window?.startFrame, frame > 0 {
            timecode = StartTimecode(
                frames: timecode.frames(at: before) + frame, rate: before, isDropFrame: timecode.isDropFrame)
        }
        let rate = change.frameRate ?? before
        guard rate.hasTimecode else { return }
        muxer.setTimecode(timecode.converted(from: before, to: rate).description, ofVideo: stream)
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
