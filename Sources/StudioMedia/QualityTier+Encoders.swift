public import StudioCore

/// What the tiers mean to the encoders: how much time and space an output may take.
///
/// | tier | H.264 (libx264) | HEVC (libx265) | VP9 (libvpx) | AV1 (SVT-AV1) | AAC, Opus a channel | JPEG | PNG |
/// | --- | --- | --- | --- | --- | --- | --- | --- |
/// | `low` | veryfast, CRF 28 | veryfast, CRF 30 | speed 5, CRF 40 | preset 10, CRF 45 | 64, 40 kbit/s | 8 | zlib 1, no prediction |
/// | `standard` | medium, CRF 22 | medium, CRF 24 | speed 3, CRF 32 | preset 8, CRF 35 | 80, 64 kbit/s | 4 | zlib 6, mixed |
/// | `high` | slow, CRF 17 | slow, CRF 18 | speed 1, CRF 22 | preset 6, CRF 24 | 128, 96 kbit/s | 2 | zlib 9, mixed |
///
/// JPEG's number is its quantiser scale. ProRes and DNxHR go by their profile; FLAC and PCM are lossless.
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

    /// The constant rate factor that the tier means with a codec; 0 for those that have none.
    func rateFactor(of codec: VideoCodec) -> Int {
        switch (codec, self) {
        case (.h264, _): x264RateFactor
        case (.hevc, .low): 30
        case (.hevc, .standard): 24
        case (.hevc, .high): 18
        case (.vp9, .low): 40
        case (.vp9, .standard): 32
        case (.vp9, .high): 22
        case (.av1, .low): 45
        case (.av1, .standard): 35
        case (.av1, .high): 24
        case (.prores, _), (.dnxhr, _): 0
        }
    }

    /// Opus's bits a second for one channel.
    var opusBitRatePerChannel: Int {
        switch self {
        case .low: 40_000
        case .standard: 64_000
        case .high: 96_000
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
