import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct ScheduleStoreTests {
    private func definition(_ name: String = "nightly", cron: String = "0 2 * * *", enabled: Bool = true)
        -> ScheduleDefinition
    {
        ScheduleDefinition(
            name: name, cron: cron, timeZone: "UTC", job: ["shot": "A", "function": "noop"], isEnabled: enabled)
    }

    private func make(_ definition: ScheduleDefinition, _ studio: StudioFixture) async throws -> ScheduleRecord {
        let project = try #require(try await studio.projects.get(studio.project))
        let (store, user) = (ScheduleStore(studio.database), studio.user)
        return try await studio.database.transaction { connection in
            try store.create(
                ScheduleID(), definition, project: project, user: user,
                next: { now in try Self.next(definition.cron, now) }, on: connection)
        }
    }

    private static func next(_ cron: String, _ now: Date) throws -> Date {
        guard let next = try CronExpression(cron).next(after: now, in: .utc) else { throw Unexpected(what: cron) }
        return next
    }

    private func shift(_ id: ScheduleID, by interval: String, _ studio: StudioFixture) async throws {
        _ = try await studio.database.withConnection { connection in
            try connection.execute(
                """
                UPDATE schedules SET next_fire_at = date_trunc('second', now()) + $2::interval, firing_until = NULL
                WHERE id = $1
                """, [.id(id), .text(interval)])
        }
    }

    @Test func whatIsDueIsGivenToOneAndNothingIsGivenEarly() async throws {
        try await StudioFixture.with { studio in
            let store = ScheduleStore(studio.database)
            let made = try await make(definition(), studio)
            #expect(try await store.takeDue(limit: 10, hold: .seconds(60)).isEmpty)
            let rest = try #require(try await store.timeUntilDue())
            #expect(rest > .zero && rest <= .seconds(86_400))
            try await shift(made.id, by: "-1 second", studio)
            #expect(try await store.timeUntilDue() == .zero)
            let taken = try await withThrowingTaskGroup(of: [DueSchedule].self) { group in
                for _ in 0..<6 { group.addTask { try await store.takeDue(limit: 10, hold: .seconds(60)) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(taken.map(\.schedule.id) == [made.id])
            let due = try #require(taken.first)
            #expect(due.now >= due.dueAt)
            // Held, it is nobody else's; and nobody waits for it.
            #expect(try await store.timeUntilDue() == nil)
            let later = try Self.next("0 2 * * *", due.now)
            #expect(try await store.finish(due, FiringReport(.skipped), next: later))
            // Whoever was given it as well, and comes later, changes nothing.
            #expect(try await !store.finish(due, FiringReport(.submitted, job: JobID()), next: later))
            let after = try #require(try await store.get(made.id, project: studio.project))
            #expect(after.nextFireAt == later && after.last?.outcome == .skipped && after.lastJob == nil)
            #expect(after.last?.dueAt == due.dueAt && after.revision == made.revision)
        }
    }

    @Test func aHoldThatRanOutGivesItToTheNext() async throws {
        try await StudioFixture.with { studio in
            let store = ScheduleStore(studio.database)
            let made = try await make(definition(), studio)
            try await shift(made.id, by: "-2 hours", studio)
            let first = try await store.takeDue(limit: 10, hold: .zero)
            let second = try await store.takeDue(limit: 10, hold: .seconds(60))
            #expect(first.map(\.dueAt) == second.map(\.dueAt) && second.count == 1)
            #expect(try await store.takeDue(limit: 10, hold: .zero).isEmpty)
        }
    }

    @Test func aChangeKeepsTheNextTimeUnlessItIsAboutTimes() async throws {
        try await StudioFixture.with { studio in
            let store = ScheduleStore(studio.database)
            let made = try await make(definition(), studio)
            try await shift(made.id, by: "-1 hour", studio)
            let due = try #require(try await store.get(made.id, project: studio.project)?.nextFireAt)
            func update(_ definition: ScheduleDefinition, from revision: Int) async throws -> ScheduleRecord {
                try await store.update(
                    made.id, definition, project: studio.project, user: studio.user, expectedRevision: revision,
                    next: { try Self.next(definition.cron, $0) })
            }
            let renamed = try await update(definition("weekly"), from: 1)
            #expect(renamed.nextFireAt == due && renamed.revision == 2 && renamed.definition.name == "weekly")
            await expectRefusal(.preconditionFailed) { _ = try await update(definition("late"), from: 1) }
            let disabled = try await update(definition("weekly", enabled: false), from: 2)
            #expect(disabled.nextFireAt == nil && !disabled.definition.isEnabled)
            #expect(try await store.takeDue(limit: 10, hold: .zero).isEmpty)
            // Enabled again it goes on from now: what was missed meanwhile was not wanted.
            let enabled = try await update(definition("weekly"), from: 3)
            #expect(try #require(enabled.nextFireAt) > due.addingTimeInterval(3600))
            let other = try await make(definition("Other"), studio)
            await expectRefusal(.conflict) {
                _ = try await store.update(
                    other.id, definition("WEEKLY"), project: studio.project, user: studio.user, expectedRevision: 1,
                    next: { try Self.next("0 2 * * *", $0) })
            }
            await expectRefusal(.conflict) { _ = try await make(definition("weekly"), studio) }
            await expectRefusal(.preconditionFailed) {
                try await store.delete(made.id, project: studio.project, expectedRevision: 1)
            }
            await expectRefusal(.notFound) {
                try await store.delete(made.id, project: ProjectID(), expectedRevision: nil)
            }
            try await store.delete(made.id, project: studio.project, expectedRevision: 4)
            #expect(try await store.list(project: studio.project).map(\.id) == [other.id])
        }
    }

    @Test func aRefusalIsToldOnceAsLongAsItStaysTheSame() async throws {
        try await StudioFixture.with { studio in
            let store = ScheduleStore(studio.database)
            let start = try await studio.events.newest()
            let made = try await make(definition(), studio)
            for code in ["conflict", "conflict", "forbidden"] {
                try await shift(made.id, by: "-1 second", studio)
                let due = try #require(try await store.takeDue(limit: 1, hold: .seconds(60)).first)
                let report = FiringReport(.refused, problem: ["code": .string(code), "detail": "no"])
                #expect(try await store.finish(due, report, next: due.now.addingTimeInterval(3600).wholeSecond))
            }
            var told: [StoredEvent] = []
            try await eventually("both are told") {
                told = try await studio.events.read(.project(studio.project), after: start)
                    .filter { $0.payload["change"] == "schedule-refused" }
                return told.count >= 2
            }
            #expect(told.map { $0.payload["problem"]?["code"]?.stringValue } == ["conflict", "forbidden"])
            #expect(told.allSatisfy { $0.payload["schedule"]?.stringValue == "\(made.id)" })
        }
    }

    /// PostgreSQL reads the same database of time zones by a program of its own.
    @Test func zonesAreReadAsPostgreSQLReadsThem() async throws {
        try await StudioFixture.with { studio in
            let instants = (0..<400).map { -2_200_000_000 + $0 * 15_500_077 }
            for name in [
                "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Sao_Paulo",
                "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran",
                "Africa/Casablanca", "Africa/Cairo", "Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll", "EST5EDT",
                "Etc/GMT+12", "Asia/Pyongyang", "America/Caracas", "Asia/Gaza", "America/Nuuk",
            ] {
                let file = try #require(FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)"))
                let zone = try #require(ZoneRules(name: name, file: Array(file)))
                let offsets: [Int] = try await studio.database.withConnection { connection in
                    try connection.query(
                        """
                        SELECT extract(epoch FROM (to_timestamp(s) AT TIME ZONE $2) - (to_timestamp(s) AT TIME ZONE 'UTC'))::integer
                            AS seconds FROM unnest($1::bigint[]) WITH ORDINALITY AS i (s, n) ORDER BY n
                        """, [.ints(instants), .text(name)]
                    ).map { try $0.decode("seconds") }
                }
                let ours = instants.map { Int(zone.span(at: Int64($0)).offset) }
                #expect(ours == offsets, "\(name)")
            }
        }
    }
}

extension Date {
    fileprivate var wholeSecond: Date { Date(timeIntervalSince1970: timeIntervalSince1970.rounded(.down)) }
}
