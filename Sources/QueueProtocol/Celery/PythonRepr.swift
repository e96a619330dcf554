/// Values as Python's `repr` spells them: what Celery's monitors show of arguments and results.
public enum PythonRepr {
    /// How much of a text monitors are sent, as Celery's clients cut it.
    public static let longest = 1024

    /// A value's spelling, members in order of name, cut where it is long.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - bound: The most characters; default ``longest``.
    /// - Returns: The text, with `…` at its end where it was cut.
    public static func text(_ value: JSONValue, bound: Int = longest) -> String {
        var text = ""
        write(value, to: &text)
        return text.count > bound ? String(text.prefix(bound - 1)) + "…" : text
    }

    /// The spelling of an exception made from texts, as in `ValueError('no', 'way')`.
    ///
    /// - Parameters:
    ///   - type: The exception's class.
    ///   - arguments: What it was made from.
    /// - Returns: The text; each argument is cut where it is long.
    public static func exception(_ type: String, _ arguments: String...) -> String {
        "\(type)(\(arguments.map { text(.string($0)) }.joined(separator: ", ")))"
    }

    private static func write(_ value: JSONValue, to text: inout String) {
        switch value {
        case .null: text += "None"
        case .bool(let flag): text += flag ? "True" : "False"
        case .integer(let number): text += String(number)
        case .unsigned(let number): text += String(number)
        case .number(let number): text += number.isFinite ? "\(number)" : number.isNaN ? "nan" : "\(number)"
        case .string(let string): write(string, to: &text)
        case .array(let items):
            text += "["
            for (index, item) in items.enumerated() {
                if index > 0 { text += ", " }
                write(item, to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { text += ", " }
                write(member.key, to: &text)
                text += ": "
                write(member.value, to: &text)
            }
            text += "}"
        }
    }

    /// Single quotes, unless the text has some and no double ones.
    private static func write(_ string: String, to text: inout String) {
        let quote: Unicode.Scalar =
            string.unicodeScalars.contains("'") && !string.unicodeScalars.contains("\"") ? "\"" : "'"
        text.unicodeScalars.append(quote)
        for scalar in string.unicodeScalars {
            switch scalar {
            case quote, "\\":
                text += "\\"
                text.unicodeScalars.append(scalar)
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || (0x7F..<0xA1).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                text += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text.unicodeScalars.append(quote)
    }
}
