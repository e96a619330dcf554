/// One of the five fields of a cron expression: which numbers and names it takes.
enum CronField: String, CaseIterable {
    case minute = "minute"
    case hour = "hour"
    case dayOfMonth = "day of month"
    case month = "month"
    case dayOfWeek = "day of week"

    /// The numbers it takes. 7 is Sunday as 0 is.
    var range: ClosedRange<Int> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    private var names: [String] {
        switch self {
        case .minute, .hour, .dayOfMonth: []
        case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        }
    }

    /// What a field asks for.
    struct Values: Hashable {
        /// Bit n is set where n is asked for.
        var bits: UInt64 = 0
        /// Whether it begins with `*`, as in `*` and `*/2`.
        var isAny = false

        func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }
    }

    /// Why a field cannot be read.
    struct Fault: Error {
        var reason: String
    }

    /// Reads a field: a list of `*`, numbers, names and ranges, a `/step` after `*` and after a range.
    func values(of text: Substring) throws(Fault) -> Values {
        var values = Values(isAny: text.hasPrefix("*"))
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let (low, high, isRange) = try bounds(of: parts[0])
            var step = 1
            if parts.count == 2 {
                guard isRange else { throw Fault(reason: "\(item): a step follows * or a range") }
                guard let number = Self.number(parts[1]), number > 0 else {
                    throw Fault(reason: "\(item): a step is a whole number from 1")
                }
                step = number
            }
            for value in stride(from: low, through: high, by: step) { values.bits |= 1 << UInt64(value) }
        }
        if self == .dayOfWeek, values.contains(7) { values.bits = values.bits & 0x7F | 1 }
        return values
    }

    private func bounds(of text: Substring) throws(Fault) -> (low: Int, high: Int, isRange: Bool) {
        if text == "*" { return (range.lowerBound, self == .dayOfWeek ? 6 : range.upperBound, true) }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let low = try value(of: ends[0])
        guard ends.count == 2 else { return (low, low, false) }
        var high = try value(of: ends[1])
        // A week may end with its Sunday: sat-sun.
        if self == .dayOfWeek, high == 0, low > 0 { high = 7 }
        guard low <= high else { throw Fault(reason: "\(text): a range goes from the lower to the higher") }
        return (low, high, true)
    }

    private func value(of text: Substring) throws(Fault) -> Int {
        if let place = names.firstIndex(of: text.lowercased()) { return place + (self == .month ? 1 : 0) }
        guard let number = Self.number(text) else {
            let shown = text.isEmpty ? "nothing" : "\(text.prefix(16))"
            throw Fault(reason: "\(shown) is no number\(names.isEmpty ? "" : " or name") of it")
        }
        guard range.contains(number) else {
            throw Fault(reason: "\(number) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
