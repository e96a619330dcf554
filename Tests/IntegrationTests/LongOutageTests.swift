import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// PostgreSQL away for longer than a lease, with jobs in every state: nobody could renew, and nobody has died.
@Suite("A long outage of PostgreSQL", .serialized)
struct LongOutageTests {
    private static let lease: Duration = .seconds(10)

    @Test("Every accepted job ends once with one take, and what was refused is taken once when it is sent again")
    func postgresAwayForLong() async throws {
        let stack = try await Stack.start(
            workers: 1, settings: ["LEASE_SECONDS": "\(Self.lease.components.seconds)", "HEARTBEAT_SECONDS": "1"])
        try await stack.project()
        // One that goes on through the whole outage, one that is done and cannot say so, one that no slot is free for,
        // and one that waits for another. None has an attempt to lose.
        let long = try await stack.submitLong(more: ["maxAttempts": 1])
        let short = try await stack.submit(
            "mock-video", parameters: Self.film, shot: "SHOT-020", more: ["maxAttempts": 1])
        try await stack.waitForProgress(of: long)
        try await stack.waitForProgress(of: short)
        let queued = try await stack.submit(
            "mock-image", parameters: Self.picture, shot: "SHOT-030", more: ["maxAttempts": 1])
        let waiting = try await stack.submit(
            "thumbnail", parameters: [:], inputs: ["source": .string("job:\(short)")], shot: "SHOT-040",
            more: ["maxAttempts": 1])
        #expect(try await stack.job(queued)["state"] == "queued")
        #expect(try await stack.job(waiting)["state"] == "waiting")

        try await stack.postgres.stop()
        // Whenever a lease was renewed last, by then it has run out: the server's clock is this machine's.
        let allLeasesEnd = Date().addingTimeInterval(Double(Self.lease.components.seconds))
        let body: JSONValue = ["shot": "SHOT-050", "function": "mock-image", "parameters": Self.picture]
        let key = ["Idempotency-Key": "sent-again"]
        let refused = try await stack.api.post("/api/v1/projects/film/jobs", body, headers: key)
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
        #expect(refused.json["type"] == "/problems/unavailable")
        let ready = try await stack.api.get("/readyz")
        #expect(ready.status == 503)
        #expect(ready.json["checks"]?["postgres"]?["status"] == "missing", "\(ready.text)")
        #expect(ready.json["checks"]?["redis"]?["status"] == "ok", "\(ready.text)")
        let worker = try #require(await stack.workers.first)
        try await worker.line(containing: "the take's number waits for PostgreSQL")
        try await eventually("every lease has run out") { Date() > allLeasesEnd }
        try await stack.postgres.start()

        let sent = try await eventuallyAccepted(body, headers: key, stack)
        for id in [long, short, queued, waiting, sent] {
            let done = try await stack.wait(for: id, toBe: "succeeded", "failed")
            #expect(done["state"] == "succeeded", "\(done)")
            #expect(done["takes"]?.arrayValue?.count == 1, "\(done)")
        }
        #expect(try await stack.sql("SELECT DISTINCT outcome FROM job_attempts") == ["succeeded"])
        #expect(try await stack.sql("SELECT count(*) FROM job_attempts") == ["5"])
        #expect(try await stack.sql("SELECT count(*) FROM jobs") == ["5"])
        #expect(try await stack.takes().count == 5)
        try await eventually("the gateway is ready") { try await stack.api.get("/readyz").status == 200 }
        try await stack.expectSound()
        try await stack.stop()
    }

    private static let film: JSONValue = ["prompt": "a short shot", "seconds": 24, "width": 640, "height": 360]
    private static let picture: JSONValue = ["prompt": "x", "width": 64, "height": 64]

    /// Sends what was refused again, as its client does, until it is taken; returns the job's id.
    private func eventuallyAccepted(
        _ body: JSONValue, headers: [String: String], _ stack: Stack
    ) async throws -> String {
        let accepted = Watched<String?>(nil)
        try await eventually("the submission is accepted") {
            let answer = try await stack.api.post("/api/v1/projects/film/jobs", body, headers: headers)
            guard answer.status == 202 else {
                #expect(answer.status == 503, "\(answer.text)")
                return false
            }
            accepted.update { $0 = answer.json["id"]?.stringValue }
            return true
        }
        return try #require(accepted.value)
    }
}
