import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// A worker that stands still for longer than its lease, as a machine that is suspended or swaps to death, and then goes on
/// as if nothing had happened.
@Suite("A frozen worker", .serialized)
struct FrozenWorkerTests {
    @Test("It wakes after its lease: what it writes is refused, its files are gone, one take each")
    func frozenAndThawed() async throws {
        let stack = try await Stack.start(
            workers: 1, settings: ["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1", "WORKER_SLOTS": "1"])
        try await stack.project()
        // Its encoder is not frozen and ends meanwhile: what wakes goes straight to publish.
        let published = try await stack.submitFilm(seconds: 48)
        try await stack.waitForProgress(of: published)
        let first = try await stack.worker(of: published)
        first.send(SIGSTOP)
        let second = try await stack.startWorker()
        let done = try await stack.wait(for: published, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded" && done["attempt"] == 2, "\(done)")
        first.send(SIGCONT)
        try await first.line(containing: "lease lost")
        #expect(try await stack.outcomes(of: published) == ["lost", "succeeded"])

        // And one that wakes while another is at its job.
        second.send(SIGTERM)
        #expect(try await second.exit() == .code(0))
        let shared = try await stack.submitFilm(seconds: 48)
        try await stack.waitForProgress(of: shared)
        #expect(try await stack.worker(of: shared) === first, "it serves again")
        first.send(SIGSTOP)
        try await stack.startWorker()
        try await eventually("another is at it") { try await stack.job(shared)["attempt"] == 2 }
        first.send(SIGCONT)
        try await stack.wait(for: shared, toBe: "succeeded")
        #expect(try await stack.outcomes(of: shared) == ["lost", "succeeded"])
        #expect(try await stack.takes().count == 2)
        let scratch = "\(stack.folder(of: "film"))/05_Cache/jobs"
        try await eventually("nothing is left of what came late") {
            // A folder that goes while it is read is an error of `find`.
            (try? await stack.person("find", scratch, "-type", "f"))?.isEmpty == true
        }
        try await stack.expectSound()
        try await stack.stop()
    }
}
