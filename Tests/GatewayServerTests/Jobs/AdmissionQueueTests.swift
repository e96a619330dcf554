import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct AdmissionQueueTests {
    private static func job(_ studio: TestStudio) throws -> NewJob {
        NewJob(
            id: JobID(), tenant: studio.admin.tenant, project: studio.film, user: studio.admin.id,
            shot: try ShotName("SHOT-010"), version: 1, function: "mock-video", functionVersion: "1.0.0",
            functionDigest: String(repeating: "a", count: 64), manifest: [:], parameters: [:], queue: "studio",
            credits: 1)
    }

    /// Holds the account that every submission needs for as long as the body runs.
    private static func holdingAccount(
        _ studio: TestStudio, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let locked = Signal("the account is locked")
        let latch = ThreadLatch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await studio.database.transaction { connection in
                    try connection.execute(
                        "SELECT FROM credit_accounts WHERE user_id = $1 FOR UPDATE", [.id(studio.admin.id)])
                    locked.fire()
                    latch.hold()
                }
            }
            try await locked.wait()
            defer { latch.open() }
            try await body()
        }
    }

    @Test func `What comes while a commit is under way shares the next one`() async throws {
        let studio = try await TestStudio.make()
        let admitted = Watched<[[JobID]]>([])
        let queue = AdmissionQueue(JobAdmission(studio.database)) { jobs in
            admitted.update { $0.append(jobs.map(\.id)) }
        }
        let jobs = try (0..<20).map { _ in try Self.job(studio) }
        try await Self.holdingAccount(studio) {
            Task { _ = try await queue.admit(AdmissionUnit([jobs[0]]), bytes: 10) }
            try await eventually("the first is being committed") { queue.isCommitting && queue.waitingJobs == 0 }
            for job in jobs[1...] { Task { _ = try await queue.admit(AdmissionUnit([job]), bytes: 10) } }
            try await eventually("all others wait") { queue.waitingJobs == 19 }
        }
        let commits = try await admitted.wait("all are admitted") { $0.joined().count == 20 ? $0 : nil }
        #expect(commits.count == 2)
        #expect(Set(commits.joined()) == Set(jobs.map(\.id)))
        await studio.database.close()
    }

    @Test func `A commit waits a moment for those who came together before, and one alone for nobody`() async throws {
        let studio = try await TestStudio.make()
        let admitted = Watched<[[JobID]]>([])
        let clock = ManualClock()
        let queue = AdmissionQueue(JobAdmission(studio.database), clock: clock) { jobs in
            admitted.update { $0.append(jobs.map(\.id)) }
        }
        let jobs = try (0..<6).map { _ in try Self.job(studio) }
        // The clock stands still: whoever waited for it would wait for ever.
        _ = try await queue.admit(AdmissionUnit([jobs[0]]), bytes: 10)
        _ = try await queue.admit(AdmissionUnit([jobs[1]]), bytes: 10)
        try await Self.holdingAccount(studio) {
            Task { _ = try await queue.admit(AdmissionUnit([jobs[2]]), bytes: 10) }
            try await eventually("the third is being committed") { queue.isCommitting && queue.waitingJobs == 0 }
            for job in jobs[3...4] { Task { _ = try await queue.admit(AdmissionUnit([job]), bytes: 10) } }
            try await eventually("two wait") { queue.waitingJobs == 2 }
        }
        // Three came together and two are here.
        try await clock.waitForSleepers()
        Task { _ = try await queue.admit(AdmissionUnit([jobs[5]]), bytes: 10) }
        try await eventually("the last waits with them") { queue.waitingJobs == 3 }
        clock.advance(by: AdmissionQueue.Limits().gathering)
        let commits = try await admitted.wait("all are admitted") { $0.joined().count == 6 ? $0 : nil }
        #expect(commits.map(\.count) == [1, 1, 1, 3])
        // It waits once more for the three, in vain, and is done.
        try await clock.waitForSleepers()
        clock.advance(by: AdmissionQueue.Limits().gathering)
        try await eventually("nothing is under way") { !queue.isCommitting }
        await studio.database.close()
    }

    @Test func `Beyond its bounds it refuses, and what it took is kept`() async throws {
        let studio = try await TestStudio.make()
        let admitted = Watched(0)
        let limits = AdmissionQueue.Limits(waitingJobs: 2, waitingBytes: 100, batch: 512)
        let queue = AdmissionQueue(JobAdmission(studio.database), limits: limits) { jobs in
            admitted.update { $0 += jobs.count }
        }
        let first = try Self.job(studio)
        let others = try (0..<2).map { _ in try Self.job(studio) }
        try await Self.holdingAccount(studio) {
            Task { _ = try await queue.admit(AdmissionUnit([first]), bytes: 10) }
            try await eventually("the first is being committed") { queue.isCommitting && queue.waitingJobs == 0 }
            for job in others { Task { _ = try await queue.admit(AdmissionUnit([job]), bytes: 45) } }
            try await eventually("two wait") { queue.waitingJobs == 2 }
            for bytes in [1, 11] {
                do {
                    _ = try await queue.admit(AdmissionUnit([try Self.job(studio)]), bytes: bytes)
                    Issue.record("taken")
                } catch let error as StudioError {
                    #expect(error.code == .unavailable && error.retryAfterSeconds == 1)
                }
            }
        }
        try await admitted.wait("the three are admitted") { $0 == 3 ? () : nil }
        #expect(queue.waitingJobs == 0)
        await studio.database.close()
    }
}
