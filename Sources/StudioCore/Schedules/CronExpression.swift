/// When something recurs: minute, hour, day of month, month and day of week, as Vixie's cron reads them.
///
/// Lists, ranges, steps, names of months and days (in English, three letters, in any case), and `@hourly`, `@daily`,
/// `@weekly`, `@monthly`, `@yearly` (also `@midnight`, `@annually`). Where both days are restricted, either is enough; where
/// one of them begins with `*`, both must fit. ``next(after:in:)`` says what daylight saving does to it.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// The longest text that is read, in bytes.
    public static let longest = 256

    /// The text it was read from.
    public let description: String
    let minutes: CronField.Values
    let hours: CronField.Values
    let days: CronField.Values
    let months: CronField.Values
    let weekdays: CronField.Values

    /// Reads an expression.
    ///
    /// - Parameters:
    ///   - text: Five fields with spaces between, or one of the words.
    ///   - pointer: Where it came from, for the findings; default `/cron`.
    /// - Throws: `StudioError` with code `invalid` and a finding for every field that is none.
    public init(_ text: String, pointer: String = "/cron") throws(StudioError) {
        func finding(_ detail: String) -> Finding { Finding(pointer: pointer, code: "cron", detail: detail) }
        guard text.utf8.count <= Self.longest else {
            throw .invalid([finding("has at most \(Self.longest) characters")])
        }
        var fields = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        if let word = fields.first, word.hasPrefix("@") {
            guard fields.count == 1, let meaning = Self.words[word.lowercased()] else {
                throw .invalid([finding("the words are \(Self.words.keys.sorted().joined(separator: ", "))")])
            }
            fields = meaning.split(separator: " ")
        }
        guard fields.count == CronField.allCases.count else {
            throw .invalid([
                finding(
                    "has five fields: minute, hour, day of month, month, day of week; this has \(fields.count)")
            ])
        }
        var findings: [Finding] = []
        var read: [CronField.Values] = []
        for (field, text) in zip(CronField.allCases, fields) {
            do throws(CronField.Fault) {
                read.append(try field.values(of: text))
            } catch {
                findings.append(finding("\(field.rawValue): \(error.reason)"))
            }
        }
        guard findings.isEmpty else { throw .invalid(findings) }
        description = text
        minutes = read[0]
        hours = read[1]
        days = read[2]
        months = read[3]
        weekdays = read[4]
    }

    private static let words = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// Whether every occurrence of a time of day counts: its minute or its hour begins with `*`, so it means a distance
    /// and not a time of day.
    var countsEveryHour: Bool { minutes.isAny || hours.isAny }

    /// Whether a day, counted from 1970-01-01, is one of its days, its month aside.
    func fits(day: Int64, ofMonth date: Int64) -> Bool {
        // 1970-01-01 was a Thursday.
        let isDate = days.contains(Int(date))
        let isWeekday = weekdays.contains(Int(((day + 4) % 7 + 7) % 7))
        return days.isAny || weekdays.isAny ? isDate && isWeekday : isDate || isWeekday
    }

    /// The first minute of a day from this one on at which it fires; nil where there is none left.
    func minuteOfDay(from first: Int64) -> Int64? {
        var minute = Int(first % 60)
        for hour in Int(first / 60)..<24 {
            if hours.contains(hour), let found = (minute..<60).first(where: minutes.contains) {
                return Int64(hour * 60 + found)
            }
            minute = 0
        }
        return nil
    }
}
