import FoundationEssentials

/// Addresses that carry what they stand for (RFC 2397).
enum DataURL {
    /// What an address carries.
    ///
    /// - Parameter text: The address.
    /// - Returns: The bytes; nil where it is no `data:` address in base64.
    static func bytes(of text: String) -> Data? {
        guard text.hasPrefix("data:"), let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        guard text[..<comma].lowercased().hasSuffix(";base64") else { return nil }
        return Data(base64Encoded: Data(text.utf8[text.utf8.index(after: comma)...]))
    }
}
