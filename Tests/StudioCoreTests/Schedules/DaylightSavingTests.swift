import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

/// What clocks that are put forward and back do to an expression: Vixie's rule.
@Suite("Daylight saving") struct DaylightSavingTests {
    private struct Case: Sendable {
        var zone: String
        var cron: String
        var after: String
        var times: [String]
    }

    private static let cases = [
        // Berlin, 29 March 2026: 2:00 becomes 3:00 at 1:00 UTC. 25 October: 3:00 becomes 2:00 at 1:00 UTC.
        Case(
            zone: "Europe/Berlin", cron: "30 2 * * *", after: "2026-03-28T12:00:00Z",
            times: ["2026-03-29T01:00", "2026-03-30T00:30"]),
        Case(
            zone: "Europe/Berlin", cron: "0,30 2 * * *", after: "2026-03-28T12:00:00Z",
            times: ["2026-03-29T01:00", "2026-03-30T00:00", "2026-03-30T00:30"]),
        Case(
            zone: "Europe/Berlin", cron: "30 2,3 * * *", after: "2026-03-28T12:00:00Z",
            times: ["2026-03-29T01:00", "2026-03-29T01:30", "2026-03-30T00:30"]),
        Case(
            zone: "Europe/Berlin", cron: "0 3 * * *", after: "2026-03-28T12:00:00Z",
            times: ["2026-03-29T01:00", "2026-03-30T01:00"]),
        Case(
            zone: "Europe/Berlin", cron: "30 2 * * *", after: "2026-10-24T12:00:00Z",
            times: ["2026-10-25T00:30", "2026-10-26T01:30"]),
        Case(
            zone: "Europe/Berlin", cron: "0 3 * * *", after: "2026-10-24T12:00:00Z",
            times: ["2026-10-25T02:00", "2026-10-26T02:00"]),
        Case(zone: "Europe/Berlin", cron: "30 2 * * *", after: "2026-10-25T00:45:00Z", times: ["2026-10-26T01:30"]),
        Case(zone: "Europe/Berlin", cron: "30 2 * * *", after: "2026-10-25T01:10:00Z", times: ["2026-10-26T01:30"]),
        // A distance goes on through both.
        Case(
            zone: "Europe/Berlin", cron: "*/30 * * * *", after: "2026-03-29T00:30:00Z",
            times: ["2026-03-29T01:00", "2026-03-29T01:30", "2026-03-29T02:00"]),
        Case(
            zone: "Europe/Berlin", cron: "0 * * * *", after: "2026-10-24T23:30:00Z",
            times: ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]),
        Case(
            zone: "Europe/Berlin", cron: "*/30 2 * * *", after: "2026-10-24T12:00:00Z",
            times: ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-26T01:00"]),
        Case(
            zone: "Europe/Berlin", cron: "*/30 2 * * *", after: "2026-03-28T12:00:00Z",
            times: ["2026-03-30T00:00", "2026-03-30T00:30"]),
        // New York, 8 March 2026 at 7:00 UTC; 1 November at 6:00 UTC.
        Case(
            zone: "America/New_York", cron: "30 2 * * *", after: "2026-03-08T00:00:00Z",
            times: ["2026-03-08T07:00", "2026-03-09T06:30"]),
        Case(
            zone: "America/New_York", cron: "30 1 * * *", after: "2026-11-01T00:00:00Z",
            times: ["2026-11-01T05:30", "2026-11-02T06:30"]),
        Case(
            zone: "America/New_York", cron: "@hourly", after: "2026-11-01T04:59:00Z",
            times: ["2026-11-01T05:00", "2026-11-01T06:00", "2026-11-01T07:00"]),
        // Lord Howe, half an hour: forward 4 October 2026 at 15:30 UTC the day before, back 4 April at 15:00 UTC.
        Case(
            zone: "Australia/Lord_Howe", cron: "15 2 * * *", after: "2026-10-03T00:00:00Z",
            times: ["2026-10-03T15:30", "2026-10-04T15:15"]),
        Case(
            zone: "Australia/Lord_Howe", cron: "45 2 * * *", after: "2026-10-03T00:00:00Z",
            times: ["2026-10-03T15:45", "2026-10-04T15:45"]),
        Case(
            zone: "Australia/Lord_Howe", cron: "45 1 * * *", after: "2026-04-03T20:00:00Z",
            times: ["2026-04-04T14:45", "2026-04-05T15:15"]),
        // Kolkata never changes, and is half an hour off.
        Case(
            zone: "Asia/Kolkata", cron: "0 9 * * *", after: "2026-03-29T00:00:00Z",
            times: ["2026-03-29T03:30", "2026-03-30T03:30"]),
        // Santiago puts clocks forward at midnight: the day begins at 1:00.
        Case(
            zone: "America/Santiago", cron: "@daily", after: "2026-09-05T12:00:00Z",
            times: ["2026-09-06T04:00", "2026-09-07T03:00"]),
        // Apia had no 30 December 2011.
        Case(
            zone: "Pacific/Apia", cron: "0 9 * * *", after: "2011-12-29T19:00:00Z",
            times: ["2011-12-30T10:00", "2011-12-30T19:00", "2011-12-31T19:00"]),
        // Long after the last change that is written out.
        Case(
            zone: "Europe/Berlin", cron: "30 2 * * *", after: "2099-03-28T12:00:00Z",
            times: ["2099-03-29T01:00", "2099-03-30T00:30"]),
    ]

