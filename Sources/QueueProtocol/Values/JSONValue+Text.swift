/// Reading and writing values of any shape without a coder: every submission's body and every answer pass here.
extension JSONValue {
    /// Reads one JSON value (RFC 8259, UTF-8); of a member that is there twice the last counts.
    ///
    /// - Parameter bytes: The text.
    /// - Throws: `TaskMessageError` with code `notJSON` and the place where it stops being JSON.
    init(readingText bytes: [UInt8]) throws(TaskMessageError) {
        var reader = WireJSONReader(bytes: bytes, dialect: .standard)
        self = try reader.document().strictValue()
    }

    /// Writes the value as JSON without spaces.
    ///
    /// - Parameters:
    ///   - bytes: What the text is appended to.
    ///   - sortedKeys: Whether members are sorted by name.
    /// - Returns: Whether JSON can say it; false for a number that is not finite, and then the text is of no use.
    package func write(to bytes: inout [UInt8], sortedKeys: Bool) -> Bool {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .unsigned(let value): bytes += String(value).utf8
        case .number(let value):
            guard value.isFinite else { return false }
            bytes += "\(value)".utf8
            // 2.0 is written as 2: the same number, as other programs write it.
            if bytes.suffix(2).elementsEqual(".0".utf8) { bytes.removeLast(2) }
        case .string(let value): Self.write(value, to: &bytes)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                guard item.write(to: &bytes, sortedKeys: sortedKeys) else { return false }
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            let isWritten =
                sortedKeys
                ? Self.write(members.sorted { $0.key < $1.key }, to: &bytes, sortedKeys: true)
                : Self.write(members, to: &bytes, sortedKeys: false)
            guard isWritten else { return false }
            bytes.append(UInt8(ascii: "}"))
        }
        return true
    }

    private static func write(
        _ members: some Sequence<(key: String, value: JSONValue)>, to bytes: inout [UInt8], sortedKeys: Bool
    ) -> Bool {
        var isFirst = true
        for (name, value) in members {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            write(name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            guard value.write(to: &bytes, sortedKeys: sortedKeys) else { return false }
        }
        return true
    }

    /// Writes a text as JSON.
    package static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        var text = text
        // Nearly every text has nothing to escape and is copied as a whole.
        let isPlain = text.withUTF8 { utf8 in
            guard !utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
                return false
            }
            bytes += utf8
            return true
        }
        if isPlain { return }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case 0x0A: bytes += #"\n"#.utf8
            case 0x0D: bytes += #"\r"#.utf8
            case 0x09: bytes += #"\t"#.utf8
            case 0x08: bytes += #"\b"#.utf8
            case 0x0C: bytes += #"\f"#.utf8
            case 0..<0x20:
                bytes += #"\u00"#.utf8
                for digit in [byte >> 4, byte & 0x0F] {
                    bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                }
            default: bytes.append(byte)
            }
        }
    }
}

extension WireJSON {
    /// The value of a text in the standard dialect.
    fileprivate func strictValue() throws(TaskMessageError) -> JSONValue {
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .string(let value): return .string(value)
        case .number(let text): return try Self.strictNumber(text)
        case .array(let items):
            var values: [JSONValue] = []
            values.reserveCapacity(items.count)
            for item in items { values.append(try item.strictValue()) }
            return .array(values)
        case .object(let object):
            var members: [String: JSONValue] = [:]
            members.reserveCapacity(object.members.count)
            for member in object.members { members[member.name] = try member.value.strictValue() }
            return .object(members)
        }
    }

    private static func strictNumber(_ text: String) throws(TaskMessageError) -> JSONValue {
        if let value = Int64(text) { return .integer(value) }
        if let value = UInt64(text) { return .unsigned(value) }
        guard let value = Double(text), value.isFinite else {
            throw TaskMessageError(.notJSON, "a number is none or too large")
        }
        // 2.0 and 2e3 are whole numbers, as a JSON Schema counts them; beyond 2^53 a Double says nothing of the units.
        if value.magnitude <= 0x1p53, let whole = Int64(exactly: value) { return .integer(whole) }
        return .number(value)
    }
}
