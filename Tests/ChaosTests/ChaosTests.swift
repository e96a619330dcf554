import Foundation
import StudioTestKit
import Testing

/// Breaks a whole studio again and again, and holds it to its promises.
@Suite("Chaos", .serialized)
struct ChaosTests {
    @Test("Whatever breaks, nothing is lost and nothing is doubled")
    func nothingLostNothingDoubled() async throws {
        let settings = try ChaosSettings()
        let isLong = ProcessInfo.processInfo.environment["CHAOS_SECONDS"] != nil
        let journal = Journal(echo: isLong)
        let report: ChaosReport
        do {
            report = try await ChaosRun(settings: settings, journal: journal).run()
        } catch {
            Issue.record("seed \(settings.seed): \(error)\n\(journal.last(40).joined(separator: "\n"))")
            return
        }
        print(report)
        guard !report.breaches.isEmpty else { return }
        let shown = report.breaches.prefix(40).joined(separator: "\n")
        Issue.record(
            """
            seed \(settings.seed), \(report.breaches.count) breaches:
            \(shown)
            The last steps (all of them and the programs' logs are in \(settings.logs)):
            \(journal.last(60).joined(separator: "\n"))
            """)
    }

    @Test("One seed makes one plan, with every kind of fault and more than a hundred in ten minutes")
    func planOfFaults() throws {
        var settings = try ChaosSettings(environment: ["CHAOS_SECONDS": "600", "CHAOS_SEED": "7"])
        let plan = FaultPlan.faults(settings, workers: 3, gateways: 2)
        #expect(plan == FaultPlan.faults(settings, workers: 3, gateways: 2))
        #expect(plan.count >= 105)
        #expect(Set(plan.map(\.kind)) == Set(FaultKind.allCases))
        for seed in 0..<200 as Range<UInt64> {
            settings.seed = seed
            #expect(FaultPlan.faults(settings, workers: 3, gateways: 2).count >= 100)
        }
        let short = FaultPlan.faults(try ChaosSettings(environment: [:]), workers: 3, gateways: 2)
        #expect(Set(short.map(\.kind)).isSuperset(of: [.engineKilled, .containerKilled, .comfyUIKilled]))
        settings.seed = 8
        #expect(plan != FaultPlan.faults(settings, workers: 3, gateways: 2))
    }

    @Test("A gap, a stranger, a repeat and a missing end are seen in what a watcher saw")
    func eventOrder() {
        let told = (0..<5).map { SeenEvent(id: "1.\($0)", kind: "job.state", job: "a", state: "queued") }
        #expect(EventVerdict.compare(told, told, "w") == [])
        let stranger = SeenEvent(id: "1.9", kind: "job.state", job: "a", state: "queued")
        for bad in [[told[0], told[2], told[3], told[4]], told + [stranger], told + [told[2]], Array(told.dropLast())] {
            #expect(EventVerdict.compare(bad, told, "w").count == 1, "\(bad)")
        }
        #expect(!EventVerdict.compare([told[1], told[0]] + told[2...], told, "w").isEmpty)
    }
}
