import CMedia

/// The parts of libav that this room names, and that a distribution may have left out.
public enum MediaParts {
    private static let encoders = [
        "libx264", "libx265", "prores_ks", "dnxhd", "libvpx-vp9", "libaom-av1", "libsvtav1", "png", "mjpeg", "tiff",
        "exr",
        "dpx", "libwebp", "aac", "libopus", "flac", "pcm_s16le", "pcm_s24le",
    ]
    private static let decoders = [
        AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_PRORES, AV_CODEC_ID_DNXHD, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1,
        AV_CODEC_ID_PNG, AV_CODEC_ID_MJPEG, AV_CODEC_ID_TIFF, AV_CODEC_ID_EXR, AV_CODEC_ID_DPX, AV_CODEC_ID_WEBP,
        AV_CODEC_ID_AAC, AV_CODEC_ID_OPUS, AV_CODEC_ID_FLAC, AV_CODEC_ID_MP3, AV_CODEC_ID_PCM_S16LE,
        AV_CODEC_ID_PCM_S24LE,
    ]
    private static let filters = ["scale", "zscale", "tonemap", "aresample", "loudnorm", "ebur128", "drawtext"]

    /// How many parts there are.
    public static var count: Int { encoders.count + decoders.count + filters.count }

    /// What this machine's libav lacks, for people: `encoder libx265`.
    ///
    /// - Returns: The missing parts; none where all work can be done.
    public static func missing() -> [String] {
        _ = MediaLog.installed
        return encoders.filter { avcodec_find_encoder_by_name($0) == nil }.map { "encoder \($0)" }
            + decoders.filter { avcodec_find_decoder($0) == nil }
            .map { "decoder \(avcodec_get_name($0).map { String(cString: $0) } ?? "")" }
            + filters.filter { avfilter_get_by_name($0) == nil }.map { "filter \($0)" }
    }
}
