/// How large decoded media may be. Everything that decodes takes one.
///
/// A limit is checked against what the file claims before any picture is allocated, and again against what the decoder
/// finds. Going over one throws `MediaError` with `limitExceeded`. They bound a single input; the memory and processor
/// time of the whole process are bounded by the process's own resource limits.
public struct MediaLimits: Sendable, Equatable {
    /// The widest picture, in pixels. Default 16,384.
    public var maxWidth: Int
    /// The highest picture, in pixels. Default 16,384.
    public var maxHeight: Int
    /// The most pixels in one picture. Default 2^26, which is 8192 × 8192.
    public var maxPixels: Int
    /// The longest input, in seconds. Default 24 hours.
    public var maxSeconds: Double
    /// The most video frames. Default 5,184,000 (24 hours at 60 frames a second).
    public var maxFrames: Int
    /// The most streams in one file. Default 64.
    public var maxStreams: Int

    /// Makes limits; every parameter has the property's default.
    /// - Parameters:
    ///   - maxWidth: The widest picture, in pixels.
    ///   - maxHeight: The highest picture, in pixels.
    ///   - maxPixels: The most pixels in one picture.
    ///   - maxSeconds: The longest input, in seconds.
    ///   - maxFrames: The most video frames.
    ///   - maxStreams: The most streams in one file.
    public init(
        maxWidth: Int = 16_384, maxHeight: Int = 16_384, maxPixels: Int = 1 << 26, maxSeconds: Double = 86_400,
        maxFrames: Int = 5_184_000, maxStreams: Int = 64
    ) {
        self.maxWidth = maxWidth
        self.maxHeight = maxHeight
        self.maxPixels = maxPixels
        self.maxSeconds = maxSeconds
        self.maxFrames = maxFrames
        self.maxStreams = maxStreams
    }

    /// Refuses a picture that is too large.
    func check(width: Int, height: Int, of name: String) throws {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard width <= maxWidth, height <= maxHeight, !overflow, pixels <= maxPixels else {
            throw MediaError(
                .limitExceeded,
                "\(name) has a picture of \(width)×\(height); "
                    + "at most \(maxWidth)×\(maxHeight) and \(maxPixels) pixels are allowed.")
        }
    }

    /// Refuses an input that plays too long.
    func check(seconds: Double, of name: String) throws {
        guard seconds <= maxSeconds else {
            throw MediaError(
                .limitExceeded, "\(name) lasts \(Int(seconds)) s; at most \(Int(maxSeconds)) s are allowed.")
        }
    }

    /// Refuses an input with too many frames.
    func check(frames: Int, of name: String) throws {
        guard frames <= maxFrames else {
            throw MediaError(.limitExceeded, "\(name) has \(frames) frames; at most \(maxFrames) are allowed.")
        }
    }
}
