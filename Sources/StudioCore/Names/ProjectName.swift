/// A project's name: a folder name on every system, and part of every URL.
public struct ProjectName: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The name as it was given.
    public let text: String

    /// Checks a name: a letter or digit, then letters, digits, `_` and `-`, 63 characters at most, none that Windows reserves.
    ///
    /// - Parameters:
    ///   - text: The name.
    ///   - pointer: Where it came from, for the finding; default `/name`.
    /// - Throws: `StudioError` with code `invalid` that says which rule it breaks.
    public init(_ text: String, pointer: String = "/name") throws(StudioError) {
        if let reason = Self.fault(in: text) {
            throw .invalid([Finding(pointer: pointer, code: "path-invalid", detail: reason)])
        }
        self.text = text
    }

    private static func fault(in text: String) -> String? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return "a project needs a name" }
        guard bytes.count <= 63 else { return "a project's name has at most 63 characters, this one has \(text.count)" }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        guard bytes.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }) else {
            return "a project's name has only the letters A to Z and a to z, digits, _ and -"
        }
        guard isAlphanumeric(bytes[0]) else { return "a project's name begins with a letter or a digit" }
        guard !reservedOnWindows.contains(text.uppercased()) else { return "\(text) is a name that Windows reserves" }
        return nil
    }

    private static let reservedOnWindows: Set<String> = {
        var names: Set<String> = ["CON", "PRN", "AUX", "NUL"]
        for digit in 1...9 { names.formUnion(["COM\(digit)", "LPT\(digit)"]) }
        return names
    }()

    /// Reads and checks a name.
    ///
    /// - Parameter decoder: The decoder positioned at the text.
    /// - Throws: `DecodingError` where the text is missing, `StudioError` where it breaks the rules.
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the name.
    ///
    /// - Parameter encoder: The encoder to write to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The name.
    public var description: String { text }
}
