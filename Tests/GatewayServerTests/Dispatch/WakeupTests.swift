import Logging
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

/// What a worker's wake-up does to the jobs that waited for its job. The clocks never move.
@Suite struct WakeupTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func `A job whose last dependency succeeds is on the runway without any time passing`() async throws {
        let studio = try await TestStudio.make()
        let redis = try await PrivateRedis()
        let configuration = try RedisConfiguration(url: redis.url)
        let group = MultiThreadedEventLoopGroup.singleton
        let client = RedisClient(configuration: configuration, group: group, logger: Self.quiet)
        let subscriber = RedisSubscriber(configuration: configuration, group: group, logger: Self.quiet)
        let queue = TaskQueue(client: client, keys: StudioKeys())
        let bus = EventBus(client: client, subscriber: subscriber, keys: StudioKeys())
        let clock = ManualClock()
        let dispatcher = Dispatcher(
            database: studio.database, queue: queue, queues: { ["studio"] }, clock: clock, logger: Self.quiet)
        let hub = EventHub(
            database: studio.database, bus: bus, group: group, clock: ManualClock(), metrics: EventMetrics(),
            onWakeup: { dispatcher.lookAgain() }, logger: Self.quiet)
        let first = try await studio.makeJob()
        let jobs = JobStore(studio.database)
        let second = JobID()
        _ = try await studio.database.withConnection { connection in
            try connection.execute(
                """
                INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision, parameters,
                    inputs, quality, queue, priority, max_attempts, timeout_seconds, state, credits)
                SELECT $1, tenant_id, project_id, user_id, shot, version, function, function_revision, parameters,
                    inputs, quality, queue, priority, max_attempts, timeout_seconds, 'waiting', 0 FROM jobs WHERE id = $2
                """, [.id(second), .id(first)])
            try connection.execute(
                "INSERT INTO job_dependencies (job_id, depends_on) VALUES ($1, $2)", [.id(second), .id(first)])
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await client.run() }
            tasks.addTask { await subscriber.run() }
            try await client.waitUntilConnected()
            tasks.addTask { try await dispatcher.run() }
            tasks.addTask { try await hub.run() }
            try await clock.waitForSleepers()
            try await eventually("the first sweep is done") { try await jobs.get(first)?.pushedAt != nil }
            // What a worker does when the first job succeeds.
            _ = try await studio.database.withConnection { connection in
                try connection.execute(
                    "UPDATE jobs SET state = 'queued', queued_at = now() WHERE id = $1", [.id(second)])
            }
            try await eventually("the job is on the runway") {
                // Again and again, since the hub may not be listening yet.
                try await bus.announceEvents()
                return try await jobs.get(second)?.pushedAt != nil
            }
            // The mark comes before the push.
            try await eventually("its message is there") {
                try await queue.depths(of: ["studio"]).reduce(0) { $0 + $1.count } >= 2
            }
            #expect(clock.now.elapsed == .zero)
            tasks.cancelAll()
        }
        await studio.database.close()
    }

    @Test func `Wake-ups by the thousand are few sweeps`() async throws {
        let bell = Bell()
        for _ in 0..<1000 { bell.ring() }
        await bell.wait()
        // All of them were one: the next wait lasts until it is rung again.
        let clock = ManualClock()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await bell.wait(atMost: .seconds(1), clock: clock) }
            try await clock.waitForSleepers()
            bell.ring()
            try await tasks.waitForAll()
        }
    }
}
