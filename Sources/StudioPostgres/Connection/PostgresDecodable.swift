public import FoundationEssentials
public import QueueProtocol

/// A value that can be read from PostgreSQL's text form.
public protocol PostgresDecodable {
    /// The value, or nil where the text (nil: NULL) is none.
    ///
    /// - Parameter text: What the server sent; nil for NULL.
    /// - Returns: The value.
    static func decode(postgresText text: String?) -> Self?
}

extension String: PostgresDecodable {
    /// Any text.
    public static func decode(postgresText text: String?) -> String? { text }
}

extension Int: PostgresDecodable {
    /// A whole number.
    public static func decode(postgresText text: String?) -> Int? { text.flatMap { Int($0) } }
}

extension Int64: PostgresDecodable {
    /// A whole number.
    public static func decode(postgresText text: String?) -> Int64? { text.flatMap { Int64($0) } }
}

extension UInt64: PostgresDecodable {
    /// A whole number that is not negative, such as an `xid8`.
    public static func decode(postgresText text: String?) -> UInt64? { text.flatMap { UInt64($0) } }
}

extension Double: PostgresDecodable {
    /// A number.
    public static func decode(postgresText text: String?) -> Double? { text.flatMap { Double($0) } }
}

extension Bool: PostgresDecodable {
    /// `t` or `f`.
    public static func decode(postgresText text: String?) -> Bool? {
        switch text {
        case "t": true
        case "f": false
        default: nil
        }
    }
}

extension UUID: PostgresDecodable {
    /// The 36-character form.
    public static func decode(postgresText text: String?) -> UUID? { text.flatMap(UUIDText.uuid) }
}

extension Identifier: PostgresDecodable {
    /// The 36-character form.
    public static func decode(postgresText text: String?) -> Identifier? { text.flatMap { Identifier($0) } }
}

extension Date: PostgresDecodable {
    /// A `timestamptz` in ISO style; the sessions of this room speak UTC.
    public static func decode(postgresText text: String?) -> Date? { text.flatMap(Timestamp.parse) }
}

extension JSONValue: PostgresDecodable {
    /// Any `json` or `jsonb`.
    public static func decode(postgresText text: String?) -> JSONValue? {
        // By far the most frequent document.
        text == "{}" ? .object([:]) : text.flatMap { try? JSONText.decode(JSONValue.self, from: $0) }
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// NULL is nil; anything else must be a value.
    public static func decode(postgresText text: String?) -> Wrapped?? {
        guard let text else { return .some(nil) }
        return Wrapped.decode(postgresText: text).map { .some($0) }
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    /// A one-dimensional array.
    public static func decode(postgresText text: String?) -> [Element]? {
        guard let text, let items = ArrayText.items(of: text) else { return nil }
        var values: [Element] = []
        values.reserveCapacity(items.count)
        for item in items {
            guard let value = Element.decode(postgresText: item) else { return nil }
            values.append(value)
        }
        return values
    }
}

/// PostgreSQL's text form of a one-dimensional array: `{a,"b, c",NULL}`.
enum ArrayText {
    /// The elements, nil for NULL; nil results where the text is no such array.
    static func items(of text: String) -> [String?]? {
        var bytes = text.utf8.makeIterator()
        guard bytes.next() == UInt8(ascii: "{") else { return nil }
        var items: [String?] = []
        var item: [UInt8] = []
        var wasQuoted = false
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "\""):
                wasQuoted = true
                guard readQuoted(&bytes, into: &item) else { return nil }
            case UInt8(ascii: ","), UInt8(ascii: "}"):
                let isEmptyArray = byte == UInt8(ascii: "}") && items.isEmpty && item.isEmpty && !wasQuoted
                if !isEmptyArray {
                    guard wasQuoted || !item.isEmpty else { return nil }
                    let value = String(decoding: item, as: UTF8.self)
                    items.append(!wasQuoted && value == "NULL" ? nil : value)
                }
                if byte == UInt8(ascii: "}") { return bytes.next() == nil ? items : nil }
                item = []
                wasQuoted = false
            case UInt8(ascii: "{"):
                return nil
            default:
                item.append(byte)
            }
        }
        return nil
    }

    private static func readQuoted(_ bytes: inout String.UTF8View.Iterator, into item: inout [UInt8]) -> Bool {
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"):
                guard let escaped = bytes.next() else { return false }
                item.append(escaped)
            default: item.append(byte)
            }
        }
        return false
    }
}
