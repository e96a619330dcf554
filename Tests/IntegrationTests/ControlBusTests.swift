import QueueProtocol
import StudioTestKit
import Testing

/// What has to reach a worker at once, not with its next heartbeat.
@Suite("Control bus", .serialized)
struct ControlBusTests {
    @Test("A cancel comes over the bus: the next heartbeat would be too late")
    func cancelled() async throws {
        let stack = try await Stack.start(settings: ["HEARTBEAT_SECONDS": "100", "LEASE_SECONDS": "300"])
        try await stack.project()
        // Minutes of work: it does not end by itself while the test waits.
        let id = try await stack.submit(
            "mock-video", parameters: ["prompt": "a film", "seconds": 600, "width": 1280, "height": 720])
        try await stack.waitForProgress(of: id)
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/cancel").status < 300)
        try await stack.workers[0].line(containing: "cancel requested")
        try await stack.wait(for: id, toBe: "cancelled")
        #expect(try await stack.sql("SELECT outcome FROM job_attempts") == ["cancelled"])
        #expect(try await stack.takes().isEmpty)
        try await stack.expectSound()
        try await stack.stop()
    }
}
