import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// Wall clocks that jump. Leases are the database's, deadlines are monotonic: nobody loses a job over it.
@Suite("Clocks that jump", .serialized)
struct ClockJumpTests {
    @Test("An hour forward and back, in worker and gateway, while jobs run: nothing is lost, late or doubled")
    func jumps() async throws {
        let (workerTime, gatewayTime) = (try await FakedTime(), try await FakedTime())
        // From there it jumps forward and back again: a token from the future is refused, and rightly.
        try gatewayTime.jump(toHours: -1)
        let stack = try await Stack.start(
            workers: 0, settings: ["LEASE_SECONDS": "30", "HEARTBEAT_SECONDS": "1"],
            gatewaySettings: gatewayTime.environment)
        try await stack.project()
        let worker = try await stack.startWorker(settings: workerTime.environment)
        for (workerHours, gatewayHours) in [(1, 0), (-1, 1), (0, -1)] {
            let id = try await stack.submitWait(seconds: 4, more: ["maxAttempts": 1, "timeoutSeconds": 600])
            try await stack.wait(for: id, toBe: "running")
            try workerTime.jump(toHours: workerHours)
            try gatewayTime.jump(toHours: gatewayHours)
            // Admitted, dispatched and claimed by clocks that do not agree.
            let next = try await stack.submit(
                "mock-image", parameters: ["prompt": "x", "width": 64, "height": 64], more: ["maxAttempts": 1])
            for _ in 0..<2 {
                let lease = "SELECT lease_expires_at FROM jobs WHERE id = '\(id)' AND state = 'running'"
                let before = try await stack.sql(lease)
                try await eventually("the lease is renewed, or the job done") {
                    let now = try await stack.sql(lease)
                    return now.isEmpty || now != before
                }
            }
            for job in [id, next] {
                let done = try await stack.wait(for: job, toBe: "succeeded", "failed")
                #expect(done["state"] == "succeeded", "\(done)")
                #expect(try await stack.outcomes(of: job) == ["succeeded"])
            }
            let seen = try await stack.api.get("/api/v1/workers").json["items"]?.arrayValue?.first
            #expect(seen?["state"] == "serving", "\(String(describing: seen))")
        }
        // The clock of the worker did jump.
        let day = try #require(Self.hours(of: worker.lines.map(\.text)))
        #expect(day.count >= 3, "\(day)")
        #expect(try await stack.takes().count == 3)
        try await stack.expectSound()
        try await stack.stop()
    }

    /// The hours that log lines tell.
    private static func hours(of lines: [String]) -> Set<String>? {
        let hours = lines.compactMap { line -> String? in
            guard let range = line.range(of: "T[0-9]{2}:", options: .regularExpression) else { return nil }
            return String(line[range])
        }
        return hours.isEmpty ? nil : Set(hours)
    }
}
