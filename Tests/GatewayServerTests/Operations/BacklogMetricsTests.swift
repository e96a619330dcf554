import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Metrics of what waits") struct BacklogMetricsTests {
    @Test func `A scrape tells how long jobs wait and who could take them`() async throws {
        try await TestGateway.run { gateway in
            let studio = gateway.studio
            let calm = try await gateway.request("GET", "/metrics").text
            #expect(calm.contains("studio_queue_oldest_seconds{queue=\"studio\"} 0\n"))
            for state in ["serving", "draining", "lost"] {
                #expect(calm.contains("studio_workers{state=\"\(state)\"} 0\n"), "\(state)")
            }
            let (first, second) = (try await studio.makeJob(), try await studio.makeJob())
            let workers = WorkerStore(studio.database)
            let ids = (0..<5).map { _ in WorkerID() }
            for (index, id) in ids.enumerated() {
                try await workers.register(
                    WorkerRegistration(
                        id: id, name: "w\(index)", hostname: "here", pid: 1, version: "1", queues: ["studio"], slots: 2)
                )
            }
            _ = try await workers.drain(ids[2])
            try await workers.stop(ids[3])
            try await studio.database.withConnection { connection in
                try connection.execute(
                    "UPDATE workers SET seen_at = now() - interval '1 hour' WHERE id = $1", [.id(ids[4])])
                try connection.execute(
                    "UPDATE jobs SET queued_at = now() - interval '1 day' WHERE id = $1", [.id(first)])
                // What may not start yet is late for nobody.
                try connection.execute(
                    """
                    UPDATE jobs SET queued_at = now() - interval '9 days', not_before = now() + interval '1 day'
                    WHERE id = $1
                    """, [.id(second)])
            }
            let text = try await gateway.request("GET", "/metrics").text
            #expect(text.contains("studio_workers{state=\"serving\"} 2\n"))
            #expect(text.contains("studio_workers{state=\"draining\"} 1\n"))
            #expect(text.contains("studio_workers{state=\"lost\"} 1\n"))
            let age = try #require(text.firstMatch(of: /studio_queue_oldest_seconds\{queue="studio"\} ([0-9.]+)/))
            let seconds = try #require(Double(age.output.1))
            #expect((86_400..<2 * 86_400).contains(seconds))
        }
    }

    @Test func `While PostgreSQL is away it says nothing of it`() async throws {
        let studio = try await TestStudio.make()
        let backlog = BacklogMetrics(
            jobs: JobStore(studio.database), workers: WorkerStore(studio.database), silence: .seconds(20),
            lifetime: .zero)
        #expect(await backlog.families(queues: ["studio"]).count == 2)
        await studio.database.close()
        #expect(await backlog.families(queues: ["studio"]).isEmpty)
    }
}
