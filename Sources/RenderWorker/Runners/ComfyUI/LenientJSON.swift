import FoundationEssentials
import QueueProtocol

/// Reads JSON as Python writes it: `NaN`, `Infinity` and `-Infinity`, which JSON has not, become null.
enum LenientJSON {
    /// - Parameter data: The text.
    /// - Returns: The value; nil where it is no JSON even so.
    static func value(_ data: Data) -> JSONValue? {
        if let value = try? JSONText.decode(JSONValue.self, from: data) { return value }
        return try? JSONText.decode(JSONValue.self, from: Data(withoutForeignNumbers(Array(data))))
    }

    private static let foreign = [Array("-Infinity".utf8), Array("Infinity".utf8), Array("NaN".utf8)]
    private static let null = Array("null".utf8)

    static func withoutForeignNumbers(_ text: [UInt8]) -> [UInt8] {
        var written: [UInt8] = []
        written.reserveCapacity(text.count)
        var index = 0
        var isText = false
        while index < text.count {
            let byte = text[index]
            if isText {
                written.append(byte)
                if byte == UInt8(ascii: "\\"), index + 1 < text.count {
                    index += 1
                    written.append(text[index])
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                index += 1
            } else if let word = foreign.first(where: { text[index...].starts(with: $0) }) {
                written += null
                index += word.count
            } else {
                isText = byte == UInt8(ascii: "\"")
                written.append(byte)
                index += 1
            }
        }
        return written
    }
}
