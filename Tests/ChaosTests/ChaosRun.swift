import Foundation
import QueueProtocol
import StudioTestKit

/// One run: a studio under load is broken in every way that the plan has, mended, and held to what it promised.
struct ChaosRun {
    private static let gateways = 2
    private static let workers = 3
    /// The longest wait for the end of all jobs once all is mended.
    private static let drainBound: Duration = .seconds(240)
    /// Jobs that are not finished beyond which clients hold back.
    private static let backlog = 100

    let settings: ChaosSettings
    let journal: Journal
    private let clock = ContinuousClock()

    /// Runs it.
    ///
    /// - Returns: What came of it.
    /// - Throws: What kept the run itself from being made.
    func run() async throws -> ChaosReport {
        let studio = try await ChaosStudio(settings, gateways: Self.gateways, workers: Self.workers, journal: journal)
        let cast = try await Cast(studio)
        let watchers = cast.projects.map { EventWatcher($0, ports: studio.ports) }
        for watcher in watchers { watcher.listen() }
        for watcher in watchers { try await eventually("a watcher listens") { watcher.start != nil } }
        let book = PromiseBook(journal)
        let holds = HoldBook(cast, journal)
        let injector = FaultInjector(studio, journal)
        let began = clock.now
        let owed = await breakAndUse(studio, cast, book, holds, injector)
        journal.note("all faults are over")
        try await injector.mendAll()
        try await keepPromises(owed, studio, cast, book, holds)
        let used = clock.now - began
        try await drain(studio, cast, holds)
        journal.note("no job is unfinished")
        let leftovers = try await LeftoverVerdict.breaches(studio)
        var report = try await verdict(studio, cast, book, watchers)
        report.submissionsPerSecond = Double(report.jobs) / Double(used.components.seconds)
        for watcher in watchers { watcher.stop() }
        for slot in studio.gateways + studio.workers { try await slot.look() }
        try await studio.stopWorkers()
        report.breaches += try await leftovers + LeftoverVerdict.breachesAfterTheEnd(studio)
        report.breaches += journal.breaches
        if !report.breaches.isEmpty || settings.keepsLogs { await keepLogs(studio) }
        try await studio.stop()
        return report
    }

    private func breakAndUse(
        _ studio: ChaosStudio, _ cast: Cast, _ book: PromiseBook, _ holds: HoldBook, _ injector: FaultInjector
    ) async -> [Int] {
        let plan = FaultPlan.faults(settings, workers: Self.workers, gateways: Self.gateways)
        let gauge = BacklogGauge(most: Self.backlog)
        let watching = Task { await gauge.watch(studio) }
        defer { watching.cancel() }
        let end = clock.now.advanced(by: .seconds(settings.seconds))
        return await withTaskGroup(of: [Int].self) { group in
            group.addTask {
                await injector.inflict(plan)
                return []
            }
            for name in 0..<settings.clients {
                var client = LoadClient(
                    name, seed: settings.seed, ports: studio.ports, cast: cast, book: book, gauge: gauge, holds: holds,
                    journal: journal)
                group.addTask { await client.run(until: end) }
            }
            var owed: [Int] = []
            for await part in group { owed += part }
            return owed
        }
    }

    /// What was not answered and shall be is repeated now that all is well, and everything that was stopped is let go.
    private func keepPromises(
        _ owed: [Int], _ studio: ChaosStudio, _ cast: Cast, _ book: PromiseBook, _ holds: HoldBook
    ) async throws {
        let client = GatewayClient(studio.ports, patience: 20_000)
        try await holds.releaseAll(client)
        let asker = LoadClient(
            0, seed: 0, ports: studio.ports, cast: cast, book: book, gauge: BacklogGauge(most: 0), holds: holds,
            journal: journal)
        for index in owed {
            let reply = try await client.insist(asker.request(index))
            if !book.answered(index, reply) { journal.breach("a repeat was answered \(reply.status) \(reply.text)") }
        }
    }

    /// Waits until every job has ended. Workers that were kept from a function are given it again, as an operator would.
    private func drain(_ studio: ChaosStudio, _ cast: Cast, _ holds: HoldBook) async throws {
        let client = GatewayClient(studio.ports, patience: 20_000)
        do {
            try await eventually("every job has ended", within: Self.drainBound) {
                try await holds.releaseAll(client)
                let blocks = "/api/v1/admin/worker-blocks"
                let list = try await client.insist(Request(method: "GET", path: blocks, token: cast.operatorToken))
                for block in list.json["items"]?.arrayValue ?? [] {
                    guard let worker = block["worker"]?.stringValue, let function = block["function"]?.stringValue
                    else { continue }
                    journal.count("blocks lifted")
                    _ = try await client.insist(
                        Request(method: "DELETE", path: "\(blocks)/\(worker)/\(function)", token: cast.operatorToken))
                }
                try await clock.sleep(for: .milliseconds(300))
                return try await studio.number(BacklogGauge.unfinished) == 0
            }
        } catch let late as WaitTimedOut {
            let left = try await studio.rows(
                """
                SELECT id, state, function, attempt, not_before, pushed_at, lease_expires_at, cancel_requested_at, now()
                FROM jobs WHERE state IN ('waiting', 'queued', 'running') ORDER BY id LIMIT 20
                """)
            journal.breach("\(late): \(left.map { $0.joined(separator: " ") }.joined(separator: "\n"))")
        }
    }

    private func verdict(
        _ studio: ChaosStudio, _ cast: Cast, _ book: PromiseBook, _ watchers: [EventWatcher]
    ) async throws -> ChaosReport {
        let endings = try await Ending.all(studio)
        let promises = PromiseVerdict(book, endings)
        let takes = try await TakeVerdict(cast, studio)
        var breaches = promises.breaches + takes.breaches
        breaches += try await CreditVerdict.breaches(cast, book, endings, studio.ports)
        for watcher in watchers { breaches += try await EventVerdict.breaches(watcher, studio) }
        return ChaosReport(
            seed: settings.seed, jobs: endings.count,
            endings: Dictionary(grouping: endings, by: \.state).mapValues(\.count),
            takes: takes.takes, lost: promises.lost, doubledJobs: promises.doubled, doubledTakes: takes.doubled,
            events: watchers.map(\.seen.count).reduce(0, +), connections: watchers.map(\.connections).reduce(0, +),
            recovery: try await RecoveryFigures(studio, journal, retried: book.asksToRetry).lines,
            counts: journal.counts,
            breaches: breaches)
    }

    private func keepLogs(_ studio: ChaosStudio) async {
        try? FileManager.default.createDirectory(atPath: settings.logs, withIntermediateDirectories: true)
        for slot in studio.gateways + studio.workers {
            for (name, lines) in await slot.output {
                try? Data(lines.joined(separator: "\n").utf8)
                    .write(to: URL(fileURLWithPath: "\(settings.logs)/\(name).log"))
            }
        }
        try? Data(await studio.python.lines.joined(separator: "\n").utf8)
            .write(to: URL(fileURLWithPath: "\(settings.logs)/python.log"))
        for table in [
            "jobs", "job_attempts", "job_dependencies", "events", "takes", "job_files", "workers", "ledger_entries",
        ] {
            let rows = try? await studio.postgres.sql("SELECT row_to_json(t) FROM \(table) t", in: studio.database)
            try? Data((rows ?? []).joined(separator: "\n").utf8)
                .write(to: URL(fileURLWithPath: "\(settings.logs)/\(table).jsonl"))
        }
        try? Data(journal.last(.max).joined(separator: "\n").utf8)
            .write(to: URL(fileURLWithPath: "\(settings.logs)/steps.log"))
    }
}
