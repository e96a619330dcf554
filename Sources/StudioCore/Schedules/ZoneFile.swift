/// A compiled time zone file (TZif, RFC 9636).
struct ZoneFile {
    let firstOffset: Int64
    let changes: [ZoneRules.Change]
    let yearly: YearlyRule?

    private struct Header {
        var version: UInt8
        var leaps: Int
        var times: Int
        var types: Int
        var characters: Int
        var standards: Int
        var universals: Int

        /// How long what follows it is.
        func length(timeSize: Int) -> Int {
            times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + standards + universals
        }
    }

    /// Reads a file; nil where it is none, or counts leap seconds.
    init?(_ bytes: [UInt8]) {
        guard let old = Self.header(bytes, at: 0) else { return nil }
        var start = 44
        var header = old
        let isOld = old.version == 0
        if !isOld {
            // The first block is for programs that know only 32 bits.
            start += old.length(timeSize: 4)
            guard let new = Self.header(bytes, at: start) else { return nil }
            header = new
            start += 44
        }
        let size = isOld ? 4 : 8
        let end = start + header.length(timeSize: size)
        guard header.leaps == 0, header.types > 0, end <= bytes.count else { return nil }
        let indices = start + header.times * size
        let types = indices + header.times
        func offset(ofType type: Int) -> Int64? {
            type < header.types ? Self.number(bytes, at: types + type * 6, size: 4) : nil
        }
        var changes: [ZoneRules.Change] = []
        for index in 0..<header.times {
            guard let offset = offset(ofType: Int(bytes[indices + index])) else { return nil }
            let at = Self.number(bytes, at: start + index * size, size: size)
            guard at > changes.last?.at ?? .min, abs(at) < 1 << 50 || index == 0 else { return nil }
            changes.append(ZoneRules.Change(at: max(at, -1 << 49), offset: offset))
        }
        guard let first = offset(ofType: 0) else { return nil }
        firstOffset = first
        self.changes = changes
        guard !isOld, end < bytes.count, bytes[end] == UInt8(ascii: "\n") else {
            yearly = nil
            return
        }
        let text = String(decoding: bytes[(end + 1)...].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let rule = YearlyRule(text)
        guard text.isEmpty || rule != nil else { return nil }
        yearly = rule
    }

    private static func header(_ bytes: [UInt8], at start: Int) -> Header? {
        guard bytes.count >= start + 44, bytes[start..<start + 4].elementsEqual("TZif".utf8) else { return nil }
        func count(_ place: Int) -> Int { Int(UInt32(truncatingIfNeeded: number(bytes, at: start + place, size: 4))) }
        return Header(
            version: bytes[start + 4], leaps: count(28), times: count(32), types: count(36), characters: count(40),
            standards: count(24), universals: count(20))
    }

    /// A signed number, the highest byte first.
    private static func number(_ bytes: [UInt8], at start: Int, size: Int) -> Int64 {
        let value = bytes[start..<start + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }
}
