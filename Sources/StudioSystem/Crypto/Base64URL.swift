/// Base64 with the URL-safe alphabet and without padding (RFC 4648, section 5), as JSON Web Tokens and cursors use it.
public enum Base64URL {
    /// Encodes bytes.
    ///
    /// - Parameter bytes: What is encoded.
    /// - Returns: Letters, digits, `-` and `_`.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        Base64Alphabet.url.encode(bytes)
    }

    /// Decodes a text strictly.
    ///
    /// - Parameter text: The text.
    /// - Returns: The bytes; nil for a foreign character, padding, an impossible length, or unused bits that are not zero,
    ///   so that no two texts stand for the same bytes.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        Base64Alphabet.url.decode(text)
    }
}

/// The two alphabets of RFC 4648, without padding.
struct Base64Alphabet: Sendable {
    /// `-` and `_` for the last two values.
    static let url = Base64Alphabet("-_")
    /// `+` and `/` for the last two values; the PHC string format's "B64".
    static let standard = Base64Alphabet("+/")

    private let characters: [UInt8]
    /// The value of each byte as a character; 255 for none.
    private let values: [UInt8]

    private init(_ lastTwo: String) {
        characters = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + lastTwo).utf8)
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
        self.values = values
    }

    func encode(_ bytes: some Collection<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count * 4 + 2) / 3)
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for byte in bytes {
            (bits, count) = (bits << 8 | UInt32(byte), count + 8)
            while count >= 6 {
                count -= 6
                output.append(characters[Int(bits >> count & 63)])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { output.append(characters[Int(bits << (6 - count) & 63)]) }
        return String(decoding: output, as: UTF8.self)
    }

    func decode(_ text: some StringProtocol) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count * 3 / 4)
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for character in text.utf8 {
            let value = values[Int(character)]
            guard value != 255 else { return nil }
            (bits, count) = (bits << 6 | UInt32(value), count + 6)
            if count >= 8 {
                count -= 8
                output.append(UInt8(bits >> count & 255))
            }
            bits &= (1 << count) - 1
        }
        return count < 6 && bits == 0 ? output : nil
    }
}
