import QueueProtocol

/// How clocks change year after year: the last line of a compiled time zone file, the text of POSIX's `TZ` variable with
/// the additions of RFC 9636, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct YearlyRule: Sendable, Hashable {
    enum Day: Sendable, Hashable {
        /// The n-th weekday (0 is Sunday) of a month; the fifth is the last.
        case weekday(month: Int64, week: Int64, day: Int64)
        /// 1 to 365; 29 February is never counted.
        case julian(Int64)
        /// 0 to 365.
        case ordinal(Int64)
    }
    struct Change: Sendable, Hashable {
        var day: Day
        /// Seconds after midnight by the clocks before the change; may lie outside the day.
        var time: Int64
    }

    struct Summer: Sendable, Hashable {
        /// Seconds ahead of UTC.
        var offset: Int64
        var from: Change
        var to: Change
    }

    /// Seconds ahead of UTC.
    let standard: Int64
    /// Summer time, where there is any.
    let summer: Summer?

    /// Reads the text; nil where it is none.
    init?(_ text: String) {
        var reader = RuleReader(text)
        guard reader.skipName(), let standard = reader.time() else { return nil }
        self.standard = -standard
        guard !reader.isAtEnd else {
            summer = nil
            return
        }
        guard reader.skipName() else { return nil }
        var offset = self.standard + 3600
        if !reader.isAt(",") {
            guard let time = reader.time() else { return nil }
            offset = -time
        }
        guard let from = reader.change(), let to = reader.change(), reader.isAtEnd else { return nil }
        summer = Summer(offset: offset, from: from, to: to)
    }

    /// The changes of a year in order.
    func changes(inYear year: Int64) -> [ZoneRules.Change] {
        guard let summer else { return [] }
        let from = Self.day(summer.from.day, year) * 86_400 + summer.from.time - standard
        let to = Self.day(summer.to.day, year) * 86_400 + summer.to.time - summer.offset
        let changes = [
            ZoneRules.Change(at: from, offset: summer.offset), ZoneRules.Change(at: to, offset: standard),
        ]
        return from <= to ? changes : changes.reversed()
    }

    private static func day(_ day: Day, _ year: Int64) -> Int64 {
        let newYear = Timestamp.daysFromCivil(year: year, month: 1, day: 1)
        switch day {
        case .ordinal(let number): return newYear + number
        case .julian(let number):
            let isLeap = Timestamp.daysFromCivil(year: year + 1, month: 1, day: 1) - newYear == 366
            return newYear + number - (isLeap && number >= 60 ? 0 : 1)
        case .weekday(let month, let week, let weekday):
            let first = Timestamp.daysFromCivil(year: year, month: month, day: 1)
            let next = Timestamp.daysFromCivil(
                year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
            // 1970-01-01 was a Thursday.
            let ahead = ((weekday - (first + 4)) % 7 + 7) % 7
            var day = first + ahead + (week - 1) * 7
            if day >= next { day -= 7 }
            return day
        }
    }
}

/// Reads the parts of a rule one after the other.
private struct RuleReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    func isAt(_ mark: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: mark) }

    private mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard isAt(mark) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func skipName() -> Bool {
        if skip("<") {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let name = rest.prefix { (65...90).contains($0 & 0xDF) }
        rest = rest.dropFirst(name.count)
        return name.count >= 3
    }

    private mutating func number() -> Int64? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard (1...4).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// `[+-]h[:m[:s]]` in seconds.
    mutating func time() -> Int64? {
        let sign: Int64 = skip("-") ? -1 : 1
        if sign == 1 { _ = skip("+") }
        guard let hours = number() else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] as [Int64] where skip(":") {
            guard let part = number() else { return nil }
            seconds += part * unit
        }
        return sign * seconds
    }

    /// `,day[/time]`.
    mutating func change() -> YearlyRule.Change? {
        guard skip(","), let day = day() else { return nil }
        guard skip("/") else { return YearlyRule.Change(day: day, time: 7200) }
        return time().map { YearlyRule.Change(day: day, time: $0) }
    }

    private mutating func day() -> YearlyRule.Day? {
        if skip("M") {
            guard let month = number(), (1...12).contains(month), skip("."), let week = number(),
                (1...5).contains(week), skip("."), let day = number(), (0...6).contains(day)
            else { return nil }
            return .weekday(month: month, week: week, day: day)
        }
        if skip("J") { return number().map { .julian($0) } }
        return number().map { .ordinal($0) }
    }
}
