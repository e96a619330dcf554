import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@Suite("A doctor's report", .timeLimit(.minutes(10))) struct DiagnosisReportTests {
    @Test("Every check is a line of its own, in the order of the examinations, and a failure is not well")
    func lines() async throws {
        let report = await DiagnosisReport(
            examining: [
                Examination("first", remedy: "") { [Diagnosis("first", .failed, "is\nbroken", remedy: "mend it")] },
                Examination("second", remedy: "") {
                    [Diagnosis("second", .ok, "15.6"), Diagnosis("a", .warning, "old")]
                },
            ], within: .seconds(60), clock: ManualClock())
        #expect(!report.healthy)
        #expect(
            report.text.split(separator: "\n") == [
                "FAILED   first   is broken; mend it", "ok       second  15.6", "warning  a       old",
                "1 failed, 1 to be seen to, of 3 checks.",
            ])
        let json = try JSONText.decode(JSONValue.self, from: report.json())
        #expect(json["healthy"] == false)
        #expect(json["checks"]?.arrayValue?.first?["remedy"] == "mend it")
    }

    @Test("One that hangs, deaf to its cancellation, is told as such, and keeps nobody from their answer")
    func hanging() async throws {
        let clock = ManualClock()
        let never = Signal("never")
        let examinations = [
            Examination("stuck", remedy: "look at the disk") {
                // A task of its own does not hear that nobody waits for it any more.
                _ = await Task { try? await never.wait(within: .seconds(50)) }.value
                return []
            },
            Examination("well", remedy: "") { [Diagnosis("well", .ok, "there")] },
        ]
        let report = Watched<DiagnosisReport?>(nil)
        let looking = Task {
            let one = await DiagnosisReport(examining: examinations, within: .seconds(5), clock: clock)
            report.update { $0 = one }
        }
        defer { looking.cancel() }
        try await eventually("the time of the look that hangs is over") {
            clock.advance(by: .seconds(5))
            return report.value != nil
        }
        let found = try #require(report.value)
        #expect(found.checks.first { $0.check == "stuck" }?.verdict == .failed)
        #expect(found.checks.first { $0.check == "stuck" }?.remedy == "look at the disk")
        #expect(found.checks.contains { $0.seen == "there" } || found.checks.count == 2)
        never.fire()
    }
}
