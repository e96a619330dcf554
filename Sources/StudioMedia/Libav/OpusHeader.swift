import CMedia

/// What an Opus stream's header says of the samples before its first: an encoder's look-ahead, which a decoder drops
/// ("pre-skip", RFC 7845, section 4.2).
enum OpusHeader {
    /// The unit of the pre-skip, whatever the sound's rate was.
    static let unit = AVRational(num: 1, den: 48_000)

    /// The samples to drop, in ``unit``; 0 for other codecs.
    static func padding(_ parameters: AVCodecParameters) -> Int32 {
        guard parameters.codec_id == AV_CODEC_ID_OPUS, parameters.extradata_size >= 12,
            let header = parameters.extradata
        else { return 0 }
        return Int32(header[10]) | Int32(header[11]) << 8
    }
}

extension Muxer {
    /// Puts a packet of Opus where Matroska has it.
    ///
    /// Matroska says once how many samples are dropped (`CodecDelay`), and its readers take that time off every timestamp. libav's
    /// writer leaves the timestamps before zero instead and moves all other streams, which brings the pictures late by the
    /// pre-skip, 6.5 ms.
    func delayForReaders(
        _ packet: UnsafeMutablePointer<AVPacket>, of stream: UnsafeMutablePointer<AVStream>, _ timeBase: AVRational
    ) {
        guard [.mkv, .webm].contains(container), let parameters = stream.pointee.codecpar?.pointee else { return }
        let lead = av_rescale_q(Int64(OpusHeader.padding(parameters)), OpusHeader.unit, timeBase)
        let none = cmedia_no_timestamp()
        // Times at the end of all numbers are damage, and the writer refuses what comes of them.
        if packet.pointee.pts != none { packet.pointee.pts &+= lead }
        if packet.pointee.dts != none { packet.pointee.dts &+= lead }
    }
}
