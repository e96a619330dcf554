import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// A schedule fires once for a time, whoever looks and whoever dies.
@Suite("Firing of schedules") struct ScheduleFiringTests {
    /// The schedule once it has been seen to at `due` or later.
    private func fired(
        _ id: ScheduleID, _ studio: RunningStudio, _ film: ProjectRecord, after: Date = .distantPast
    ) async throws -> ScheduleRecord {
        var found: ScheduleRecord?
        try await eventually("the schedule fired") {
            await studio.parts.schedules.look()
            found = try await studio.scheduled(id, project: film)
            return found?.last.map { $0.dueAt > after } ?? false
        }
        return try #require(found)
    }

    @Test func `A schedule that is due submits its job as a person would, and goes on`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let id = try await studio.schedule()
            let jobs = JobStore(studio.parts.database)
            #expect(try await jobs.list(project: film.id).isEmpty)
            try await studio.makeDue([id])
            let schedule = try await fired(id, studio, film)
            let last = try #require(schedule.last)
            #expect(last.outcome == .submitted && last.firedAt >= last.dueAt && last.problem == nil)
            let next = try #require(schedule.nextFireAt)
            #expect(Timestamp.text(next).hasSuffix("-01-01T00:00:00.000Z") && next > last.firedAt)
            let made = try await jobs.list(project: film.id)
            #expect(made.map(\.id) == [JobID(firing: id, due: last.dueAt)])
            #expect(schedule.lastJob == made.first?.id && made.first?.user == studio.admin.id)
            #expect(made.first?.requestID == "schedule:\(id)" && made.first?.state == .queued)
            let account = try await UserStore(studio.parts.database).account(of: studio.admin.id)
            #expect(account?.held == made.first?.credits)
            try await eventually("the job is on the runway") {
                try await jobs.get(made[0].id)?.pushedAt != nil
            }
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test func `Two gateways that look at once make one job for each time`() async throws {
        try await RunningStudio.run(credits: 10_000) { studio async throws in
            let film = try await studio.project()
            let other = try GatewayParts(studio.ground.configuration)
            try await other.library.reload()
            var ids: [ScheduleID] = []
            for number in 0..<30 { ids.append(try await studio.schedule("s\(number)")) }
            // What is held until a minute ago is given to all who look; only the job's id keeps them apart.
            let log = LogCapture()
            let looking = [studio.parts, other, studio.parts, other].map { parts in
                studio.firing(hold: .seconds(-60), on: parts, logger: log.logger)
            }
            let (store, jobStore) = (
                ScheduleStore(studio.parts.database), JobStore(studio.parts.database)
            )
            var rounds = 0
            // Until some were fired by two at once, and three times at least.
            while rounds < 3 || (rounds < 20 && !log.lines.contains { $0.contains("moved on by another") }) {
                rounds += 1
                try await studio.makeDue(ids, ago: "\(3600 - rounds * 60) seconds")
                await withTaskGroup { group in
                    for firing in looking { group.addTask { await firing.look() } }
                }
                try await eventually("all have fired") {
                    await looking[0].look()
                    return try await store.list(project: film.id).allSatisfy { schedule in
                        schedule.nextFireAt.map { $0 > Date() } ?? false
                    }
                }
                #expect(try await jobStore.list(project: film.id, limit: 1000).count == 30 * rounds)
            }
            #expect(log.lines.contains { $0.contains("moved on by another") })
            let account = try #require(try await UserStore(studio.parts.database).account(of: studio.admin.id))
            let jobs = try await jobStore.list(project: film.id, limit: 1000)
            #expect(account.held == jobs.reduce(0) { $0 + $1.credits })
            await other.close()
        }
    }

