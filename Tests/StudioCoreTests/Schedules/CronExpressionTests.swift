import FoundationEssentials
import QueueProtocol
import StudioCore
import Testing

@Suite("Cron expressions") struct CronExpressionTests {
    /// Expression, instant, and the first times after it in UTC.
    private static let cases: [(cron: String, after: String, times: [String])] = [
        ("* * * * *", "2026-01-31T23:58:00Z", ["2026-01-31T23:59", "2026-02-01T00:00"]),
        ("* * * * *", "2026-01-31T23:58:59.999Z", ["2026-01-31T23:59"]),
        ("*/15 * * * *", "2026-01-01T00:00:00Z", ["2026-01-01T00:15", "2026-01-01T00:30", "2026-01-01T00:45"]),
        ("5-20/5 3 * * *", "2026-01-01T03:10:00Z", ["2026-01-01T03:15", "2026-01-01T03:20", "2026-01-02T03:05"]),
        ("0 9 * * mon-fri", "2026-11-27T09:00:00Z", ["2026-11-30T09:00", "2026-12-01T09:00"]),
        ("0 9 * * Sat-Sun", "2026-11-27T09:00:00Z", ["2026-11-28T09:00", "2026-11-29T09:00", "2026-12-05T09:00"]),
        ("0 0 * * 7", "2026-11-27T00:00:00Z", ["2026-11-29T00:00", "2026-12-06T00:00"]),
        ("0 0 * * 5-7", "2026-11-25T00:00:00Z", ["2026-11-27T00:00", "2026-11-28T00:00", "2026-11-29T00:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 0 29 feb *", "2096-03-01T00:00:00Z", ["2104-02-29T00:00"]),
        ("0 0 31 * *", "2026-01-31T00:00:00Z", ["2026-03-31T00:00", "2026-05-31T00:00"]),
        ("30 12 1,15 jan,JUL *", "2026-01-01T12:30:00Z", ["2026-01-15T12:30", "2026-07-01T12:30"]),
        // Both days are restricted: either is enough.
        ("0 0 13 * fri", "2026-11-01T00:00:00Z", ["2026-11-06T00:00", "2026-11-13T00:00", "2026-11-20T00:00"]),
        // One begins with a star: both must fit.
        ("0 0 */2 * mon", "2026-11-01T00:00:00Z", ["2026-11-09T00:00", "2026-11-23T00:00", "2026-12-07T00:00"]),
        ("0 0 13 * */5", "2026-01-01T00:00:00Z", ["2026-02-13T00:00", "2026-03-13T00:00", "2026-09-13T00:00"]),
        ("0 0 29 2 */6", "2026-01-01T00:00:00Z", ["2032-02-29T00:00", "2048-02-29T00:00"]),
        ("@hourly", "2026-01-01T00:00:00Z", ["2026-01-01T01:00"]),
        ("@daily", "2026-01-01T00:00:00Z", ["2026-01-02T00:00"]),
        ("@Midnight", "2026-01-01T00:00:00Z", ["2026-01-02T00:00"]),
        ("@weekly", "2026-01-01T00:00:00Z", ["2026-01-04T00:00"]),
        ("@monthly", "2026-01-01T00:00:00Z", ["2026-02-01T00:00"]),
        ("@yearly", "2026-01-01T00:00:00Z", ["2027-01-01T00:00"]),
        ("@annually", "2026-01-01T00:00:00Z", ["2027-01-01T00:00"]),
        (" 0\t12  * * * ", "2026-01-01T00:00:00Z", ["2026-01-01T12:00"]),
        ("0 0 1 1 *", "1969-06-01T00:00:00Z", ["1970-01-01T00:00"]),
    ]

    @Test("An expression fires when it says", arguments: Self.cases.indices)
    func fires(index: Int) throws {
        let (cron, after, times) = Self.cases[index]
        #expect(try Zones.next(times.count, cron, after: after, in: "UTC") == times, "\(cron) after \(after)")
    }

    @Test(
        "What never comes is told", arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30,31 feb *", "0 0 30 2 */2"])
    func never(cron: String) throws {
        #expect(try CronExpression(cron).next(after: Date(timeIntervalSince1970: 0), in: .utc) == nil)
        // With a day of the week beside it the day of the month is not needed.
        #expect(try CronExpression("0 0 30 2 mon").next(after: Date(timeIntervalSince1970: 0), in: .utc) != nil)
    }

    @Test(
        "What is no expression is refused",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *",
            "* * * 13 *", "* * * * 8", "*/0 * * * *", "*/-1 * * * *", "5/10 * * * *", "10-5 * * * *", "a * * * *",
            "* * * mon *", "* * * * jan", "1,,2 * * * *", ",1 * * * *", "1- * * * *", "-1 * * * *", "1-2-3 * * * *",
            "? * * * *", "* * L * *", "* * * * 5#3", "@reboot", "@daily 5", "@every 5m", "１ * * * *", "fri-tue * * * *",
            "* * * * fri-tue", "99999 * * * *", "*/2/3 * * * *", "** * * * *",
        ])
    func refused(text: String) {
        let error = #expect(throws: StudioError.self) { try CronExpression(text, pointer: "/a/cron") }
        #expect(error?.code == .invalid && error?.findings.isEmpty == false)
        #expect(error?.findings.allSatisfy { $0.pointer == "/a/cron" && $0.code == "cron" } == true)
    }

    @Test("Everything wrong with an expression is found at once, and nothing beyond its length is read")
    func allFindings() {
        let error = #expect(throws: StudioError.self) { try CronExpression("60 24 x 13 8") }
        #expect(error?.findings.count == 5)
        #expect(
            error?.findings.map { String($0.detail.prefix { $0 != ":" }) } == [
                "minute", "hour", "day of month", "month", "day of week",
            ])
        let long = "0 0 1 1 " + String(repeating: "1,", count: 200) + "1"
        #expect(throws: StudioError.self) { try CronExpression(long) }
    }
}
