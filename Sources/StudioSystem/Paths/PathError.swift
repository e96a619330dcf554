/// A path from outside that is refused, with the place and the reason.
public struct PathError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is.
    public enum Code: String, Hashable, Sendable {
        /// The text is no path of a project.
        case invalid = "path-invalid"
        /// The text is well formed, but on this disk it leads out of the folder, by a symbolic link.
        case escapes = "path-escapes"
    }

    /// What kind of refusal it is.
    public let code: Code
    /// The part of the path it is about, made printable and at most 80 characters long; empty where it is the whole.
    public let component: String
    /// Why, in words for people.
    public let reason: String

    init(_ code: Code, component: String = "", _ reason: String) {
        self.code = code
        self.component = Self.printable(component)
        self.reason = reason
    }

    /// The refusal in a sentence; safe to show.
    public var description: String { component.isEmpty ? reason : "\"\(component)\": \(reason)" }

    /// Foreign text as it may be shown: what cannot be seen, or turns the line around, becomes its number.
    private static func printable(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(80) {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                shown += "<U+\(String(scalar.value, radix: 16, uppercase: true))>"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.dropFirst(80).isEmpty ? shown : shown + "…"
    }
}
