import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// The jobs of all of a tenant's projects.
@Suite struct TenantJobTests {
    /// All jobs of a filter, read page by page.
    private static func all(
        _ studio: StudioFixture, _ filter: TenantJobFilter = TenantJobFilter(), by limit: Int = 3
    ) async throws -> [JobID] {
        var read: [JobID] = []
        while true {
            let page = try await studio.jobs.list(
                tenant: studio.tenant, filter: filter, limit: limit, before: read.last)
            read += page.map(\.id)
            if page.count < limit { return read }
        }
    }

    @Test func `Jobs of all projects come newest first, page by page, whatever their state`() async throws {
        try await StudioFixture.with { studio in
            let second = ProjectID()
            _ = try await studio.projects.begin(
                NewProject(
                    id: second, tenant: studio.tenant, name: try ProjectName("second"), title: "2",
                    createdBy: studio.user))
            _ = try await studio.projects.finishScaffold(second)
            var jobs: [JobID] = []
            for number in 0..<10 {
                var job = try studio.newJob(
                    credits: 0, maxAttempts: 1, function: number.isMultiple(of: 2) ? "mock-video" : "noop")
                if number.isMultiple(of: 3) { job.project = second }
                jobs.append(try await studio.admit(job).id)
            }
            for job in [jobs[2], jobs[3]] { _ = try await studio.jobs.cancel(job) }
            let running = try await studio.claim(jobs[4])
            _ = try await studio.jobs.fail(running, failure: JobFailure(.inputInvalid, "No."), retryDelay: .zero)
            try await studio.claim(jobs[5])
            #expect(try await Self.all(studio) == jobs.sorted { $0 > $1 })
            let ended = TenantJobFilter(states: [.cancelled, .failed])
            #expect(try await Self.all(studio, ended, by: 2) == [jobs[4], jobs[3], jobs[2]])
            #expect(try await Self.all(studio, TenantJobFilter(states: [.running])) == [jobs[5]])
            let odd = TenantJobFilter(states: [.queued, .running, .cancelled], function: "noop")
            #expect(try await Self.all(studio, odd) == [9, 7, 5, 3, 1].map { jobs[$0] })
            #expect(try await Self.all(studio, TenantJobFilter(user: studio.user)).count == 10)
            #expect(try await Self.all(studio, TenantJobFilter(user: UserID())).isEmpty)
            #expect(try await Self.all(studio, TenantJobFilter(states: [])).isEmpty)
            let second3 = try await studio.jobs.list(tenant: studio.tenant, limit: 1)
            #expect(second3.map(\.projectName) == ["second"] && second3.map(\.id) == [jobs[9]])
            #expect(try await studio.jobs.list(tenant: TenantID()).isEmpty)
        }
    }

    /// The rows that a plan's nodes read of jobs, and whether one of them read the table itself.
    private static func reads(_ plan: JSONValue) -> (rows: Double, scansTable: Bool) {
        var (rows, scansTable) = (0.0, false)
        if plan["Relation Name"] == "jobs" {
            let number = { (name: String) in plan[name]?.doubleValue ?? 0 }
            rows += (number("Actual Rows") + number("Rows Removed by Filter")) * max(1, number("Actual Loops"))
            scansTable = plan["Node Type"] == "Seq Scan"
        }
        for child in plan["Plans"]?.arrayValue ?? [] {
            let below = reads(child)
            (rows, scansTable) = (rows + below.rows, scansTable || below.scansTable)
        }
        return (rows, scansTable)
    }

    @Test func `A page is read by indexes, however many jobs there are and however few fit`() async throws {
        // The jobs are written by hand, without what their life would have left.
        try await StudioFixture.with(audited: false) { studio in
            let rare = UserID()
            _ = try await studio.database.withConnection { connection in
                try connection.script("ALTER TABLE jobs DISABLE TRIGGER USER")
                try connection.execute(
                    """
                    INSERT INTO function_revisions (digest, name, version, manifest)
                    VALUES ('\(StudioFixture.digest)', 'mock-video', '1', '{}')
                    """)
                try connection.execute(
                    """
                    INSERT INTO users (id, tenant_id, email, password_hash, roles)
                    VALUES ($1, $2, 'rare@example.com', 'x', '{artist}')
                    """, [.id(rare), .id(studio.tenant)])
                // One in 5,000 is of a function, a user or a state of its own.
                try connection.execute(
                    """
                    INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision,
                        parameters, inputs, quality, queue, priority, max_attempts, timeout_seconds, state, credits,
                        queued_at, finished_at)
                    SELECT gen_random_uuid(), $1, $2, CASE WHEN n % 5000 = 1 THEN $4::uuid ELSE $3::uuid END, 'A', 1,
                        CASE WHEN n % 5000 = 2 THEN 'rare' ELSE 'mock-video' END, '\(StudioFixture.digest)', '{}', '{}',
                        'standard', 'studio', 5, 3, 900,
                        CASE WHEN n % 5000 = 3 THEN 'cancelled' WHEN n % 5000 = 4 THEN 'queued' ELSE 'succeeded' END, 0,
                        now(), CASE WHEN n % 5000 <> 4 THEN now() END
                    FROM generate_series(1, 20000) n
                    """, [.id(studio.tenant), .id(studio.project), .id(studio.user), .id(rare)])
                try connection.script("ANALYZE jobs")
            }
            let filters = [
                TenantJobFilter(), TenantJobFilter(states: [.waiting, .queued, .running]),
                TenantJobFilter(states: [.cancelled]), TenantJobFilter(states: [.failed]),
                TenantJobFilter(function: "rare"), TenantJobFilter(user: rare),
                TenantJobFilter(states: [.succeeded], function: "rare", user: rare),
            ]
            for filter in filters {
                let states = filter.states ?? Set(JobState.allCases)
                let words = { @Sendable (ended: Bool) in states.filter { $0.isFinished == ended }.map(\.rawValue) }
                let plan: JSONValue = try await studio.database.withConnection { connection in
                    let rows = try connection.query(
                        "EXPLAIN (ANALYZE, FORMAT JSON) \(JobStore.tenantList(filter))",
                        [
                            .id(studio.tenant), .texts(words(false)), .texts(words(true)), .null, .int(51),
                            .text(filter.function), .id(filter.user),
                        ])
                    return try rows[0].decode("QUERY PLAN")
                }
                let reads = Self.reads(try #require(plan.arrayValue?.first?["Plan"]))
                // At most a page of each of six states, and those that are shown once more.
                #expect(!reads.scansTable && reads.rows <= 7 * 51, "\(filter): \(reads)")
            }
        }
    }
}
