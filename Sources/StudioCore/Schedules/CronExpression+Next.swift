public import FoundationEssentials
import QueueProtocol

extension CronExpression {
    // The calendar repeats after 400 years to the day of the week: what does not happen within them never does.
    private static let horizon: Int64 = 400 * 366 * 86_400

    /// The first time after an instant at which it fires, on the clocks of a zone; nil where it never does, such as on
    /// 30 February.
    ///
    /// When clocks are put forward, a time of day that does not exist fires once, at the first instant after the gap. When they
    /// are put back, a time of day that comes twice fires the first time only. An expression whose minute or hour begins with
    /// `*` means a distance instead: it fires whenever clocks show a time it names, so twice where that comes twice,
    /// and not for times that do not exist. That is Vixie's rule.
    ///
    /// - Parameters:
    ///   - instant: The instant; the time found is later.
    ///   - zone: Whose clocks.
    /// - Returns: The time, a whole second.
    public func next(after instant: Date, in zone: ZoneRules) -> Date? {
        let after = Int64(instant.timeIntervalSince1970.rounded(.down))
        let end = after + Self.horizon
        var span = zone.span(at: after + 1)
        while true {
            if let found = first(in: span, after: after, before: end) {
                return Date(timeIntervalSince1970: Double(found))
            }
            guard span.end < end else { return nil }
            span = zone.span(at: span.end)
        }
    }

    /// The first time in a span of one offset.
    private func first(in span: ZoneRules.Span, after: Int64, before end: Int64) -> Int64? {
        let until = min(span.end, end) + span.offset
        var from = max(after + 1, span.start) + span.offset
        if !countsEveryHour, let old = span.offsetBefore {
            let (oldClock, newClock) = (span.start + old, span.start + span.offset)
            // Put forward: what clocks did not show is due when they go on.
            if span.start > after, oldClock < newClock, firstOnClocks(from: oldClock, until: newClock) != nil {
                return span.start
            }
            // Put back: what clocks show again was done.
            from = max(from, min(oldClock, until))
        }
        return firstOnClocks(from: from, until: until).map { $0 - span.offset }
    }

    /// The first time in seconds on clocks that go on evenly.
    private func firstOnClocks(from: Int64, until: Int64) -> Int64? {
        let minute = (from + 59).dividedRoundingDown(by: 60)
        var day = minute.dividedRoundingDown(by: 1440)
        var first = minute - day * 1440
        while day * 86_400 < until {
            let (year, month, date) = Timestamp.civil(fromDays: day)
            if !months.contains(Int(month)) {
                day = Timestamp.daysFromCivil(
                    year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
            } else {
                if fits(day: day, ofMonth: date), let minute = minuteOfDay(from: first) {
                    let found = day * 86_400 + minute * 60
                    return found < until ? found : nil
                }
                day += 1
            }
            first = 0
        }
        return nil
    }
}

extension Int64 {
    /// The quotient, rounded down also for numbers below 0.
    func dividedRoundingDown(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}
