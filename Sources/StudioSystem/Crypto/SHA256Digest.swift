/// A SHA-256 digest: the name of some bytes.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    /// The length of a digest.
    public static let byteCount = 32

    /// The 32 bytes.
    public let bytes: [UInt8]

    /// Reads the text form.
    ///
    /// - Parameter hex: 64 lower-case hexadecimal digits; anything else gives nil.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == Self.byteCount * 2, let bytes = Hexadecimal.decode(hex) else { return nil }
        self.bytes = bytes
    }

    /// Takes the raw form.
    ///
    /// - Parameter bytes: 32 bytes; any other number gives nil.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    init(computed bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hexadecimal.encode(bytes) }

    /// The same as ``hex``.
    public var description: String { hex }
}
