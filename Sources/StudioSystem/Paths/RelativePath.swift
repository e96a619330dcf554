/// A path below a folder, such as a project's, that came from outside and was checked: `01_Assets/Media/a.png`.
///
/// Holding one means: no `.` or `..`, not absolute, no empty part, no control or odd Unicode character, no name that some
/// system reserves, at most 255 bytes a part and 1,024 in all. What the disk holds there, symbolic links included, is not
/// checked here but when the path is opened: see ``SafeDirectory``. Paths are compared by their bytes; a file system may
/// still fold letter case.
public struct RelativePath: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The most bytes a whole path has.
    public static let longest = 1024

    /// The path with `/` between its parts.
    public let text: String

    /// Checks a path. The rules for its parts: letters, marks and digits of any script, the space and
    /// `. _ - ( ) [ ] + , @ & ' ! = #`, and nothing that looks like something else.
    ///
    /// - Parameter text: A relative path with `/` between its parts.
    /// - Throws: `PathError` naming the first part that breaks a rule, and the rule.
    public init(_ text: some StringProtocol) throws(PathError) {
        if text.isEmpty { throw PathError(.invalid, "the path is empty") }
        guard text.utf8.count <= Self.longest else {
            throw PathError(.invalid, "a path is at most \(Self.longest) bytes long")
        }
        if text.utf8.first == UInt8(ascii: "/") {
            throw PathError(.invalid, "a path begins below the folder, not with a slash")
        }
        // By scalars: a combining mark after a slash would make one character of both.
        for scalars in String(text).unicodeScalars.split(separator: "/", omittingEmptySubsequences: false) {
            let component = String(String.UnicodeScalarView(scalars))
            if let reason = PathComponentRules.violation(in: component) {
                throw PathError(.invalid, component: component, reason)
            }
        }
        self.text = String(text)
    }

    private init(checked text: String) {
        self.text = text
    }

    /// The parts from the top down; at least one.
    public var components: [String] {
        // No part begins with a combining mark, so that every slash is a character of its own.
        text.split(separator: "/").map(String.init)
    }

    /// The last part: the name of the file or folder.
    public var name: String {
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return text }
        return String(text[text.utf8.index(after: slash)...])
    }

    /// The path without its last part; nil where there is only one.
    public var parent: RelativePath? {
        text.utf8.lastIndex(of: UInt8(ascii: "/")).map { RelativePath(checked: String(text[..<$0])) }
    }

    /// A path further down.
    ///
    /// - Parameter path: What is appended, checked like a whole path.
    /// - Returns: This path, a slash, and that one.
    /// - Throws: `PathError` where the appended part breaks a rule or the whole becomes too long.
    public func appending(_ path: some StringProtocol) throws(PathError) -> RelativePath {
        let below = try RelativePath(path)
        return try RelativePath("\(text)/\(below.text)")
    }

    /// Whether this is the given path or lies below it.
    ///
    /// - Parameter folder: The path of a folder.
    /// - Returns: True for the folder itself and everything in it.
    public func isWithin(_ folder: RelativePath) -> Bool {
        text.utf8.elementsEqual(folder.text.utf8) || text.utf8.starts(with: "\(folder.text)/".utf8)
    }

    /// The path itself.
    public var description: String { text }

    /// Compares by bytes, the order in which Git keeps its index.
    ///
    /// - Parameters:
    ///   - left: One path.
    ///   - right: Another.
    /// - Returns: Whether the first comes before the second.
    public static func < (left: RelativePath, right: RelativePath) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