    @Test("Vixie's rule holds in real zones", arguments: Self.cases.indices)
    func rule(index: Int) throws {
        let one = Self.cases[index]
        #expect(
            try Zones.next(one.times.count, one.cron, after: one.after, in: one.zone) == one.times,
            "\(one.cron) in \(one.zone) after \(one.after)")
    }

    /// The rule once more, minute by minute, as somebody would who watches the clocks.
    private func watched(_ cron: String, _ zone: ZoneRules, from: Date, minutes: Int) throws -> [Date] {
        let expression = try CronExpression(cron)
        func fits(_ clocks: String) throws -> Bool {
            // In UTC clocks show what is: the plain meaning of the fields.
            let shown = try Zones.instant(clocks + ":00Z")
            return expression.next(after: shown.addingTimeInterval(-1), in: .utc) == shown
        }
        let fields = cron.split(separator: " ")
        let everyOccurrence = fields[0].hasPrefix("*") || fields[1].hasPrefix("*")
        var fired: [Date] = []
        var shown: Set<String> = []
        var last = try Zones.instant(Zones.clocks(from.addingTimeInterval(-60), in: zone) + ":00Z")
        // What clocks showed before counts as shown.
        for minute in 1...240 { shown.insert(Zones.clocks(from.addingTimeInterval(Double(-60 * minute)), in: zone)) }
        for minute in 0..<minutes {
            let now = from.addingTimeInterval(Double(60 * minute))
            let clocks = Zones.clocks(now, in: zone)
            let here = try Zones.instant(clocks + ":00Z")
            var due = try fits(clocks) && (everyOccurrence || !shown.contains(clocks))
            var skipped = last.addingTimeInterval(60)
            while !everyOccurrence, skipped < here {
                due = try due || fits(String(Timestamp.text(skipped).prefix(16)))
                skipped = skipped.addingTimeInterval(60)
            }
            if due { fired.append(now) }
            shown.insert(clocks)
            last = here
        }
        return fired
    }

    @Test("Random expressions fire as a watcher of the clocks would", arguments: [11, 12, 13, 14, 15, 16] as [UInt64])
    func random(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let changes = [
            ("Europe/Berlin", "2026-03-29T00:00:00Z"), ("Europe/Berlin", "2026-10-25T00:00:00Z"),
            ("America/New_York", "2026-03-08T06:00:00Z"), ("America/New_York", "2026-11-01T05:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-03T15:00:00Z"), ("Australia/Lord_Howe", "2026-04-04T14:30:00Z"),
            ("America/Santiago", "2026-09-06T03:00:00Z"), ("Africa/Casablanca", "2026-03-22T01:00:00Z"),
            ("Europe/Dublin", "2026-10-25T00:00:00Z"), ("Asia/Kolkata", "2026-05-05T00:00:00Z"),
        ]
        for (name, around) in changes {
            let zone = try Zones.zone(name)
            let from = try Zones.instant(around).addingTimeInterval(-3600)
            for _ in 0..<4 {
                let cron = [
                    field(0...59, &random), field(0...4, &random), Bool.random(using: &random) ? "*" : "1-31/2", "*",
                    Bool.random(using: &random) ? "*" : "0,3,6",
                ].joined(separator: " ")
                var fired: [Date] = []
                let expression = try CronExpression(cron)
                let end = from.addingTimeInterval(300 * 60)
                var last = from.addingTimeInterval(-1)
                while let next = expression.next(after: last, in: zone), next < end {
                    fired.append(next)
                    last = next
                }
                #expect(try fired == watched(cron, zone, from: from, minutes: 300), "seed \(seed): \(cron) in \(name)")
            }
        }
    }

    private func field(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> String {
        func number() -> Int { Int.random(in: range, using: &random) }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "*"
        case 1: return "*/\(Int.random(in: 1...20, using: &random))"
        case 2:
            let (one, other) = (number(), number())
            return "\(min(one, other))-\(max(one, other))/\(Int.random(in: 1...7, using: &random))"
        case 3: return "\(number()),\(number()),\(number())"
        default: return "\(number())"
        }
    }
}
