import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@Suite("Time zones") struct ZoneRulesTests {
    @Test(
        "Names are safe paths",
        arguments: [
            "", "/", "/etc/passwd", "Europe/", "/Europe", "Europe//Berlin", "../etc/passwd", "Europe/../UTC", "a.b",
            "Europe/Berlin ",
            "posix/UTC", "right/UTC", "Európa", String(repeating: "a", count: 65),
        ])
    func unsafeNames(name: String) { #expect(!ZoneRules.isName(name)) }

    @Test(
        "The names there are may be asked for",
        arguments: [
            "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+12", "America/Port-au-Prince", "EST5EDT",
        ])
    func names(name: String) throws {
        #expect(ZoneRules.isName(name))
        #expect(try Zones.zone(name).name == name)
    }

    @Test("Spans meet without a gap, also beyond what the file writes out")
    func spans() throws {
        for name in [
            "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo", "Etc/GMT-14", "EST5EDT",
        ] {
            let zone = try Zones.zone(name)
            var span = zone.span(at: -5_000_000_000)
            let end = Int64(4_900_000_000)
            while span.end < end {
                let next = zone.span(at: span.end)
                #expect(next.start == span.end && next.offsetBefore == span.offset, "\(name) at \(span.end)")
                #expect(zone.span(at: span.end - 1) == span, "\(name) at \(span.end)")
                guard next.end > span.end else { break }
                span = next
            }
        }
    }

    @Test("Broken files are refused, wherever they are cut or changed")
    func broken() throws {
        let bytes = Array(try #require(FileManager.default.contents(atPath: "/usr/share/zoneinfo/Europe/Berlin")))
        #expect(ZoneRules(name: "x", file: []) == nil)
        #expect(ZoneRules(name: "x", file: Array("no such thing".utf8)) == nil)
        for length in stride(from: 0, to: bytes.count - 40, by: 7) {
            _ = ZoneRules(name: "x", file: Array(bytes[..<length]))
        }
        var random = SeededGenerator(state: 5)
        for _ in 0..<2000 {
            var changed = bytes
            for _ in 0..<3 {
                let place = Int.random(in: 4..<changed.count, using: &random)
                changed[place] = UInt8.random(in: 0...255, using: &random)
            }
            // Whatever it says now, it is read or refused, and asking it ends.
            _ = ZoneRules(name: "x", file: changed)?.span(at: 1_800_000_000)
        }
    }
}

@Suite("Firings") struct ScheduleFiringTests {
    @Test("A time at which a schedule is due has one job id, and no other has it")
    func ids() throws {
        let (one, other) = (ScheduleID(), ScheduleID())
        let due = try Zones.instant("2026-11-29T02:00:00Z")
        let id = JobID(firing: one, due: due)
        #expect(id == JobID(firing: one, due: due))
        #expect(id != JobID(firing: other, due: due))
        #expect(id != JobID(firing: one, due: due.addingTimeInterval(60)))
        #expect(id < JobID(firing: one, due: due.addingTimeInterval(60)))
        #expect(JobID(id.description) == id && id.description.dropFirst(14).first == "7")
    }
}
