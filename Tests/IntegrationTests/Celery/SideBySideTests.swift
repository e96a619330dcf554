import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// Render workers and Python workers on one list.
@Suite("Side by side", .serialized)
struct SideBySideTests {
    /// Takes the studio's own messages from its list as often as it can, and puts back what is not Python's.
    private static let neighbour = """
        import time
        from celery import Celery
        from celery.exceptions import Reject

        app = Celery("tasks")
        app.conf.broker_connection_retry_on_startup = True
        app.conf.broker_transport_options = {"visibility_timeout": 2, "unacked_restore_interval": 1}

        @app.task(name="studio.render", acks_late=True)
        def render(job_id):
            app.backend.client.incr("seen-by-python")
            time.sleep(0.05)
            raise Reject("not Python's", requeue=True)
        """

    private func python(_ stack: Stack, _ name: String) async throws -> CeleryWorker {
        try await CeleryWorker(
            Self.neighbour, broker: stack.redis.celeryURL(), name: name, queues: ["studio"], concurrency: 2,
            arguments: ["--without-gossip", "--without-mingle"])
    }

    @Test("Whatever is killed, every job on the shared list is done, once")
    func oneList() async throws {
        let stack = try await Stack.start(
            workers: 0, settings: ["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1", "WORKER_SLOTS": "3"])
        try await stack.project()
        let neighbour = try await python(stack, "python-1")
        for _ in 0..<2 { try await stack.startWorker() }
        var jobs: [String] = []
        for index in 0..<40 {
            jobs.append(
                index.isMultiple(of: 4)
                    ? try await stack.submit(
                        "mock-image", parameters: ["prompt": "x", "width": 64, "height": 64],
                        shot: "SHOT-\(100 + index)")
                    : try await stack.submit("noop", parameters: ["milliseconds": 100]))
        }
        var dice = SeededGenerator(state: 4)
        for round in 0..<4 {
            let done = 5 * (round + 1)
            try await eventually("\(done) jobs are done") { try await finished(stack) >= done }
            if round.isMultiple(of: 2) {
                let victims = await stack.workers.filter { $0.ended == nil }
                let victim = victims[Int.random(in: 0..<victims.count, using: &dice)]
                victim.send(SIGKILL)
                try await victim.exit()
                try await stack.startWorker()
            } else {
                // Killed with messages in its hands, which Celery of another process gives back after a while.
                let second = try await python(stack, "python-\(round + 10)")
                second.process.send(SIGKILL, toGroup: true)
                try await second.process.exit()
            }
        }
        for id in jobs { try await stack.wait(for: id, toBe: "succeeded") }
        #expect(try await stack.redis.command("EXISTS", "seen-by-python").hasPrefix("1"), "Python had its part")
        let doubled = try await stack.sql(
            "SELECT job_id FROM job_attempts WHERE outcome = 'succeeded' GROUP BY job_id HAVING count(*) > 1")
        #expect(doubled == [])
        #expect(try await stack.takes().count == 10)
        try await eventually("nothing is left of the studio's, in the lists or with Python") {
            for list in ["studio", "studio\u{06}\u{16}3", "studio\u{06}\u{16}6", "studio\u{06}\u{16}9", "unacked"] {
                let kind = try await stack.redis.command("EXISTS", list)
                if !kind.hasPrefix("0") { return false }
            }
            return true
        }
        _ = try await neighbour.process.stop()
        try await stack.expectSound()
        try await stack.stop()
    }

    private func finished(_ stack: Stack) async throws -> Int {
        Int(try await stack.sql("SELECT count(*) FROM jobs WHERE state = 'succeeded'").first ?? "") ?? 0
    }
}
