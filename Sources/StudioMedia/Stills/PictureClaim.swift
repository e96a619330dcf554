/// What the header of a picture file claims: for the fuzzer, which reaches our own readers of headers by it.
@_spi(Fuzzing) public struct PictureClaim: Sendable, Equatable {
    /// The width in pixels.
    public var width: Int
    /// The height in pixels.
    public var height: Int
    /// Whether all of an OpenEXR file is there; `true` for other kinds, whose decoders tell.
    public var isWhole: Bool

    /// Reads a header; `nil` where it is of no known kind, damaged, or beyond the bytes.
    /// - Parameter bytes: The file's bytes.
    public init?(readingHeader bytes: [UInt8]) {
        guard let size = PictureHeader.size(of: bytes) else { return nil }
        (width, height) = size
        isWhole = StillKind(bytes) != .exr || EXRHeader(bytes)?.isWhole(bytes) ?? false
    }
}
