import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Who did what.
@Suite struct ActionLogTests {
    private static func author(_ studio: StudioFixture) -> ActionAuthor {
        ActionAuthor(tenant: studio.tenant, user: studio.user, requestID: "r-7")
    }

    private static func kinds(_ studio: StudioFixture, _ filter: ActionFilter = ActionFilter()) async throws -> [String]
    {
        try await ActionLog(studio.database).list(tenant: studio.tenant, filter: filter).map(\.kind)
    }

    @Test func `What is done to jobs and projects is told once, with who did it`() async throws {
        try await StudioFixture.with { studio in
            let author = Self.author(studio)
            let job = try await studio.submit()
            _ = try await studio.jobs.change(
                job, JobChange(priority: 9, isHeld: true), tenant: studio.tenant, by: author)
            for _ in 0..<2 { _ = try await studio.jobs.cancel(job, tenant: studio.tenant, by: author) }
            _ = try await studio.jobs.retry(job, tenant: studio.tenant, by: author)
            let running = try await studio.claim(job)
            for _ in 0..<2 { _ = try await studio.jobs.cancel(job, tenant: studio.tenant, by: author) }
            _ = try await studio.jobs.finishCancelled(running)
            for _ in 0..<2 { _ = try await studio.projects.set(studio.project, isPaused: true, by: author) }
            _ = try await studio.projects.archive(studio.project, by: author)
            _ = try await studio.projects.restore(studio.project, by: author)
            _ = try await studio.projects.update(studio.project, title: "New", expectedRevision: nil, by: author)
            #expect(
                try await Self.kinds(studio) == [
                    "project.changed", "project.restored", "project.archived", "project.paused", "job.cancelled",
                    "job.retried", "job.cancelled", "job.changed", "project.created",
                ])
            let log = ActionLog(studio.database)
            let changed = try #require(
                try await log.list(tenant: studio.tenant, filter: ActionFilter(kinds: [.jobChanged])).first)
            #expect(changed.user == studio.user && changed.userEmail == "ada@example.com")
            #expect(changed.subject == "\(job)" && changed.projectName == "film" && changed.requestID == "r-7")
            #expect(changed.detail == ["priority": 9, "held": true])
            // What nobody asked for is not told.
            _ = try await studio.jobs.retry(job)
            #expect(try await Self.kinds(studio).count == 9)
            #expect(try await log.list(tenant: TenantID()).isEmpty)
        }
    }

    @Test func `Pages are stable, and filters read what they name`() async throws {
        try await StudioFixture.with { studio in
            let (author, log) = (Self.author(studio), ActionLog(studio.database))
            for number in 0..<7 {
                try await log.write(
                    Action(number.isMultiple(of: 2) ? .queuePaused : .queueResumed, of: "studio"), by: author)
            }
            var read: [Int64] = []
            while true {
                let page = try await log.list(tenant: studio.tenant, limit: 3, before: read.last)
                read += page.map(\.id)
                if page.count < 3 { break }
            }
            // The project of the fixture was made by somebody too.
            #expect(read.count == 8 && read == read.sorted(by: >))
            let both = ActionFilter(kinds: [.queuePaused, .projectCreated], user: studio.user)
            #expect(
                try await Self.kinds(studio, both)
                    == Array(repeating: "queue.paused", count: 4) + ["project.created"])
            #expect(try await Self.kinds(studio, ActionFilter(project: studio.project)) == ["project.created"])
            #expect(try await Self.kinds(studio, ActionFilter(user: UserID())).isEmpty)
            #expect(try await Self.kinds(studio, ActionFilter(kinds: [])).isEmpty)
        }
    }

    @Test func `An action that is undone is not told, and one that is told is not changed`() async throws {
        try await StudioFixture.with { studio in
            let author = Self.author(studio)
            await expectRefusal(.conflict) {
                _ = try await studio.jobs.retry(try await studio.submit(), tenant: studio.tenant, by: author)
            }
            #expect(try await Self.kinds(studio) == ["project.created"])
            // What cannot be told is not done either.
            let job = try await studio.submit()
            await expectFault(.foreignKeyViolation) {
                let nobody = ActionAuthor(tenant: studio.tenant, user: UserID())
                _ = try await studio.jobs.cancel(job, tenant: studio.tenant, by: nobody)
            }
            #expect(try await studio.state(job) == .queued)
            #expect(try await Self.kinds(studio) == ["project.created"])
            for change in ["UPDATE actions SET subject = 'x'", "DELETE FROM actions"] {
                let fault = await expectFault(.checkViolation) {
                    _ = try await studio.database.withConnection { try $0.execute(change) }
                }
                #expect(fault?.constraint == "actions_are_kept")
            }
            // After a year it may go, and goes.
            _ = try await studio.database.withConnection { connection in
                try connection.execute(
                    """
                    INSERT INTO actions (tenant_id, action, subject, created_at)
                    VALUES ($1, 'queue.paused', 'old', now() - interval '366 days')
                    """, [.id(studio.tenant)])
            }
            #expect(try await ActionLog(studio.database).purge() == 1)
            #expect(try await Self.kinds(studio) == ["project.created"])
        }
    }

    @Test func `A worker that is blocked is told of by the studio itself, and its return by who asked for it`()
        async throws
    {
        try await StudioFixture.with { studio in
            for _ in 0..<3 {
                let claim = try await studio.claim(try await studio.submitTakeless(credits: 0, maxAttempts: 1))
                _ = try await studio.jobs.fail(claim, failure: JobFailure(.runnerFailed, "No."), retryDelay: .zero)
            }
            let log = ActionLog(studio.database)
            let blocked = try #require(try await log.list(tenant: studio.tenant, limit: 1).first)
            #expect(blocked.kind == "worker.blocked" && blocked.user == nil && blocked.subject == "\(studio.worker)")
            #expect(blocked.detail == ["function": "noop", "failures": 3, "code": "runner-failed"])
            let blocks = WorkerBlockStore(studio.database)
            for expected in [true, false] {
                #expect(
                    try await blocks.clear(studio.worker, function: "noop", by: Self.author(studio)) == expected)
            }
            #expect(try await Self.kinds(studio).prefix(2) == ["worker.unblocked", "worker.blocked"])
        }
    }
}
