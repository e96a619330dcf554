extension WireJSON {
    /// The value as Python's `json.dumps` writes it: `", "` and `": "` between things, everything outside printable
    /// ASCII escaped.
    ///
    /// - Returns: ASCII text.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1024)
        Self.write(self, to: &bytes)
        return bytes
    }

    private static func write(_ value: WireJSON, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): write(text, to: &bytes)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes += ", ".utf8 }
                write(item, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { bytes += ", ".utf8 }
                write(member.name, to: &bytes)
                bytes += ": ".utf8
                write(member.value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        let wasPlain = text.withUTF8 { utf8 in
            for byte in utf8 where !Self.isPlain(byte) { return false }
            bytes += utf8
            return true
        }
        if !wasPlain { for unit in text.utf16 { write(unit, to: &bytes) } }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func write(_ unit: UInt16, to bytes: inout [UInt8]) {
        switch unit {
        case 0x22: bytes += #"\""#.utf8
        case 0x5C: bytes += #"\\"#.utf8
        case 0x0A: bytes += #"\n"#.utf8
        case 0x0D: bytes += #"\r"#.utf8
        case 0x09: bytes += #"\t"#.utf8
        case 0x0C: bytes += #"\f"#.utf8
        case 0x08: bytes += #"\b"#.utf8
        case 0x20...0x7E: bytes.append(UInt8(truncatingIfNeeded: unit))
        default:
            bytes += #"\u"#.utf8
            for shift in [12, 8, 4, 0] {
                let digit = UInt8(truncatingIfNeeded: unit >> UInt16(shift)) & 0x0F
                bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }
}
