import FoundationEssentials
import Logging
import QueueProtocol

/// One event as a line: no text in it can end the line, and it has at most ``limit`` bytes with its newline.
struct LogLine {
    /// The longest line in bytes, newline included.
    static let limit = 16 * 1024

    let at: Date
    let level: Logger.Level
    let label: String
    let message: String
    /// What the event carries, in order of name, secrets redacted.
    let fields: [(key: String, value: String)]

    /// For people. Where it is too long its end is cut off and `…` stands there.
    ///
    /// What every line of a job has comes first and without names, so that lines of many workers stand in columns:
    /// `worker-3: job succeeded    film/SH-010 mock-video job=9f3c21aa …`. Ids are their last eight digits, and a first
    /// attempt and the trace, which are nobody's first question, are left to JSON.
    var text: String {
        var own = Dictionary(fields.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        let time = Timestamp.text(at).dropFirst(11).dropLast()
        let name = level.rawValue + String(repeating: " ", count: max(0, 8 - level.rawValue.count))
        let who = label == LogKey.worker ? own.removeValue(forKey: LogKey.worker) ?? label : label
        var line = "\(time) \(name) \(Self.oneLine(who)): "
        if own[LogKey.job] != nil, let project = own.removeValue(forKey: LogKey.project) {
            let shot = own.removeValue(forKey: LogKey.shot).map { "/\($0)" } ?? ""
            let function = own.removeValue(forKey: LogKey.function).map { " \($0)" } ?? ""
            line += Self.padded(Self.oneLine(message)) + Self.oneLine(" \(project)\(shot)\(function)")
        } else {
            line += Self.oneLine(message)
        }
        if own[LogKey.attempt] == "1" { own[LogKey.attempt] = nil }
        own[LogKey.traceID] = nil
        for (key, _) in fields {
            guard let value = own[key].map({ Self.oneLine(Self.shortened($0)) }) else { continue }
            let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 32 && $0 != UInt8(ascii: "\"") }
            line += " \(Self.oneLine(key))=" + (isPlain ? value : Self.quoted(value))
        }
        return Self.cut(line, to: Self.limit - 1)
    }

    /// As wide as what is said of jobs most often.
    private static func padded(_ message: String) -> String {
        message + String(repeating: " ", count: max(0, 13 - message.utf8.count))
    }

    /// The last digits of an id: its first are the time, which ids of one minute share.
    private static func shortened(_ value: String) -> String {
        value.utf8.count == 36 && UUIDText.uuid(value) != nil ? String(value.suffix(8)) : value
    }

    /// For machines: one JSON object. Where it is too long its longest values are cut, each with `…` at its end, and
    /// `"cut":true` says so; it is valid JSON all the same.
    var json: String {
        let whole = object(fields, longestValue: nil)
        guard whole.utf8.count >= Self.limit else { return whole }
        var longest = Self.limit / 2
        while longest >= 64 {
            let line = object(fields, longestValue: longest)
            if line.utf8.count < Self.limit { return line }
            longest /= 2
        }
        // So many fields that none can be kept.
        return object([], longestValue: 1024)
    }

    private static let ownNames: Set<String> = ["at", "level", "logger", "message", "cut"]

    private func object(_ fields: [(key: String, value: String)], longestValue: Int?) -> String {
        func value(_ text: String) -> String { Self.quoted(longestValue.map { Self.cut(text, to: $0) } ?? text) }
        var members = [
            "\"at\":\"\(Timestamp.text(at))\"", "\"level\":\"\(level.rawValue)\"", "\"logger\":\(value(label))",
            "\"message\":\(value(message))",
        ]
        if longestValue != nil { members.append("\"cut\":true") }
        for field in fields {
            // A name must not occur twice in an object.
            let key = Self.ownNames.contains(field.key) ? "field_\(field.key)" : field.key
            members.append("\(Self.quoted(key)):\(value(field.value))")
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// As JSON writes a string; what terminals or readers could take for an end of the line is escaped too.
    private static func quoted(_ text: String) -> String {
        if text.utf8.allSatisfy({ isPlain($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            return "\"" + text + "\""
        }
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case _ where endsLine(scalar) || isControl(scalar):
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// A printing character of ASCII, as nearly all are.
    private static func isPlain(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) }

    private static func oneLine(_ text: String) -> String {
        if text.utf8.allSatisfy(isPlain) { return text }
        guard text.unicodeScalars.contains(where: { endsLine($0) || isControl($0) }) else { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { out.append(endsLine(scalar) ? "⏎" : isControl(scalar) ? " " : scalar) }
        return String(out)
    }

    private static func endsLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    /// At most so many bytes of a text, never half a character's encoding; `…` stands for the rest.
    private static func cut(_ text: String, to bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        let mark = "…"
        var end = text.utf8.index(text.startIndex, offsetBy: bytes - mark.utf8.count)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + mark
    }
}
