/// What the name of a picture in a numbered sequence is made of.
///
/// The number is the last run of digits before the extension, as renderers write it (`beauty.0101.exr`, `frame-12.png`,
/// `frame.0101`). Takes (`SHOT-010_v01_take03.png`) have none: their numbers say when they were made.
public struct FrameName: Sendable, Hashable {
    /// What is before the number.
    public let prefix: String
    /// The number.
    public let number: Int
    /// The digits that the number is written with, zeros at its front included.
    public let digits: Int
    /// What is between the number and the extension.
    public let suffix: String
    /// The extension with its dot; empty where there is none.
    public let fileExtension: String

    /// Takes a name apart; `nil` where it has no number, or one of more than eighteen digits, or is a take's.
    /// - Parameter name: A file name without folders.
    public init?(_ name: String) {
        guard TakeName(fileName: name) == nil else { return nil }
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        // A name such as `frame.0101` has no extension but a number.
        let isExtension = name[dot...].dropFirst().contains { !Self.isDigit($0) }
        let stem = isExtension ? name[..<dot] : name[...]
        guard let last = stem.lastIndex(where: Self.isDigit) else { return nil }
        let end = stem.index(after: last)
        let start = stem[..<end].lastIndex { !Self.isDigit($0) }.map { stem.index(after: $0) } ?? stem.startIndex
        digits = stem.distance(from: start, to: end)
        // Eighteen digits always fit.
        guard digits <= 18, let number = Int(stem[start..<end]) else { return nil }
        self.number = number
        prefix = String(stem[..<start])
        suffix = String(stem[end...])
        fileExtension = isExtension ? String(name[dot...]) : ""
    }

    /// Whether two names differ in nothing but their numbers and extensions.
    /// - Parameter other: The other name.
    /// - Returns: Whether they do.
    public func isInSequence(with other: FrameName) -> Bool { prefix == other.prefix && suffix == other.suffix }

    private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isWholeNumber }
}
