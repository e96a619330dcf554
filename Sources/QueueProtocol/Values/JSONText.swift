public import FoundationEssentials

/// Reads and writes JSON text in the forms this project uses.
///
/// One place, so that every document is spelt alike: no escaped slashes, times as RFC 3339 UTC with milliseconds.
public enum JSONText {
    /// The JSON of a value, compact.
    ///
    /// - Parameters:
    ///   - value: What to write.
    ///   - sortedKeys: Whether members are sorted by name (canonical text, for hashes); default no.
    /// - Returns: UTF-8 text without a trailing newline.
    /// - Throws: `EncodingError` for values JSON cannot say.
    public static func compact(_ value: some Encodable, sortedKeys: Bool = false) throws -> Data {
        if let value = value as? JSONValue {
            var bytes: [UInt8] = []
            if value.write(to: &bytes, sortedKeys: sortedKeys) { return Data(bytes) }
            // The coder says which value it is that JSON cannot say.
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = sortedKeys ? [.withoutEscapingSlashes, .sortedKeys] : [.withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(Timestamp.text(date))
        }
        return try encoder.encode(value)
    }

    /// The JSON of a value as a string, compact.
    ///
    /// - Parameters:
    ///   - value: What to write.
    ///   - sortedKeys: Whether members are sorted by name; default no.
    /// - Returns: The text.
    /// - Throws: `EncodingError` for values JSON cannot say.
    public static func string(_ value: some Encodable, sortedKeys: Bool = false) throws -> String {
        String(decoding: try compact(value, sortedKeys: sortedKeys), as: UTF8.self)
    }

    /// Reads a value from JSON text.
    ///
    /// - Parameters:
    ///   - type: What to read.
    ///   - data: UTF-8 JSON.
    /// - Returns: The value.
    /// - Throws: `DecodingError` that names the place and the reason.
    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        if Value.self == JSONValue.self {
            do {
                if let value = try JSONValue(readingText: Array(data)) as? Value { return value }
            } catch {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(codingPath: [], debugDescription: error.message))
            }
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = Timestamp.parse(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time: \(text)")
            }
            return date
        }
        return try decoder.decode(type, from: data)
    }

    /// Reads a value from JSON text.
    ///
    /// - Parameters:
    ///   - type: What to read.
    ///   - text: JSON.
    /// - Returns: The value.
    /// - Throws: `DecodingError` that names the place and the reason.
    public static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try decode(type, from: Data(text.utf8))
    }

    /// A document people read and Git compares: keys sorted, two-space indent, one member a line, a newline at the end.
    ///
    /// - Parameter value: What to write.
    /// - Returns: UTF-8 text.
    /// - Throws: `EncodingError` for numbers JSON cannot say.
    public static func document(_ value: JSONValue) throws -> Data {
        var text: [UInt8] = []
        guard write(value, indent: 0, to: &text) else {
            // The coder says which value it is that JSON cannot say.
            return try JSONEncoder().encode(value)
        }
        text.append(UInt8(ascii: "\n"))
        return Data(text)
    }

    /// Returns whether JSON can say it.
    private static func write(_ value: JSONValue, indent: Int, to text: inout [UInt8]) -> Bool {
        func begin(_ isFirst: Bool) {
            if !isFirst { text.append(UInt8(ascii: ",")) }
            line(indent + 1)
        }
        func line(_ indent: Int) {
            text.append(UInt8(ascii: "\n"))
            text += repeatElement(UInt8(ascii: " "), count: 2 * indent)
        }
        switch value {
        case .object(let members) where !members.isEmpty:
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                begin(index == 0)
                JSONValue.write(member.key, to: &text)
                text += ": ".utf8
                guard write(member.value, indent: indent + 1, to: &text) else { return false }
            }
            line(indent)
            text.append(UInt8(ascii: "}"))
        case .array(let items) where !items.isEmpty:
            text.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                begin(index == 0)
                guard write(item, indent: indent + 1, to: &text) else { return false }
            }
            line(indent)
            text.append(UInt8(ascii: "]"))
        default: return value.write(to: &text, sortedKeys: true)
        }
        return true
    }
}
