import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Priority, hold, order, pauses and shares as clients ask for them.
@Suite struct JobChangeTests {
    private static let body = #"{"shot": "A", "function": "noop"}"#

    private func submit(_ studio: RunningStudio) async throws -> String {
        let reply = try await studio.submit(Self.body)
        return try #require(reply.json["id"]?.stringValue, "\(reply.text)")
    }

    @Test func `A job that has not started is held, let go, moved and made urgent`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let (first, second) = (try await submit(studio), try await submit(studio))
            let held = try await studio.request("PATCH", "/api/v1/jobs/\(first)", body: #"{"hold": true}"#)
            #expect(held.status == 200 && held.json["held"] == true, "\(held.text)")
            let moved = try await studio.request(
                "PATCH", "/api/v1/jobs/\(second)", body: #"{"before": "\#(first)", "priority": 9}"#)
            #expect(moved.json["priority"] == 9, "\(moved.text)")
            let places = [moved, held].compactMap { $0.json["place"]?.stringValue }
            #expect(places.count == 2 && places == places.sorted())
            let going = try await studio.request("PATCH", "/api/v1/jobs/\(first)", body: #"{"hold": false}"#)
            #expect(going.json["held"] == false)
            let id = try #require(JobID(first))
            let jobs = JobStore(studio.parts.database)
            #expect(try await jobs.claim([id], worker: WorkerID(), name: "w", lease: .seconds(60)).count == 1)
            let late = try await studio.request("PATCH", "/api/v1/jobs/\(first)", body: #"{"hold": true}"#)
            #expect(late.status == 409 && late.problem == "conflict")
        }
    }

    @Test func `Everything that is wrong with a change is said at once`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let job = try await submit(studio)
            let reply = try await studio.request(
                "PATCH", "/api/v1/jobs/\(job)",
                body: #"{"priority": 10, "hold": 1, "before": "x", "after": "\#(job)", "shot": "B"}"#)
            #expect(reply.problem == "validation-failed", "\(reply.text)")
            let pointers = reply.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue }
            #expect(pointers.map(Set.init) == ["/priority", "/hold", "/before", "/shot"])
            for body in ["{}", #"{"before": "\#(job)", "after": "\#(job)"}"#, #"{"before": "\#(job)"}"#] {
                let refused = try await studio.request("PATCH", "/api/v1/jobs/\(job)", body: body)
                #expect(refused.problem == "validation-failed", "\(body): \(refused.text)")
            }
        }
    }

    @Test func `A paused project and a paused queue start nothing until they are resumed`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let jobs = JobStore(studio.parts.database)
            func start() async throws -> Int {
                let id = try #require(JobID(try await submit(studio)))
                return try await jobs.claim([id], worker: WorkerID(), name: "w", lease: .seconds(60)).count
            }
            let paused = try await studio.request("POST", "/api/v1/projects/film/pause")
            #expect(paused.json["paused"] == true && paused.headers["etag"] == "\"r\(film.revision)\"")
            #expect(try await start() == 0)
            #expect(try await studio.request("POST", "/api/v1/projects/film/pause").status == 200)
            #expect(try await studio.request("POST", "/api/v1/projects/film/resume").json["paused"] == false)
            #expect(try await start() == 1)

            let queue = try await studio.request("POST", "/api/v1/queues/studio/pause")
            #expect(queue.status == 200 && queue.json["paused"] == true, "\(queue.text)")
            #expect(try await start() == 0)
            let listed = try await studio.request("GET", "/api/v1/queues").json["items"]?.arrayValue
            #expect(listed?.first { $0["name"] == "studio" }?["paused"] == true)
            #expect(try await studio.request("POST", "/api/v1/queues/studio/resume").json["paused"] == false)
            #expect(try await start() == 1)
            #expect(try await studio.request("POST", "/api/v1/queues/gpuu/pause").status == 404)
        }
    }

    @Test func `Shares and limits are set, shown and lifted`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let tenant = "/api/v1/admin/tenants/\(studio.admin.tenant)"
            let changed = try await studio.request("PATCH", tenant, body: #"{"weight": 3, "maxRunning": 4}"#)
            #expect(changed.json["weight"] == 3 && changed.json["maxRunning"] == 4, "\(changed.text)")
            let lifted = try await studio.request("PATCH", tenant, body: #"{"maxRunning": null}"#)
            #expect(lifted.json["weight"] == 3 && lifted.json["maxRunning"] == nil, "\(lifted.text)")
            let listed = try await studio.request("GET", "/api/v1/admin/tenants").json["items"]?.arrayValue
            #expect(listed?.first?["weight"] == 3)
            for path in ["projects/film", "users/\(studio.admin.id)"] {
                let weighed = try await studio.request("PUT", "/api/v1/admin/\(path)/weight", body: #"{"weight": 5}"#)
                #expect(weighed.status == 200 && weighed.json["weight"] == 5, "\(weighed.text)")
                let wrong = try await studio.request("PUT", "/api/v1/admin/\(path)/weight", body: #"{"weight": 0}"#)
                #expect(wrong.problem == "validation-failed")
            }
            #expect(try await studio.request("GET", "/api/v1/projects/film").json["weight"] == 5)

            let limit = "/api/v1/admin/function-limits/noop"
            #expect(try await studio.request("PUT", limit, body: #"{"maxRunning": 2}"#).json["maxRunning"] == 2)
            let limits = try await studio.request("GET", "/api/v1/admin/function-limits").json["items"]
            #expect(limits == [["function": "noop", "maxRunning": 2]])
            #expect(try await studio.request("PUT", limit, body: "{}").problem == "validation-failed")
            #expect(try await studio.request("DELETE", limit).status == 204)
            #expect(try await studio.request("DELETE", limit).status == 404)
        }
    }
}
