public import StudioCore

/// What an encoder spends on pictures.
public enum VideoRate: Sendable, Hashable, Codable {
    /// What the tier's constant rate factor gives.
    case tier
    /// A constant rate factor: 0 is the best, ``VideoCodec/worstRateFactor`` the worst.
    case factor(Int)
    /// Bits a second on average, 10,000 to 800,000,000.
    case bits(Int)
}

/// Where a stream of pictures can be entered.
public enum KeyFrames: Sendable, Hashable, Codable {
    /// A key frame at least every so many seconds (but not oftener than every 12 frames, nor rarer than every 600), and
    /// at cuts. The default is 2 seconds.
    case atMost(seconds: Double)
    /// A key frame at exactly every so many frames and nowhere else, and nothing in a group refers to another: such
    /// streams can be made in chunks and joined.
    case every(frames: Int)
}

/// How a file's pictures are to be encoded.
public struct VideoTarget: Sendable, Hashable, Codable {
    /// The codec.
    public var codec: VideoCodec
    /// What ProRes and DNxHR spend; `nil` is ``CodecProfile/hq``.
    public var profile: CodecProfile?
    /// The time to spend, and the space where ``rate`` is ``VideoRate/tier``.
    public var quality: QualityTier
    /// The space to spend.
    public var rate: VideoRate
    /// The bits of a sample. ProRes and DNxHR go by their profile.
    public var depth: BitDepth
    /// How finely colour is sampled. ProRes and DNxHR go by their profile.
    public var chroma: ChromaSampling
    /// Whether transparency is kept: ProRes 4444, and VP9 in 8 bits and 4:2:0.
    public var alpha: Bool
    /// Where the stream can be entered.
    public var keyFrames: KeyFrames
    /// Encoder threads. 0: as many as the machine's cores allow. Another number may give other bytes.
    public var threads: Int

    /// Describes pictures; the default is H.264 in 8 bits and 4:2:0 at the standard tier.
    /// - Parameters:
    ///   - codec: The codec.
    ///   - profile: What ProRes and DNxHR spend, or `nil` for their HQ.
    ///   - quality: The time to spend.
    ///   - rate: The space to spend.
    ///   - depth: The bits of a sample.
    ///   - chroma: How finely colour is sampled.
    ///   - alpha: Whether transparency is kept.
    ///   - keyFrames: Where the stream can be entered; default at least every 2 seconds.
    ///   - threads: Encoder threads, 0 for as many as the machine's cores allow.
    public init(
        codec: VideoCodec = .h264, profile: CodecProfile? = nil, quality: QualityTier = .standard,
        rate: VideoRate = .tier, depth: BitDepth = .eight, chroma: ChromaSampling = .quarter, alpha: Bool = false,
        keyFrames: KeyFrames = .atMost(seconds: 2), threads: Int = 0
    ) {
        self.codec = codec
        self.profile = profile
        self.quality = quality
        self.rate = rate
        self.depth = depth
        self.chroma = chroma
        self.alpha = alpha
        self.keyFrames = keyFrames
        self.threads = threads
    }

    /// The profile that holds: the one named, else the codec's first.
    var effectiveProfile: CodecProfile? { profile ?? codec.profiles.first }

    /// Refuses what the codec cannot do.
    /// - Throws: `MediaError` with `parametersInvalid`, which names the codec and what does not go with it.
    public func check() throws {
        if let profile, !codec.profiles.contains(profile) { throw refusal("the profile \(profile.rawValue)") }
        switch rate {
        case .tier: break
        case .factor(let factor):
            guard let worst = codec.worstRateFactor else { throw refusal("a rate factor") }
            guard (0...worst).contains(factor) else {
                throw MediaError(
                    .parametersInvalid,
                    "A rate factor of \(factor) is not possible with \(codec.title); it is 0 to \(worst).")
            }
        case .bits(let bits):
            guard !codec.isIntraOnly else { throw refusal("a bit rate") }
            guard (10_000...800_000_000).contains(bits) else {
                throw MediaError(.parametersInvalid, "A bit rate of \(bits) is not possible; it is 10000 to 800000000.")
            }
        }
        if codec == .av1 && chroma != .quarter { throw refusal("\(chroma.rawValue) chroma") }
        if alpha && !canHoldAlpha { throw refusal("transparency\(alphaCondition)") }
        switch keyFrames {
        case .atMost(let seconds):
            guard seconds.isFinite, (0.04...60).contains(seconds) else {
                throw MediaError(.parametersInvalid, "A key frame every \(seconds) s is not possible; 0.04 to 60 are.")
            }
        case .every(let frames):
            guard (1...3600).contains(frames) else {
                throw MediaError(
                    .parametersInvalid, "A key frame every \(frames) frames is not possible; 1 to 3600 are.")
            }
        }
    }

    private var canHoldAlpha: Bool {
        switch codec {
        case .prores: effectiveProfile == .p4444
        case .vp9: depth == .eight && chroma == .quarter
        default: false
        }
    }

    private var alphaCondition: String {
        switch codec {
        case .prores: " outside the profile 4444"
        case .vp9: " outside 8 bits and 420"
        default: ""
        }
    }

    private func refusal(_ what: String) -> MediaError {
        MediaError(.parametersInvalid, "\(codec.title) cannot be encoded with \(what).")
    }
}
