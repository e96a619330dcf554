import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// A cancel finds a job wherever it is on its way.
@Suite("Cancel", .serialized)
struct CancelTests {
    private static let picture: JSONValue = ["prompt": "x", "width": 64, "height": 64]

    /// Cancels and returns the state that the answer tells.
    private static func cancel(_ id: String, _ stack: Stack) async throws -> JSONValue? {
        let answer = try await stack.api.post("/api/v1/jobs/\(id)/cancel")
        #expect(answer.status == 200, "\(answer.text)")
        return answer.json["state"]
    }

    @Test("Before it runs it is cancelled at once, wherever its message is; what waited for it fails; nothing runs")
    func beforeItRuns() async throws {
        let stack = try await Stack.start(workers: 0, settings: ["WORKER_SLOTS": "1"])
        try await stack.project()
        let link = try CuttableLink(to: stack.postgres)
        // On the runway, and one that waits for it.
        let onRunway = try await stack.submit("mock-video", parameters: Self.picture)
        let waiting = try await stack.submit(
            "thumbnail", parameters: [:], inputs: ["source": .string("job:\(onRunway)")])
        let cancelledWaiting = try await stack.submit(
            "thumbnail", parameters: [:], inputs: ["source": .string("job:\(onRunway)")])
        try await stack.untilSQL("SELECT pushed_at IS NOT NULL FROM jobs WHERE id = '\(onRunway)'", is: "t")
        #expect(try await Self.cancel(cancelledWaiting, stack) == "cancelled")
        #expect(try await Self.cancel(onRunway, stack) == "cancelled")
        try await stack.wait(for: waiting, toBe: "failed")
        // Committed and not pushed.
        try await stack.redis.stop()
        let unpushed = try await stack.submit("mock-image", parameters: Self.picture)
        #expect(try await Self.cancel(unpushed, stack) == "cancelled")
        try await stack.redis.start()
        // Reserved and not claimed: its worker does not reach PostgreSQL.
        try await stack.startWorker(settings: [
            "DATABASE_URL": link.postgresURL(try #require(stack.environment["DATABASE_URL"]))
        ])
        link.cut()
        let reserved = try await stack.submit("mock-image", parameters: Self.picture)
        try await eventually("a worker has its message") {
            try await stack.redis.command("EVAL", Self.countReserved, "0") == "1"
        }
        #expect(try await Self.cancel(reserved, stack) == "cancelled")
        link.restore()
        // The worker goes on, and none of them ran.
        let next = try await stack.submit("mock-image", parameters: Self.picture)
        try await stack.wait(for: next, toBe: "succeeded")
        #expect(try await Self.cancel(next, stack) == "succeeded", "too late: no change")
        #expect(try await stack.sql("SELECT count(*) FROM job_attempts") == ["1"])
        #expect(try await stack.takes().count == 1)
        for id in [onRunway, cancelledWaiting, unpushed, reserved] {
            #expect(try await Self.cancel(id, stack) == "cancelled")
        }
        #expect(try await stack.api.get("/api/v1/me").json["credits"]?["held"] == 0)
        try await eventually("no message is reserved") {
            try await stack.redis.command("EVAL", Self.countReserved, "0") == "0"
        }
        try await stack.expectSound()
        try await stack.stop()
    }

    private static let countReserved = """
        local n = 0
        for _, key in ipairs(redis.call('KEYS', 'studio:processing:*')) do
            if redis.call('TYPE', key).ok == 'list' then n = n + redis.call('LLEN', key) end
        end
        return n
        """

    @Test("While it is published either the take wins or the cancel, never both and never neither")
    func whilePublishing() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        var cancelled = 0
        for round in 0..<15 {
            let id = try await stack.submit("mock-image", parameters: Self.picture)
            // Later each time: claimed, numbered, its file in its place.
            let isOver = "SELECT state IN ('succeeded', 'cancelled') FROM jobs WHERE id = '\(id)'"
            try await eventually("the moment has come") {
                switch round % 3 {
                case 0: return try await stack.sql("SELECT state <> 'queued' FROM jobs WHERE id = '\(id)'") == ["t"]
                case 1: return try await stack.sql("SELECT count(*) > 0 FROM takes WHERE job_id = '\(id)'") == ["t"]
                default:
                    let isThere = pictures(stack) > round - cancelled
                    if isThere { return true }
                    return try await stack.sql(isOver) == ["t"]
                }
            }
            _ = try await Self.cancel(id, stack)
            let done = try await stack.wait(for: id, toBe: "succeeded", "cancelled")
            let takes = done["takes"]?.arrayValue?.count ?? 0
            #expect(takes == (done["state"] == "succeeded" ? 1 : 0), "\(done)")
            if done["state"] == "cancelled" { cancelled += 1 }
        }
        #expect(try await stack.takes().count == 15 - cancelled)
        #expect(try await stack.api.get("/api/v1/me").json["credits"]?["held"] == 0)
        try await stack.expectSound()
        try await stack.stop()
    }

    /// How many pictures are in their place.
    private func pictures(_ stack: Stack) -> Int {
        let folder = "\(stack.folder(of: "film"))/03_Renders/SHOT-010"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.count { $0.hasSuffix(".png") }
    }
}
