import Synchronization

/// A schema's regular expression, read once: to read it costs a hundred times what a look costs.
final class SchemaPattern: Sendable, Hashable {
    /// The expression as the schema spells it.
    let text: String
    // A Regex is not Sendable, since in general it may run code of its maker's.
    private let expression: Mutex<Regex<AnyRegexOutput>>

    /// The expression in a text; nil where it is none.
    init?(_ text: String) {
        guard let expression = try? Regex(text) else { return nil }
        self.text = text
        self.expression = Mutex(expression)
    }

    /// Whether it is found anywhere in a text, as JSON Schema's `pattern` means it.
    func isFound(in text: String) -> Bool {
        expression.withLock { text.firstMatch(of: $0) != nil }
    }

    static func == (left: SchemaPattern, right: SchemaPattern) -> Bool { left.text == right.text }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
