import FoundationEssentials
import Logging
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct DispatcherTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A database with a project, a Redis, and a dispatcher on a clock of the test's own, not running.
    private static func run(
        _ body: @escaping @Sendable (TestStudio, PrivateRedis, TaskQueue, Dispatcher, ManualClock) async throws -> Void
    ) async throws {
        let studio = try await TestStudio.make()
        let redis = try await PrivateRedis()
        let client = RedisClient(
            configuration: try RedisConfiguration(url: redis.url), group: MultiThreadedEventLoopGroup.singleton,
            logger: quiet)
        let queue = TaskQueue(client: client, keys: StudioKeys())
        let clock = ManualClock()
        var pace = Dispatcher.Pace()
        pace.grace = .zero
        pace.stale = .zero
        let dispatcher = Dispatcher(
            database: studio.database, queue: queue, queues: { ["studio"] }, pace: pace, clock: clock, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await client.run() }
            defer { tasks.cancelAll() }
            try await client.waitUntilConnected()
            try await body(studio, redis, queue, dispatcher, clock)
        }
        await studio.database.close()
    }

    private static func depth(_ queue: TaskQueue) async throws -> Int {
        try await queue.depths(of: ["studio"]).reduce(0) { $0 + $1.count }
    }

    @Test func `A sweep pushes what a crashed gateway committed, once`() async throws {
        try await Self.run { studio, _, queue, dispatcher, _ in
            for _ in 0..<3 { _ = try await studio.makeJob() }
            await dispatcher.sweep()
            #expect(try await Self.depth(queue) == 3)
        }
    }

    @Test func `The running dispatcher sweeps within a second`() async throws {
        try await Self.run { studio, _, queue, dispatcher, clock in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await dispatcher.run() }
                try await clock.waitForSleepers()
                _ = try await studio.makeJob()
                #expect(try await Self.depth(queue) == 0)
                clock.advance(by: .seconds(1))
                try await eventually("the job is on the runway") { try await Self.depth(queue) == 1 }
                tasks.cancelAll()
            }
        }
    }

    @Test func `A committed job is pushed at once and not again`() async throws {
        try await Self.run { studio, _, queue, dispatcher, clock in
            let jobs = JobStore(studio.database)
            await dispatcher.sweep()
            let id = try await studio.makeJob()
            let job = try #require(try await jobs.get(id))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await dispatcher.run() }
                // The first sweep may have found it already: then this is the harmless second message.
                dispatcher.dispatch([AdmittedJob(job)])
                try await eventually("it is noted as pushed") { try await jobs.get(id)?.pushedAt != nil }
                tasks.cancelAll()
            }
            #expect((1...2).contains(try await Self.depth(queue)))
            // Nothing is owed, so no sweep pushes it again; a push that was cancelled may still arrive.
            #expect(try await jobs.takeUnpushed(limit: 10).isEmpty)
        }
    }

    @Test func `A Redis that came back empty gets the runway again`() async throws {
        try await Self.run { studio, redis, queue, dispatcher, _ in
            let id = try await studio.makeJob()
            await dispatcher.sweep()
            #expect(try await Self.depth(queue) == 1)
            try await redis.restart(empty: true)
            try await eventually("Redis is back") { (try? await Self.depth(queue)) == 0 }
            await dispatcher.sweep()
            #expect(try await Self.depth(queue) == 1)
            #expect(try await JobStore(studio.database).get(id)?.pushedAt != nil)
        }
    }

    @Test func `With Redis away nothing is lost`() async throws {
        try await Self.run { studio, redis, queue, dispatcher, _ in
            await dispatcher.sweep()
            try await redis.stop()
            let id = try await studio.makeJob()
            let job = try #require(try await JobStore(studio.database).get(id))
            dispatcher.dispatch([AdmittedJob(job)])
            await dispatcher.sweep()
            #expect(try await JobStore(studio.database).get(id)?.pushedAt == nil)
            try await redis.start()
            try await eventually("the job is on the runway", within: .seconds(20)) {
                await dispatcher.sweep()
                return (try? await Self.depth(queue)) == 1
            }
        }
    }

    @Test func `A message that was lost on the way is pushed again`() async throws {
        try await Self.run { studio, redis, queue, dispatcher, _ in
            _ = try await studio.makeJob()
            await dispatcher.sweep()
            try await redis.command("DEL", StudioKeys().list("studio", TaskPriority(urgency: 5)))
            #expect(try await Self.depth(queue) == 0)
            await dispatcher.sweep()
            #expect(try await Self.depth(queue) == 1)
        }
    }
}
