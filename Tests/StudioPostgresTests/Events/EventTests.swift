import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct EventTests {
    @Test func aCursorHasOneTextForm() {
        #expect(EventCursor("812.77") == EventCursor(transaction: 812, id: 77))
        #expect(EventCursor(transaction: 812, id: 77).description == "812.77")
        #expect(EventCursor("18446744073709551615.9223372036854775807") != nil)
        for text in ["", "812", "812.", ".77", "812.77.1", "-1.2", "+1.2", "a.b", "812.9223372036854775808", "１.2"] {
            #expect(EventCursor(text) == nil, "\(text)")
        }
    }

    @Test func noEventIsSkippedWhenTransactionsCommitOutOfOrder() async throws {
        try await StudioFixture.with { studio in
            let start = try await studio.events.newest()
            // The earlier transaction writes first and commits last.
            let latch = ThreadLatch()
            let insert = """
                INSERT INTO events (tenant_id, project_id, kind, payload) VALUES ($1, $2, 'project.changed', $3)
                """
            let (tenant, project) = (studio.tenant, studio.project)
            let earlier = Task {
                try await studio.database.transaction { connection in
                    try connection.execute(
                        insert, [.id(tenant), .id(project), try .json(["change": "early"] as JSONValue)])
                    latch.hold()
                }
            }
            try await latch.waitForHolders(1)
            try await studio.database.transaction { connection in
                _ = try connection.execute(
                    insert, [.id(tenant), .id(project), try .json(["change": "late"] as JSONValue)])
            }
            // The later one is committed and must not be told yet: a cursor past it would skip the earlier.
            let early = try await studio.events.read(.project(project), after: start)
            #expect(!early.contains { $0.payload["change"] == "late" })
            let between = try await studio.events.newest()
            latch.open()
            try await earlier.value
            for cursor in [start, between] {
                var told: [StoredEvent] = []
                try await eventually("both are told") {
                    // What the fixture did may come before them.
                    told = try await studio.events.read(.all, after: cursor)
                        .filter { $0.payload["change"] != "created" }
                    return told.count == 2
                }
                #expect(told.map { $0.payload["change"]?.stringValue } == ["early", "late"])
                #expect(told.map(\.cursor) == told.map(\.cursor).sorted())
            }
        }
    }

    @Test func eventsOfAJobStandInTheOrderInWhichTheyHappened() async throws {
        try await StudioFixture.with(audited: false) { studio in
            let start = try await studio.events.newest()
            let job = try await studio.submit(credits: 0)
            // Has its number before the claim has one, and changes the job after it: as one that ends many does.
            let latch = ThreadLatch()
            let earlier = Task {
                try await studio.database.transaction { connection in
                    try connection.script("SELECT pg_current_xact_id()")
                    latch.hold()
                    try connection.execute(
                        """
                        UPDATE jobs SET state = 'cancelled', finished_at = now(), worker_id = NULL, lease_expires_at = NULL
                        WHERE id = $1
                        """, [.id(job)])
                    try connection.execute(
                        "UPDATE job_attempts SET outcome = 'cancelled', finished_at = now() WHERE job_id = $1",
                        [.id(job)])
                }
            }
            try await latch.waitForHolders(1)
            try await studio.claim(job)
            latch.open()
            try await earlier.value
            let told = try await studio.told(.job(job), after: start, count: 3)
            #expect(told.map { $0.payload["state"]?.stringValue } == ["queued", "running", "cancelled"])
            #expect(Set(told.map(\.cursor)).count == 3)
            #expect(try await studio.audit.run() == [])
        }
    }

    @Test func aTailThatReadsInSmallPagesGetsEachEventOnce() async throws {
        try await StudioFixture.with(credits: 10_000) { studio in
            let start = try await studio.events.newest()
            let writers = Task {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<6 {
                        group.addTask { for _ in 0..<10 { _ = try await studio.submit(credits: 0) } }
                    }
                    try await group.waitForAll()
                }
            }
            var told: [StoredEvent] = []
            try await eventually("all are told") {
                told += try await studio.events.read(
                    .project(studio.project), after: told.last?.cursor ?? start, limit: 7)
                return told.filter { $0.kind == .jobState }.count >= 60
            }
            try await writers.value
            #expect(Set(told.map(\.cursor)).count == told.count)
            #expect(Set(told.compactMap(\.job)).count == 60)
            let last = try #require(told.last).cursor
            #expect(try await studio.events.read(.all, after: last).isEmpty)
        }
    }

    @Test func scopesAndAgeAreKept() async throws {
        try await StudioFixture.with { studio in
            let start = EventCursor(transaction: 0, id: 0)
            let (one, two) = (try await studio.submit(), try await studio.submit())
            #expect(try await studio.told(.job(one), after: start, count: 1).map(\.job) == [one])
            #expect(try await studio.events.read(.project(ProjectID()), after: start).isEmpty)
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE events SET created_at = now() - interval '8 days' WHERE job_id = $1", [.id(two)])
            }
            #expect(try await studio.events.purge() == 1)
            #expect(try await studio.events.read(.job(two), after: start).isEmpty)
            // The audit asks of young jobs that their events are there.
            let findings = try await studio.audit.run()
            #expect(findings.map(\.rule) == ["state-told"])
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE jobs SET created_at = now() - interval '8 days' WHERE id = $1", [.id(two)])
            }
        }
    }
}
