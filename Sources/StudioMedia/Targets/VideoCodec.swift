/// The codecs that pictures can be encoded with.
public enum VideoCodec: String, Sendable, Hashable, Codable, CaseIterable {
    /// H.264/AVC by libx264.
    case h264
    /// H.265/HEVC by libx265.
    case hevc
    /// Apple ProRes: every frame by itself, 10 bits.
    case prores
    /// Avid DNxHR (SMPTE VC-3): every frame by itself.
    case dnxhr
    /// VP9 by libvpx.
    case vp9
    /// AV1 by SVT-AV1, or by libaom where a side is under 64 pixels.
    case av1

    /// The name as people write it.
    public var title: String {
        switch self {
        case .h264: "H.264"
        case .hevc: "HEVC"
        case .prores: "ProRes"
        case .dnxhr: "DNxHR"
        case .vp9: "VP9"
        case .av1: "AV1"
        }
    }

    /// The worst constant rate factor; `nil` for codecs whose profile alone sets the rate. The best is 0.
    public var worstRateFactor: Int? {
        switch self {
        case .h264, .hevc: 51
        case .vp9, .av1: 63
        case .prores, .dnxhr: nil
        }
    }

    /// The profiles that set what the codec spends; empty for the others. The first is taken where none is named.
    public var profiles: [CodecProfile] {
        switch self {
        case .prores: [.hq, .proxy, .lt, .standard, .p4444]
        case .dnxhr: [.hq, .lb, .sq, .hqx, .p444]
        default: []
        }
    }

    /// Whether every frame is coded by itself.
    public var isIntraOnly: Bool { self == .prores || self == .dnxhr }
}

/// The profiles of ProRes and DNxHR, from proxies to masters.
public enum CodecProfile: String, Sendable, Hashable, Codable, CaseIterable {
    /// ProRes 422 Proxy.
    case proxy
    /// ProRes 422 LT.
    case lt
    /// ProRes 422.
    case standard
    /// ProRes 422 HQ, or DNxHR HQ (4:2:2, 8 bits).
    case hq
    /// ProRes 4444, with or without alpha.
    case p4444 = "4444"
    /// DNxHR LB: 4:2:2, 8 bits, low bandwidth.
    case lb
    /// DNxHR SQ: 4:2:2, 8 bits.
    case sq
    /// DNxHR HQX: 4:2:2, 10 bits.
    case hqx
    /// DNxHR 444: 4:4:4, 10 bits.
    case p444 = "444"
}

/// The bits of one sample of a picture.
public enum BitDepth: Int, Sendable, Hashable, Codable, CaseIterable {
    /// 8 bits.
    case eight = 8
    /// 10 bits.
    case ten = 10
}

/// How finely a picture's colour differences are sampled.
public enum ChromaSampling: String, Sendable, Hashable, Codable, CaseIterable {
    /// Half the width and half the height.
    case quarter = "420"
    /// Half the width.
    case half = "422"
    /// As finely as luma.
    case full = "444"
}
