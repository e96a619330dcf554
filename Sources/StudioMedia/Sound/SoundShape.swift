import CMedia

/// What samples are once they are brought to a target: for what looks at sound and writes none.
struct SoundShape {
    let sampleRate: Int32
    /// The channels' layout in libav's words.
    let layout: String
    let channels: Int

    init(_ target: AudioTarget, of source: AudioTrack.Source) {
        sampleRate = Int32(target.rate(for: source.sampleRate))
        layout = target.layout(for: source)
        var described = AVChannelLayout()
        channels = av_channel_layout_from_string(&described, layout) >= 0 ? Int(described.nb_channels) : 1
        av_channel_layout_uninit(&described)
    }
}
