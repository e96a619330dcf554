extension WireJSON {
    /// Reads one JSON value that fills the whole text, in the dialect that Python reads: `NaN`, `Infinity` and
    /// `-Infinity` are numbers, an unpaired surrogate escape becomes U+FFFD.
    ///
    /// - Parameter bytes: UTF-8 text.
    /// - Throws: `TaskMessageError` of code `notJSON` that names the reason and the byte.
    public init(decoding bytes: [UInt8]) throws(TaskMessageError) {
        var reader = WireJSONReader(bytes: bytes, dialect: .python)
        self = try reader.document()
    }
}

/// A recursive-descent reader over bytes; nesting is bounded so that no text can exhaust the stack.
struct WireJSONReader {
    /// What counts as JSON.
    enum Dialect {
        /// RFC 8259 and nothing else.
        case standard
        /// What Python's `json` also writes: `NaN`, infinities, and halves of surrogate pairs, read as U+FFFD.
        case python
    }

    private static let deepest = 200
    private let bytes: [UInt8]
    private let dialect: Dialect
    private var index = 0

    init(bytes: [UInt8], dialect: Dialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    mutating func document() throws(TaskMessageError) -> WireJSON {
        let value = try self.value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw failure("something follows the value") }
        return value
    }

    private mutating func value(depth: Int) throws(TaskMessageError) -> WireJSON {
        guard depth < Self.deepest else { throw failure("nested too deeply") }
        skipSpace()
        guard index < bytes.count else { throw failure("the text ends where a value is expected") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "N") where dialect == .python: return try word("NaN", .number("NaN"))
        case UInt8(ascii: "I") where dialect == .python: return try word("Infinity", .number("Infinity"))
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(TaskMessageError) -> WireObject {
        index += 1
        var members: [WireObject.Member] = []
        skipSpace()
        if take("}") { return WireObject() }
        while true {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw failure("a name is expected") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw failure("':' is expected") }
            members.append(WireObject.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if take(",") { continue }
            guard take("}") else { throw failure("',' or '}' is expected") }
            return WireObject(members)
        }
    }

    private mutating func array(depth: Int) throws(TaskMessageError) -> [WireJSON] {
        index += 1
        var items: [WireJSON] = []
        skipSpace()
        if take("]") { return items }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            if take(",") { continue }
            guard take("]") else { throw failure("',' or ']' is expected") }
            return items
        }
    }

    private mutating func word(_ text: StaticString, _ value: WireJSON) throws(TaskMessageError) -> WireJSON {
        let length = text.utf8CodeUnitCount
        guard index + length <= bytes.count,
            text.withUTF8Buffer({ $0.elementsEqual(bytes[index..<index + length]) })
        else { throw failure("no JSON value begins like this") }
        index += length
        return value
    }

    private mutating func number() throws(TaskMessageError) -> String {
        let start = index
        let negative = take("-")
        if negative, dialect == .python, index < bytes.count, bytes[index] == UInt8(ascii: "I") {
            _ = try word("Infinity", .null)
            return "-Infinity"
        }
        let leadingZero = index < bytes.count && bytes[index] == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, whole == 1 || !leadingZero else { throw failure("no JSON value begins like this") }
        if take(".") { guard digits() > 0 else { throw failure("a digit is expected after '.'") } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw failure("a digit is expected in the exponent") }
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
        return index - start
    }

    private mutating func string() throws(TaskMessageError) -> String {
        index += 1
        let start = index
        var unescaped: [UInt8]?
        var allBits: UInt8 = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                if unescaped == nil, allBits < 0x80 {
                    defer { index += 1 }
                    // ASCII needs no further look.
                    return String(decoding: bytes[start..<index], as: UTF8.self)
                }
                let text = unescaped.map { String(validating: $0, as: UTF8.self) }
                guard let result = text ?? String(validating: bytes[start..<index], as: UTF8.self) else {
                    throw failure("the text is not UTF-8")
                }
                index += 1
                return result
            }
            guard byte >= 0x20 else { throw failure("a control character stands in a text") }
            if byte == UInt8(ascii: "\\") {
                var text = unescaped.take() ?? Array(bytes[start..<index])
                try escape(into: &text)
                unescaped = text
            } else {
                unescaped?.append(byte)
                allBits |= byte
                index += 1
            }
        }
        throw failure("a text does not end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(TaskMessageError) {
        index += 1
        guard index < bytes.count else { throw failure("a text does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "u"): text += String(try escapedScalar()).utf8
        default: throw failure("an unknown escape")
        }
    }

    private mutating func escapedScalar() throws(TaskMessageError) -> Character {
        let unit = try hexadecimal()
        if let scalar = Unicode.Scalar(UInt32(unit)) { return Character(scalar) }
        if dialect == .standard, !(0xD800...0xDBFF).contains(unit) { throw failure("half of a surrogate pair") }
        let pairFollows =
            (0xD800...0xDBFF).contains(unit) && index + 1 < bytes.count && bytes[index] == UInt8(ascii: "\\")
            && bytes[index + 1] == UInt8(ascii: "u")
        guard pairFollows else {
            guard dialect == .python else { throw failure("half of a surrogate pair") }
            return "\u{FFFD}"
        }
        let before = index
        index += 2
        let low = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
        else {
            guard dialect == .python else { throw failure("half of a surrogate pair") }
            index = before
            return "\u{FFFD}"
        }
        return Character(scalar)
    }

    private mutating func hexadecimal() throws(TaskMessageError) -> UInt16 {
        guard index + 4 <= bytes.count else { throw failure("four hexadecimal digits are expected") }
        var value: UInt16 = 0
        for byte in bytes[index..<index + 4] {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt16(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt16(byte - 0x37)
            case 0x61...0x66: value = value << 4 | UInt16(byte - 0x57)
            default: throw failure("four hexadecimal digits are expected")
            }
        }
        index += 4
        return value
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private func failure(_ reason: String) -> TaskMessageError {
        TaskMessageError(.notJSON, "\(reason), at byte \(index)")
    }
}
