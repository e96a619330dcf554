public import StudioSystem

/// What Git keeps in place of a large file's bytes: version 1 of the Git LFS pointer.
public struct LFSPointer: Hashable, Sendable {
    /// The longest text that can be a pointer; git-lfs reads no further.
    public static let longest = 1024

    /// The digest and size of the file it stands for.
    public let content: FileHash

    /// A pointer to a content.
    ///
    /// - Parameter content: The digest and size of the file it stands for.
    public init(_ content: FileHash) {
        self.content = content
    }

    /// The pointer's text, byte for byte what git-lfs writes.
    public var text: String { "\(Self.version)\noid sha256:\(content.digest.hex)\nsize \(content.size)\n" }

    /// Reads a pointer strictly: exactly what ``text`` gives. A pointer with extensions is none of ours.
    ///
    /// - Parameter bytes: A blob's content; nil for anything that is no pointer.
    public init?(parsing bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.longest, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty, lines[0] == Self.version, lines[1].hasPrefix("oid sha256:"),
            lines[2].hasPrefix("size "), let digest = SHA256Digest(hex: lines[1].dropFirst(11)),
            let size = Int64(lines[2].dropFirst(5)), size >= 0
        else { return nil }
        self.init(FileHash(digest: digest, size: size))
        guard self.text == text else { return nil }
    }

    private static let version = "version https://git-lfs.github.com/spec/v1"
}
