import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct TakeTests {
    @Test func numbersAreGivenOnceAndAJobKeepsItsOwn() async throws {
        try await StudioFixture.with(credits: 10_000) { studio in
            var claims: [HeldClaim] = []
            for _ in 0..<12 { claims.append(try await studio.claim(studio.submit())) }
            let takes = try await withThrowingTaskGroup(of: TakeRecord.self) { group in
                for claim in claims + claims {
                    group.addTask {
                        try await studio.takes.allocate(claim, fileExtension: "mp4", mediaType: "video/mp4")
                    }
                }
                return try await group.reduce(into: [TakeRecord]()) { $0.append($1) }
            }
            #expect(Set(takes.map(\.id)).count == 12)
            #expect(Set(takes.map(\.number)) == Set(1...12))
            #expect(takes.first { $0.number == 7 }?.path == "03_Renders/SHOT-010/SHOT-010_v01_take07.mp4")
        }
    }

    @Test func aNumberIsAboveWhatLiesOnDisk() async throws {
        try await StudioFixture.with { studio in
            let claim = try await studio.claim(studio.submit())
            let take = try await studio.takes.allocate(
                claim, fileExtension: "mp4", mediaType: "video/mp4", minimumNumber: 41)
            #expect(take.number == 41)
            let next = try await studio.takes.allocate(
                studio.claim(studio.submit()), fileExtension: "mp4", mediaType: "video/mp4", minimumNumber: 3)
            #expect(next.number == 42)
        }
    }

    @Test func thePublishedTakeIsSeenSettledAndImmutable() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit()
            let claim = try await studio.claim(job)
            let take = try await studio.takes.allocate(claim, fileExtension: "mp4", mediaType: "video/mp4")
            #expect(try await studio.takes.get(take.id) == nil)
            #expect(try await studio.takes.list(project: studio.project).isEmpty)
            #expect(try await studio.takes.get(job: job) == take)
            let published = try await studio.publish(claim).take
            #expect(published.id == take.id && published.attempt == 1 && published.publishedAt != nil)
            #expect(published.probe == ["frames": 48] && published.commit == "c0ffee")
            #expect(try await studio.takes.get(take.id, tenant: studio.tenant) == published)
            #expect(try await studio.takes.get(take.id, tenant: TenantID()) == nil)
            #expect(try await studio.jobs.get(job)?.take == take.id)
            #expect(try await studio.account() == CreditAccount(available: 990, held: 0, settled: 10))
            for change in [
                "sha256 = repeat('d', 64)", "number = 9", "path = 'x'", "published_at = now() + interval '1 s'",
            ] {
                let error = await expectFault(.checkViolation) {
                    _ = try await studio.database.transaction { try $0.execute("UPDATE takes SET \(change)") }
                }
                #expect(error?.constraint == "published_take_is_immutable")
            }
            func rate(
                _ rating: Int?, _ circled: Bool?, tenant: TenantID? = nil, on revision: Int? = nil
            ) async throws -> TakeRecord {
                try await studio.takes.rate(
                    take.id, tenant: tenant, rating: rating, circled: circled, expectedRevision: revision)
            }
            let rated = try await rate(4, nil, on: 1)
            #expect(rated.rating == 4 && rated.revision == 2)
            await expectRefusal(.preconditionFailed) { _ = try await rate(1, false, on: 1) }
            let circled = try await rate(nil, true, tenant: studio.tenant)
            #expect(circled.circled && circled.rating == 4 && circled.revision == 3)
            #expect(try await rate(0, false).rating == nil)
            await expectRefusal(.invalid) { _ = try await rate(6, nil) }
            await expectRefusal(.notFound) { _ = try await rate(1, nil, tenant: TenantID(), on: 4) }
            #expect(try await studio.takes.list(project: studio.project, shot: "SHOT-010", version: 1).count == 1)
            #expect(try await studio.takes.list(project: studio.project, version: 2).isEmpty)
            #expect(try await studio.takes.list(project: studio.project, before: take.id).isEmpty)
        }
    }

    @Test func aLaterAttemptFinishesTheSameFile() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit()
            let first = try await studio.claim(job)
            let take = try await studio.takes.allocate(first, fileExtension: "mp4", mediaType: "video/mp4")
            let file = try await studio.takes.recordFile(first, sha256: String(repeating: "e", count: 64), sizeBytes: 9)
            #expect(file.attempt == 1)
            try await studio.expireLease(of: job)
            _ = try await studio.jobs.returnExpiredLeases(limit: 1)
            let claimed = try #require(
                try await studio.jobs.claim([job], worker: studio.worker, name: "w", lease: .seconds(60)).first)
            #expect(claimed.take == file)
            let published = try await studio.publish(HeldClaim(job: job, attempt: claimed.attempt)).take
            #expect(published.id == take.id && published.number == 1 && published.attempt == 2)
        }
    }

    @Test func oneWriterPerProjectAtATime() async throws {
        try await StudioFixture.with { studio in
            let latch = ThreadLatch()
            let writer = Task { try await ProjectWriters(studio.database).run(studio.project) { _ in latch.hold() } }
            try await latch.waitForHolders(1)
            let claim = try await studio.claim(studio.submit())
            let second = Task { try await studio.publish(claim) }
            try await eventually("the second writer waits") {
                try await studio.database.withConnection {
                    try $0.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").count == 1
                }
            }
            // While it waits for its turn its lease can be renewed.
            let found = try await studio.jobs.heartbeat(worker: studio.worker, claims: [claim], lease: .seconds(60))
            #expect(found.map(\.isHeld) == [true])
            latch.open()
            try await writer.value
            #expect(try await second.value.take.publishedAt != nil)
        }
    }
}
