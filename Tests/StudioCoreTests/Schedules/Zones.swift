import FoundationEssentials
import QueueProtocol
import StudioCore
import Testing

/// Real zones, from the machine's database.
enum Zones {
    static func zone(_ name: String) throws -> ZoneRules {
        if name == "UTC" { return .utc }
        let bytes = try #require(FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)"))
        return try #require(ZoneRules(name: name, file: Array(bytes)))
    }

    static func instant(_ text: String) throws -> Date { try #require(Timestamp.parse(text)) }

    /// What clocks show at an instant, to the minute.
    static func clocks(_ instant: Date, in zone: ZoneRules) -> String {
        let seconds = Int64(instant.timeIntervalSince1970)
        let shown = Date(timeIntervalSince1970: Double(seconds + zone.span(at: seconds).offset))
        return String(Timestamp.text(shown).prefix(16))
    }

    /// The first times after an instant, in UTC to the minute.
    static func next(_ count: Int, _ cron: String, after instant: String, in zone: String) throws -> [String] {
        let (expression, rules) = (try CronExpression(cron), try Self.zone(zone))
        var times: [String] = []
        var last = try Self.instant(instant)
        while times.count < count, let next = expression.next(after: last, in: rules) {
            times.append(String(Timestamp.text(next).prefix(16)))
            last = next
        }
        return times
    }
}
