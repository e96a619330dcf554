import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Schedules") struct ScheduleRouteTests {
    private static let path = "/api/v1/projects/film/schedules"

    @Test func `A schedule is made once for a key, listed, changed by its version and removed`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let body = """
                {"name": "nightly", "cron": "30 2 * * mon-fri", "timeZone": "Europe/Berlin", "job": \(RunningStudio.dawn)}
                """
            let made = try await studio.request("POST", Self.path, headers: ["idempotency-key: k"], body: body)
            #expect(made.status == 201 && made.headers["etag"] == "\"r1\"", "\(made.text)")
            let id = try #require(made.json["id"]?.stringValue)
            #expect(made.headers["location"] == "\(Self.path)/\(id)")
            let again = try await studio.request("POST", Self.path, headers: ["idempotency-key: k"], body: body)
            #expect(again.status == 201 && again.text == made.text && again.headers["idempotency-replayed"] == "true")
            let mismatch = try await studio.request(
                "POST", Self.path, headers: ["idempotency-key: k"], body: body.replacing("nightly", with: "other"))
            #expect(mismatch.problem == "idempotency-mismatch")
            #expect(try await studio.request("POST", Self.path, body: body).problem == "conflict")

            let found = try await studio.request("GET", "\(Self.path)/\(id)")
            #expect(found.json == made.json && found.headers["etag"] == "\"r1\"")
            #expect(found.json["job"] == (try JSONText.decode(JSONValue.self, from: RunningStudio.dawn)))
            #expect(found.json["overlap"] == "allow" && found.json["enabled"] == true && found.json["last"] == nil)
            let next = try #require(found.json["nextFireAt"]?.stringValue.flatMap(Timestamp.parse))
            let shown = try #require(try await studio.parts.scheduleCheck.zones.zone(named: "Europe/Berlin"))
            let clocks = Int64(next.timeIntervalSince1970) + shown.span(at: Int64(next.timeIntervalSince1970)).offset
            #expect(next > Date() && clocks % 86_400 == 9000)

            #expect(try await studio.request("PATCH", "\(Self.path)/\(id)", body: "{}").status == 428)
            let stale = try await studio.request(
                "PATCH", "\(Self.path)/\(id)", headers: ["if-match: \"r7\""], body: #"{"enabled": false}"#)
            #expect(stale.problem == "precondition-failed")
            let off = try await studio.request(
                "PATCH", "\(Self.path)/\(id)", headers: ["if-match: \"r1\""],
                body: #"{"enabled": false, "overlap": "skip"}"#)
            #expect(off.status == 200 && off.headers["etag"] == "\"r2\"", "\(off.text)")
            #expect(off.json["enabled"] == false && off.json["nextFireAt"] == nil && off.json["overlap"] == "skip")
            #expect(off.json["cron"] == "30 2 * * mon-fri" && off.json["job"] == found.json["job"])
            let list = try await studio.request("GET", Self.path)
            #expect(list.json["items"] == [off.json])
            let gone = try await studio.request("DELETE", "\(Self.path)/\(id)", headers: ["if-match: \"r1\""])
            #expect(gone.problem == "precondition-failed")
            #expect(try await studio.request("DELETE", "\(Self.path)/\(id)").status == 204)
            #expect(try await studio.request("GET", "\(Self.path)/\(id)").status == 404)
            #expect(try await studio.request("DELETE", "\(Self.path)/\(id)").status == 404)
        }
    }

    /// Bodies with the places that are wrong with them, all of them at once.
    private static let bad: [(body: String, pointers: Set<String>)] = [
        ("[]", [""]),
        ("{}", ["/name", "/cron", "/job"]),
        (
            """
            {"name": "", "cron": "61 * * * *", "timeZone": "Mars/Olympus", "overlap": "queue", "enabled": 1, "extra": 1,
             "job": {"shot": "a", "version": 0}}
            """,
            [
                "/name", "/cron", "/timeZone", "/overlap", "/enabled", "/extra", "/job/shot", "/job/version",
                "/job/function",
            ]
        ),
        (#"{"name": "n", "cron": "0 0 30 2 *", "job": \#(RunningStudio.dawn)}"#, ["/cron"]),
        (
            #"{"name": "n", "cron": "@daily", "timeZone": "../../etc/passwd", "job": \#(RunningStudio.dawn)}"#,
            ["/timeZone"]
        ),
        (#"{"name": "n", "cron": "@daily", "job": {"shot": "A", "function": "none"}}"#, ["/job/function"]),
        (
            #"{"name": "n", "cron": "@daily", "job": {"shot": "A", "function": "mock-image", "parameters": {"prompt": 1}}}"#,
            ["/job/parameters/prompt"]
        ),
        (
            #"{"name": "n", "cron": "@daily", "job": {"shot": "A", "function": "transcode", "inputs": {"source": "01_Assets/none.mp4"}}}"#,
            ["/job/inputs/source"]
        ),
        (
            """
            {"name": "n", "cron": "@daily", "job": {"shot": "A", "function": "mock-image", "parameters": {"prompt": "x"},
             "notBefore": "2030-01-01T00:00:00.000Z"}}
            """, ["/job/notBefore"]
        ),
    ]

    @Test func `Everything wrong with a schedule is found at once and nothing is kept`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            for (body, pointers) in Self.bad {
                let reply = try await studio.request("POST", Self.path, headers: ["idempotency-key: b"], body: body)
                #expect(reply.status == 400 && reply.problem == "validation-failed", "\(body): \(reply.text)")
                let found = Set(reply.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue } ?? [])
                #expect(found == pointers, "\(body)")
            }
            #expect(try await studio.request("GET", Self.path).json["items"] == [])
            let id = try await studio.schedule()
            for body in [#"{"cron": "0 0 31 2 *"}"#, #"{"timeZone": "Nowhere"}"#, #"{"job": {"shot": "A"}}"#] {
                let reply = try await studio.request(
                    "PATCH", "\(Self.path)/\(id)", headers: ["if-match: *"], body: body)
                #expect(reply.problem == "validation-failed", "\(reply.text)")
            }
            #expect(try await studio.request("GET", "\(Self.path)/\(id)").headers["etag"] == "\"r1\"")
        }
    }

    @Test func `Whoever changes a schedule last pays for it; an archived project's is not made or changed`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let artist = try await studio.person("artist@example.com", .artist)
            let id = try await studio.schedule(as: artist)
            let mine = try await studio.request("GET", "\(Self.path)/\(id)")
            #expect(mine.json["user"]?.stringValue == "\(artist.user.id)")
            let changed = try await studio.request(
                "PATCH", "\(Self.path)/\(id)", headers: ["if-match: \"r1\""], body: #"{"cron": "@hourly"}"#)
            #expect(changed.json["user"]?.stringValue == "\(studio.admin.id)")
            #expect(try await studio.request("POST", "/api/v1/projects/film/archive").status == 200)
            let refused = try await studio.request(
                "PATCH", "\(Self.path)/\(id)", headers: ["if-match: *"], body: #"{"enabled": false}"#)
            #expect(refused.problem == "conflict")
            #expect(try await studio.request("DELETE", "\(Self.path)/\(id)").status == 204)
        }
    }

    @Test func `A schedule that is due at once is fired by the gateway itself`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let id = try await studio.schedule()
            try await studio.makeDue([id], ago: "1 second")
            studio.parts.schedules.lookAgain()
            try await eventually("its job is there") {
                try await JobStore(studio.parts.database).list(project: film.id).count == 1
            }
        }
    }
}