    @Test func `A gateway that dies between the job and the move leaves one job`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            for overlap in ["allow", "skip"] {
                let id = try await studio.schedule(overlap, overlap: overlap)
                try await studio.makeDue([id])
                let schedule = try await fired(id, studio, film)
                let (last, job) = (try #require(schedule.last), try #require(schedule.lastJob))
                // The move never was: the time is due still, its job is there.
                _ = try await studio.parts.database.withConnection { connection in
                    try connection.execute(
                        """
                        UPDATE schedules SET next_fire_at = last_due_at, firing_until = NULL, last_due_at = NULL,
                            last_fired_at = NULL, last_outcome = NULL, last_job_id = NULL WHERE id = $1
                        """, [.id(id)])
                }
                let again = try await fired(id, studio, film)
                #expect(again.last?.dueAt == last.dueAt && again.last?.outcome == .submitted)
                #expect(again.lastJob == job)
            }
            let jobs = try await JobStore(studio.parts.database).list(project: film.id)
            let account = try await UserStore(studio.parts.database).account(of: studio.admin.id)
            #expect(jobs.count == 2 && account?.held == jobs.reduce(0) { $0 + $1.credits })
        }
    }

    @Test func `What was missed while nobody looked is made up for by one job`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            // Each hour, and half an hour from now: it does not become due by itself meanwhile.
            let minute = (Int(Date().timeIntervalSince1970) / 60 + 30) % 60
            let reply = try await studio.request(
                "POST", "/api/v1/projects/film/schedules",
                body: #"{"name": "often", "cron": "\#(minute) * * * *", "job": \#(RunningStudio.dawn)}"#)
            let id = try #require(reply.json["id"]?.stringValue.flatMap { ScheduleID($0) })
            try await studio.makeDue([id], ago: "3 days")
            let schedule = try await fired(id, studio, film)
            let last = try #require(schedule.last)
            let next = try #require(schedule.nextFireAt)
            #expect(next > last.firedAt && next.timeIntervalSince(last.firedAt) <= 3600)
            #expect(last.firedAt.timeIntervalSince(last.dueAt) > 2.9 * 86_400)
            await studio.parts.schedules.look()
            #expect(try await JobStore(studio.parts.database).list(project: film.id).count == 1)
        }
    }

    @Test func `A schedule that does not overlap waits for its last job`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let (skips, allows) = (
                try await studio.schedule("skips", overlap: "skip"), try await studio.schedule("allows")
            )
            let jobs = JobStore(studio.parts.database)
            func fire(_ ago: Int) async throws -> [ScheduleRecord] {
                let before = try await studio.scheduled(skips, project: film).last?.dueAt ?? .distantPast
                try await studio.makeDue([skips, allows], ago: "\(ago) seconds")
                return [
                    try await fired(skips, studio, film, after: before),
                    try await fired(allows, studio, film, after: before),
                ]
            }
            #expect(try await fire(300).map(\.last?.outcome) == [.submitted, .submitted])
            #expect(try await fire(240).map(\.last?.outcome) == [.skipped, .submitted])
            #expect(try await jobs.list(project: film.id).count == 3)
            let first = try #require(try await studio.scheduled(skips, project: film).lastJob)
            _ = try await jobs.cancel(first)
            #expect(try await fire(180).map(\.last?.outcome) == [.submitted, .submitted])
            #expect(try await studio.scheduled(skips, project: film).lastJob != first)
        }
    }

    @Test func `A refusal is kept with the schedule, costs nothing, and the schedule goes on`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let database = studio.parts.database
            let artist = try await studio.person("artist@example.com", .artist)
            let id = try await studio.schedule(as: artist)
            var ago = 1000
            func outcome() async throws -> String {
                let before = try await studio.scheduled(id, project: film).last?.dueAt ?? .distantPast
                ago -= 60
                try await studio.makeDue([id], ago: "\(ago) seconds")
                let schedule = try await fired(id, studio, film, after: before)
                #expect(try #require(schedule.nextFireAt) > Date())
                return schedule.last?.problem?["code"]?.stringValue ?? "\(schedule.last?.outcome.rawValue ?? "")"
            }
            func user(_ change: String) async throws {
                _ = try await database.withConnection {
                    try $0.execute("UPDATE users SET \(change) WHERE id = $1", [.id(artist.user.id)])
                }
            }
            #expect(try await outcome() == "submitted")
            try await user("roles = '{viewer}'")
            #expect(try await outcome() == "forbidden")
            try await user("roles = '{artist}', disabled_at = now()")
            #expect(try await outcome() == "forbidden")
            try await user("disabled_at = NULL")
            #expect(try await studio.request("POST", "/api/v1/projects/film/archive").status == 200)
            #expect(try await outcome() == "conflict")
            #expect(try await studio.request("POST", "/api/v1/projects/film/restore").status == 200)
            // Everything that is left is promised to another job.
            let account = try #require(try await UserStore(database).account(of: artist.user.id))
            let caller = Caller(
                userID: artist.user.id, tenantID: film.tenant, tenantName: film.tenantName, email: "", displayName: "",
                roles: [.artist], tokenExpiresAt: .distantFuture)
            let submission = try Submission(JSONText.decode(JSONValue.self, from: RunningStudio.dawn))
            var dear = try await studio.parts.submission.planned(
                submission, project: try #require(try await ProjectStore(database).get(film.id)), caller: caller,
                origin: SubmissionOrigin(id))
            dear.credits = account.available
            _ = try await studio.parts.admissions.admit(AdmissionUnit([dear]), bytes: 0)
            #expect(try await outcome() == "insufficient-credits")
            _ = try await UserStore(database).grant(500, to: artist.user.id, note: "more")
            #expect(try await outcome() == "submitted")
            // Refused while the function is gone, with what is wrong and where.
            _ = try await database.withConnection {
                try $0.execute(
                    "UPDATE schedules SET job = jsonb_set(job, '{function}', '\"gone\"') WHERE id = $1", [.id(id)])
            }
            #expect(try await outcome() == "validation-failed")
            let shown = try await studio.request("GET", "/api/v1/projects/film/schedules/\(id)")
            let finding = shown.json["last"]?["problem"]?["errors"]?.arrayValue?.first
            #expect(finding?["pointer"] == "/job/function" && finding?["code"] == "unknown-function", "\(shown.text)")
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }
}
