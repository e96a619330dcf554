/// The W3C `traceparent` of a request: the trace a client began, continued with a span of the gateway's own.
struct TraceParent: Sendable, Hashable, CustomStringConvertible {
    /// 32 lower-case hexadecimal digits, not all zero.
    let traceID: String
    /// 16 lower-case hexadecimal digits: the span that stands for this request.
    let spanID: String
    /// Whether the trace is recorded.
    let sampled: Bool

    /// Continues the trace a header names, or begins one where the header is missing or not a `traceparent`.
    init(continuing header: String?) {
        spanID = Self.randomHex(bytes: 8)
        if let header, let parent = Self.parse(header) {
            traceID = parent.traceID
            sampled = parent.sampled
        } else {
            traceID = Self.randomHex(bytes: 16)
            sampled = false
        }
    }

    /// The header's text for whoever comes next, such as the task message.
    var description: String { "00-\(traceID)-\(spanID)-\(sampled ? "01" : "00")" }

    private static func parse(_ header: String) -> (traceID: String, sampled: Bool)? {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        // Later versions may append fields; version ff is forbidden, and version 00 has exactly four.
        guard parts.count >= 4, isHex(parts[0], 2), parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            isHex(parts[1], 32), isHex(parts[2], 16), isHex(parts[3], 2),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        return (String(parts[1]), flags & 1 == 1)
    }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private static func randomHex(bytes count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        while text.count < count * 2 {
            // Sixteen digits for each call of the system.
            var bits = generator.next()
            for _ in 0..<min(16, count * 2 - text.count) {
                text.append(digits[Int(bits & 15)])
                bits >>= 4
            }
        }
        // A span or trace of zeros means "none"; the chance is 2^-64, and this costs nothing.
        return text.allSatisfy { $0 == 48 } ? randomHex(bytes: count) : String(decoding: text, as: UTF8.self)
    }
}
