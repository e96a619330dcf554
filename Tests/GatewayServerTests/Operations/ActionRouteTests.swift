import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// `GET /api/v1/audit`, and what is written for it.
@Suite struct ActionRouteTests {
    private static func actions(_ reply: HTTPReply) -> [String] {
        (reply.json["items"]?.arrayValue ?? []).compactMap { $0["action"]?.stringValue }
    }

    @Test func `What people do is told with who did it, filtered and paged`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let stranger = try await studio.person(
                "stranger@example.com", .admin,
                tenant: try await UserStore(studio.parts.database).createTenant(name: "elsewhere"))
            let made = try await studio.request(
                "POST", "/api/v1/admin/users",
                body: #"{"email": "new@example.com", "password": "long enough", "roles": ["artist"], "credits": 5}"#)
            let user = try #require(made.json["id"]?.stringValue)
            let signedIn = try await RunningStudio.request(
                port: studio.port, "POST", "/api/v1/auth/login",
                body: #"{"email": "new@example.com", "password": "long enough"}"#)
            #expect(signedIn.status == 200)
            for _ in 0..<2 {
                // The same key: granted once, and told once.
                _ = try await studio.request(
                    "POST", "/api/v1/admin/users/\(user)/credits", headers: ["idempotency-key: grant-1"],
                    body: #"{"credits": 7, "note": "for the teaser"}"#)
            }
            let changed = try await studio.request(
                "PATCH", "/api/v1/admin/users/\(user)", headers: ["if-match: *"], body: #"{"disabled": true}"#)
            #expect(changed.status == 200, "\(changed.text)")
            let job = try await studio.submit(#"{"shot": "A", "function": "noop"}"#).json["id"]?.stringValue ?? ""
            _ = try await studio.request("PATCH", "/api/v1/jobs/\(job)", body: #"{"priority": 8}"#)
            _ = try await studio.request("POST", "/api/v1/jobs/\(job)/cancel", headers: ["x-request-id: mine-1"])
            _ = try await studio.request(
                "POST", "/api/v1/projects/film/schedules",
                body:
                    #"{"name": "nightly", "cron": "0 3 * * *", "timeZone": "UTC", "job": {"shot": "A", "function": "noop"}}"#
            )
            _ = try await studio.request("POST", "/api/v1/projects/film/pause")
            _ = try await studio.request("POST", "/api/v1/queues/studio/pause")
            let all = try await studio.request("GET", "/api/v1/audit")
            #expect(
                Self.actions(all) == [
                    "queue.paused", "project.paused", "schedule.created", "job.cancelled", "job.changed",
                    "user.changed",
                    "credits.granted", "user.signed-in", "user.created", "project.created",
                ])
            let cancelled = try #require(all.json["items"]?.arrayValue?[3])
            #expect(cancelled["subject"]?.stringValue == job && cancelled["project"] == "film")
            #expect(cancelled["user"]?["email"]?.stringValue == studio.admin.email)
            #expect(cancelled["requestId"] == "mine-1" && cancelled["detail"] == ["function": "noop", "shot": "A"])
            #expect(
                all.json["items"]?.arrayValue?[6]["detail"]
                    == ["email": "new@example.com", "credits": 7, "note": "for the teaser"])
            #expect(!all.text.contains("long enough"))
            let first = try await studio.request("GET", "/api/v1/audit?limit=5")
            let cursor = try #require(first.json["nextCursor"]?.stringValue)
            let rest = try await studio.request("GET", "/api/v1/audit?limit=5&cursor=\(cursor)")
            #expect(Self.actions(first) + Self.actions(rest) == Self.actions(all))
            let some = try await studio.request("GET", "/api/v1/audit?action=job,credits.granted")
            #expect(Self.actions(some) == ["job.cancelled", "job.changed", "credits.granted"])
            let theirs = try await studio.request("GET", "/api/v1/audit?user=\(user)")
            #expect(Self.actions(theirs) == ["user.signed-in"])
            let film = try await studio.request("GET", "/api/v1/audit?project=film&action=project")
            #expect(Self.actions(film) == ["project.paused", "project.created"])
            let wrong = try await studio.request("GET", "/api/v1/audit?action=nonsense&user=x")
            #expect(wrong.status == 400 && wrong.json["errors"]?.arrayValue?.count == 2)
            #expect(try await studio.request("GET", "/api/v1/audit?project=none").status == 404)
            #expect(try await studio.request("GET", "/api/v1/audit?cursor=eA").status == 400)
            #expect(Self.actions(try await studio.request(as: stranger, "GET", "/api/v1/audit")) == [])
            let producer = try await studio.person("producer@example.com", .producer)
            #expect(try await studio.request(as: producer, "GET", "/api/v1/audit").status == 403)
        }
    }

    @Test func `The rows are checked while the studio works, and damage is named`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            _ = try await studio.submit(#"{"shot": "A", "function": "noop"}"#)
            let well = try await studio.request("POST", "/api/v1/admin/check")
            #expect(well.status == 200 && well.json["findings"] == [] && well.json["at"]?.stringValue != nil)
            _ = try await studio.parts.database.withConnection {
                try $0.execute(
                    "UPDATE credit_accounts SET available = available + 1 WHERE user_id = $1", [.id(studio.admin.id)])
            }
            let damaged = try await studio.request("POST", "/api/v1/admin/check")
            let finding = try #require(damaged.json["findings"]?.arrayValue?.first)
            #expect(finding["rule"] == "ledger-account", "\(damaged.text)")
            #expect(finding["subject"]?.stringValue?.contains("\(studio.admin.id)") == true)
            let stranger = try await studio.person(
                "stranger@example.com", .admin,
                tenant: try await UserStore(studio.parts.database).createTenant(name: "elsewhere"))
            #expect(try await studio.request(as: stranger, "POST", "/api/v1/admin/check").status == 403)
        }
    }

    @Test func `The last hour of the queues is told by tenant, and to operators whole`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let producer = try await studio.person("producer@example.com", .producer)
            let stranger = try await studio.person(
                "stranger@example.com", .producer,
                tenant: try await UserStore(studio.parts.database).createTenant(name: "elsewhere"))
            for _ in 0..<2 { _ = try await studio.submit(#"{"shot": "A", "function": "noop"}"#) }
            // The gateway itself has looked in this minute perhaps: a minute that nobody has looked at.
            let now = Date().addingTimeInterval(-600)
            try await QueueHistory(studio.parts.database).look(at: now)
            for person in [nil, producer] {
                let reply = try await studio.request(
                    as: person, "GET", "/api/v1/queues/history",
                    headers: person == nil ? ["authorization: Bearer \(studio.token)"] : [])
                #expect(reply.status == 200, "\(reply.text)")
                let queue = try #require(reply.json["items"]?.arrayValue?.first { $0["name"] == "studio" })
                let minute = try #require(queue["minutes"]?.arrayValue?.first { $0["queued"] != nil })
                #expect(minute["queued"] == 2 && minute["running"] == 0 && minute["failed"] == 0)
            }
            let theirs = try await studio.request(as: stranger, "GET", "/api/v1/queues/history")
            #expect(theirs.status == 200 && theirs.json["items"] == [])
            let artist = try await studio.person("artist@example.com", .artist)
            #expect(try await studio.request(as: artist, "GET", "/api/v1/queues/history").status == 403)
        }
    }
}
