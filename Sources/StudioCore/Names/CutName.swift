/// The name of a cut or an export: a file's name without its extension.
public struct CutName: Sendable, Hashable {
    /// The name as it was given.
    public let text: String

    /// Checks a name.
    ///
    /// - Parameters:
    ///   - text: The name.
    ///   - pointer: Where it came from, for the finding.
    /// - Throws: `StudioError` with code `invalid` that says the rule.
    public init(_ text: String, pointer: String) throws(StudioError) {
        let bytes = Array(text.utf8)
        func isLetter(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        guard let first = bytes.first, isLetter(first), bytes.count <= 100,
            bytes.allSatisfy({ isLetter($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
        else {
            throw .invalid([
                Finding(
                    pointer: pointer, code: "pattern",
                    detail: "a name is 1 to 100 letters, digits, - and _, and begins with a letter or digit")
            ])
        }
        self.text = text
    }
}
