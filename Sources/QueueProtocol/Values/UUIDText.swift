public import FoundationEssentials

/// The text form of UUIDs, read and written without going through the C library: ids are read by the ten thousand.
public enum UUIDText {
    /// Reads the 36-character form, in either letter case.
    ///
    /// - Parameter text: The text.
    /// - Returns: The UUID; nil where the text is none.
    public static func uuid(_ text: String) -> UUID? {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count == 36 else { return nil }
            var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            let isOne = withUnsafeMutableBytes(of: &value) { value in
                var place = 0
                for index in 0..<16 {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        guard bytes[place] == UInt8(ascii: "-") else { return false }
                        place += 1
                    }
                    guard let high = digit(bytes[place]), let low = digit(bytes[place + 1]) else { return false }
                    value[index] = high << 4 | low
                    place += 2
                }
                return true
            }
            return isOne ? UUID(uuid: value) : nil
        }
    }

    /// Writes the 36-character form in lower case.
    ///
    /// - Parameter uuid: The UUID.
    /// - Returns: The text.
    public static func text(_ uuid: UUID) -> String {
        String(unsafeUninitializedCapacity: 36) { bytes in
            withUnsafeBytes(of: uuid.uuid) { value in
                var place = 0
                for index in 0..<16 {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        bytes[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    bytes[place] = character(value[index] >> 4)
                    bytes[place + 1] = character(value[index] & 0xF)
                    place += 2
                }
            }
            return 36
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func character(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
