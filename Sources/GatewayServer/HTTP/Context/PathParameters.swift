import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore

extension GatewayContext {
    /// A path parameter, percent-decoded.
    ///
    /// Throws `not-found` where the text is not UTF-8 or holds a NUL or a slash: no thing has such a name.
    func parameter(_ name: String) throws(StudioError) -> String {
        guard let raw = parameters.get(name) else {
            throw StudioError(.internalFault, "the route has no parameter \(name)")
        }
        guard let text = PercentCoding.decode(raw), !text.utf8.contains(0), !text.utf8.contains(UInt8(ascii: "/"))
        else {
            throw StudioError(.notFound, "there is nothing at this path")
        }
        return text
    }

    /// A path parameter that is an id; `not-found` where it is none.
    func identifier<Subject>(_ name: String, as type: Identifier<Subject>.Type = Identifier<Subject>.self)
        throws(StudioError) -> Identifier<Subject>
    {
        guard let id = Identifier<Subject>(try parameter(name)) else {
            throw StudioError(.notFound, "there is nothing with this id")
        }
        return id
    }

    /// What a route's trailing `**` matched: percent-decoded components joined by `/`.
    ///
    /// Empty components, `.` and `..` are kept as they came: judging them is the business of whoever opens the path.
    /// Throws `not-found` where a component is not UTF-8 or holds a NUL or an encoded slash.
    func pathTail() throws(StudioError) -> String {
        guard let raw = parameters[Parameters.recursiveCaptureKey] else {
            throw StudioError(.internalFault, "the route has no path at its end")
        }
        var components: [String] = []
        for component in raw.split(separator: "/", omittingEmptySubsequences: false) {
            guard let text = PercentCoding.decode(component), !text.utf8.contains(0),
                !text.utf8.contains(UInt8(ascii: "/"))
            else { throw StudioError(.notFound, "there is nothing at this path") }
            components.append(text)
        }
        return components.joined(separator: "/")
    }
}

/// Percent-encoding of RFC 3986.
enum PercentCoding {
    /// The decoded text; nil where an escape is broken or the result is not UTF-8.
    static func decode(_ text: some StringProtocol) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The text with everything but RFC 3986's unreserved characters escaped.
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
