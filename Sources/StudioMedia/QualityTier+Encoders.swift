public import StudioCore

/// What the tiers mean to the encoders: how much time and space an output may take.
///
/// | tier | H.264 (libx264) | AAC a channel | JPEG quantiser | PNG compression |
/// | --- | --- | --- | --- | --- |
/// | `low` | veryfast, CRF 28 | 64 kbit/s | 8 | zlib 1, no prediction |
/// | `standard` | medium, CRF 22 | 80 kbit/s | 4 | zlib 6, mixed prediction |
/// | `high` | slow, CRF 17 | 128 kbit/s | 2 | zlib 9, mixed prediction |
///
/// PNG is lossless at every tier: there the tier trades time for bytes.
extension QualityTier {
    /// libx264's preset.
    public var x264Preset: String {
        switch self {
        case .low: "veryfast"
        case .standard: "medium"
        case .high: "slow"
        }
    }

    /// libx264's constant rate factor, 0 (lossless) to 51; lower is better.
    public var x264RateFactor: Int {
        switch self {
        case .low: 28
        case .standard: 22
        case .high: 17
        }
    }

    /// AAC's bits a second for one channel.
    public var audioBitRatePerChannel: Int {
        switch self {
        case .low: 64_000
        case .standard: 80_000
        case .high: 128_000
        }
    }

    /// JPEG's quantiser scale, 1 (best) to 31.
    public var jpegQuantiser: Int {
        switch self {
        case .low: 8
        case .standard: 4
        case .high: 2
        }
    }

    /// zlib's level, 0 to 9.
    var pngCompression: Int32 {
        switch self {
        case .low: 1
        case .standard: 6
        case .high: 9
        }
    }

    /// libavcodec's name of the PNG row filter.
    var pngPrediction: String { self == .low ? "none" : "mixed" }
}
