/// What `Range` asks of a file (RFC 9110, section 14).
enum RangeRequest: Sendable, Hashable {
    /// The whole file: no header, another unit, a header that is not understood, or several ranges.
    ///
    /// Several ranges are answered with the whole file, as RFC 9110 allows: players never ask for them, and
    /// `multipart/byteranges` is a favourite of those who want a server to work.
    case whole
    /// These bytes of it.
    case part(Range<Int64>)
    /// None of the bytes asked for is in the file.
    case unsatisfiable

    /// Reads the header for a file of a size.
    init(_ header: String?, size: Int64) {
        guard let header, let unit = header.firstIndex(of: "="), header[..<unit].lowercased() == "bytes" else {
            self = .whole
            return
        }
        let ranges = header[header.index(after: unit)...].split(separator: ",", omittingEmptySubsequences: false)
        guard ranges.count == 1, let dash = ranges[0].firstIndex(of: "-") else {
            self = .whole
            return
        }
        let text = ranges[0]
        let first = text[..<dash].trimming(while: { $0 == " " })
        let last = text[text.index(after: dash)...].trimming(while: { $0 == " " })
        self = Self.read(first: first, last: last, size: size)
    }

    private static func read(first: String, last: String, size: Int64) -> RangeRequest {
        func number(_ text: String) -> Int64? {
            guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            // Longer than any file: clamped, not refused.
            return Int64(text) ?? .max
        }
        if first.isEmpty {
            guard let suffix = number(last) else { return .whole }
            guard suffix > 0, size > 0 else { return .unsatisfiable }
            return .part(max(0, size - suffix)..<size)
        }
        guard let start = number(first) else { return .whole }
        if last.isEmpty { return start < size ? .part(start..<size) : .unsatisfiable }
        guard let end = number(last), end >= start else { return .whole }
        guard start < size else { return .unsatisfiable }
        return .part(start..<(end >= size - 1 ? size : end + 1))
    }
}
