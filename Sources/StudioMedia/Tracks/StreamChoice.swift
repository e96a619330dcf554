import CMedia

extension Demuxer {
    /// The largest moving picture of the file; covers of music files are not one. `nil` where there is none.
    var mainVideo: UnsafeMutablePointer<AVStream>? {
        streams.filter { stream in
            guard let parameters = stream.pointee.codecpar?.pointee else { return false }
            let isCover =
                stream.pointee.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS) != 0
            return parameters.codec_type == AVMEDIA_TYPE_VIDEO && parameters.width > 0 && !isCover
        }.max { pixels($0) < pixels($1) }
    }

    /// The audio streams, in the file's order.
    var audioStreams: [UnsafeMutablePointer<AVStream>] {
        streams.filter { stream in
            guard let parameters = stream.pointee.codecpar?.pointee else { return false }
            return parameters.codec_type == AVMEDIA_TYPE_AUDIO && parameters.sample_rate > 0
                && parameters.ch_layout.nb_channels > 0 && parameters.codec_id != AV_CODEC_ID_NONE
        }
    }

    /// The frames that the file says a video stream has: by count, else by duration and rate; `nil` where it says neither.
    func expectedFrames(of stream: UnsafeMutablePointer<AVStream>) -> Int? {
        if isPicture { return 1 }
        if stream.pointee.nb_frames > 0 { return Int(stream.pointee.nb_frames) }
        guard let duration, let rate = FrameRate(stream.pointee.avg_frame_rate) else { return nil }
        return rate.frames(inSeconds: Double(duration) / 1e6)
    }

    private func pixels(_ stream: UnsafeMutablePointer<AVStream>) -> Int {
        guard let parameters = stream.pointee.codecpar?.pointee else { return 0 }
        return Int(parameters.width) * Int(parameters.height)
    }
}

/// Counts what could not be decoded and says when it is too much.
///
/// Tolerated are eight packets and one in twenty of those read: a scratch in a recording is kept, a wreck is refused.
struct DamageCount {
    private var packets = 0
    private var failures = 0

    mutating func packet() { packets += 1 }

    mutating func failure(_ status: Int32, of name: String) throws {
        if status == cmedia_error(ENOMEM) { throw MediaError.libav(status, .limitExceeded, "\(name) is too large.") }
        failures += 1
        guard failures <= 8 + packets / 20 else {
            throw MediaError.libav(status, .inputInvalid, "\(name) is damaged: too much of it cannot be decoded.")
        }
    }
}
