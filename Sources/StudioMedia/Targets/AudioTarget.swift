public import StudioCore

/// The codecs that sound can be encoded with.
public enum AudioCodec: String, Sendable, Hashable, Codable, CaseIterable {
    /// AAC-LC.
    case aac
    /// Opus by libopus.
    case opus
    /// FLAC: lossless, 16 or 24 bits as the source has.
    case flac
    /// Linear PCM, 16 bits.
    case pcm16
    /// Linear PCM, 24 bits.
    case pcm24

    /// The name as people write it.
    public var title: String {
        switch self {
        case .aac: "AAC"
        case .opus: "Opus"
        case .flac: "FLAC"
        case .pcm16: "16-bit PCM"
        case .pcm24: "24-bit PCM"
        }
    }

    /// Whether the samples come back as they were.
    public var isLossless: Bool { [.flac, .pcm16, .pcm24].contains(self) }

    /// The sampling rates that the codec can hold; `nil` where any from 8 to 192 kHz.
    public var sampleRates: [Int]? {
        switch self {
        case .aac: [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000]
        case .opus: [8000, 12_000, 16_000, 24_000, 48_000]
        case .flac, .pcm16, .pcm24: nil
        }
    }
}

/// How many channels sound is to have.
public enum ChannelPlan: String, Sendable, Hashable, Codable, CaseIterable {
    /// As the source. Lossless codecs keep any layout of up to eight channels; AAC and Opus keep mono, stereo and 5.1, make
    /// 5.1 of more than five channels, and stereo of the rest.
    case keep
    /// One channel.
    case mono
    /// Two channels.
    case stereo
    /// Six channels: left, right, centre, low frequencies, left and right at the side or back.
    case surround = "5.1"
}

/// How a file's sound is to be encoded.
public struct AudioTarget: Sendable, Hashable, Codable {
    /// The codec.
    public var codec: AudioCodec
    /// The time and space to spend, where ``bitRate`` is `nil`.
    public var quality: QualityTier
    /// Bits a second for all channels together, 6,000 to 1,024,000; `nil` follows from the tier. Not for lossless codecs.
    public var bitRate: Int?
    /// Samples a second; `nil` keeps the source's, or takes the codec's next higher one, at most 48 kHz for AAC and Opus.
    public var sampleRate: Int?
    /// The channels.
    public var channels: ChannelPlan

    /// Describes sound.
    /// - Parameters:
    ///   - codec: The codec; default AAC.
    ///   - quality: The time and space to spend; default standard.
    ///   - bitRate: Bits a second for all channels together, or `nil` for the tier's.
    ///   - sampleRate: Samples a second, or `nil` for the source's.
    ///   - channels: The channels; default those of the source.
    public init(
        codec: AudioCodec = .aac, quality: QualityTier = .standard, bitRate: Int? = nil, sampleRate: Int? = nil,
        channels: ChannelPlan = .keep
    ) {
        self.codec = codec
        self.quality = quality
        self.bitRate = bitRate
        self.sampleRate = sampleRate
        self.channels = channels
    }

    /// Refuses what the codec cannot do.
    /// - Throws: `MediaError` with `parametersInvalid`, which names the codec and what does not go with it.
    public func check() throws {
        if let bitRate {
            guard !codec.isLossless else {
                throw MediaError(
                    .parametersInvalid, "\(codec.title) is lossless: a bit rate of \(bitRate) does not go with it.")
            }
            guard (6000...1_024_000).contains(bitRate) else {
                throw MediaError(
                    .parametersInvalid, "A sound bit rate of \(bitRate) is not possible; it is 6000 to 1024000.")
            }
        }
        guard let sampleRate else { return }
        guard codec.sampleRates?.contains(sampleRate) ?? (8000...192_000).contains(sampleRate) else {
            throw MediaError(.parametersInvalid, "\(codec.title) cannot hold \(sampleRate) samples a second.")
        }
    }
}
