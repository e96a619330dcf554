import FoundationEssentials

/// A small picture of what is being made, as it is sent along with progress.
struct ProgressPicture: Sendable, Hashable {
    /// The largest picture, in bytes; what is larger is not shown.
    static let limit = 64 << 10

    /// `image/jpeg`, `image/png` or `image/webp`.
    let mediaType: String
    /// The picture's bytes.
    let bytes: Data

    /// A picture; nil where it is larger than ``limit``, empty, or none of the known types.
    init?(_ bytes: Data) {
        guard !bytes.isEmpty, bytes.count <= Self.limit else { return nil }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            mediaType = "image/jpeg"
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
            mediaType = "image/png"
        } else if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: Array("WEBP".utf8)) {
            mediaType = "image/webp"
        } else {
            return nil
        }
        self.bytes = bytes
    }
}
