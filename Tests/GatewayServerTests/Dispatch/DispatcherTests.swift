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
    private struct Scene: Sendable {
        let studio: TestStudio
        let redis: PrivateRedis
        let queue: TaskQueue
        let dispatcher: Dispatcher
        let clock: ManualClock
        let runway: RunwayStore

        func depth() async throws -> Int { try await queue.depths(of: ["studio"]).reduce(0) { $0 + $1.count } }

        /// Admits a job as the gateway does; `isPushed` is what the dispatcher said.
        func admit(priority: Int = 5) async throws -> AdmittedJob {
            let job = NewJob(
                id: JobID(), tenant: studio.admin.tenant, project: studio.film, user: studio.admin.id,
                shot: try ShotName("A"), version: 1, function: "noop", functionVersion: "1",
                functionDigest: String(repeating: "c", count: 64), manifest: ["name": "noop", "outputs": [:]],
                parameters: [:], queue: "studio", priority: priority, credits: 0)
            let admission = JobAdmission(studio.database, mayPush: dispatcher.room.take)
            guard case .decided(let verdicts) = try await admission.admit(AdmissionUnit([job])) else {
                throw TestKitError("not admitted")
            }
            return try verdicts[0].job()
        }
    }

    private static func run(
        measure: RunwayRoom.Measure = RunwayRoom.Measure(), _ body: @escaping @Sendable (Scene) async throws -> Void
    ) async throws {
        let studio = try await TestStudio.make()
        let redis = try await PrivateRedis()
        let client = RedisClient(
            configuration: try RedisConfiguration(url: redis.url), group: MultiThreadedEventLoopGroup.singleton,
            logger: quiet)
        let queue = TaskQueue(client: client, keys: StudioKeys())
        let clock = ManualClock()
        var pace = Dispatcher.Pace()
        pace.stale = .zero
        let dispatcher = Dispatcher(
            database: studio.database, queue: queue, queues: { ["studio"] }, pace: pace, measure: measure,
            clock: clock, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await client.run() }
            defer { tasks.cancelAll() }
            try await client.waitUntilConnected()
            try await body(
                Scene(
                    studio: studio, redis: redis, queue: queue, dispatcher: dispatcher, clock: clock,
                    runway: RunwayStore(studio.database)))
        }
        await studio.database.close()
    }

    @Test func `A sweep pushes what a crashed gateway committed, once`() async throws {
        try await Self.run { scene async throws in
            for _ in 0..<3 { _ = try await scene.studio.makeJob() }
            await scene.dispatcher.sweep()
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 3)
        }
    }

    @Test func `The running dispatcher sweeps at once and within a second`() async throws {
        try await Self.run { scene async throws in
            _ = try await scene.studio.makeJob()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await scene.dispatcher.run() }
                try await eventually("what was left is on the runway") { try await scene.depth() == 1 }
                try await scene.clock.waitForSleepers()
                _ = try await scene.studio.makeJob()
                #expect(try await scene.depth() == 1)
                scene.clock.advance(by: .seconds(1))
                try await eventually("the job is on the runway") { try await scene.depth() >= 2 }
                tasks.cancelAll()
            }
        }
    }

    @Test func `With nothing ahead a job is committed as pushed, and its message is sent`() async throws {
        try await Self.run { scene async throws in
            // Not before the first look: nobody knows what waits.
            #expect(try await !scene.admit().isPushed)
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 1)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await scene.dispatcher.run() }
                let job = try await scene.admit(priority: 9)
                #expect(job.isPushed)
                scene.dispatcher.dispatch([job])
                try await eventually("its message is there") { try await scene.depth() >= 2 }
                tasks.cancelAll()
            }
            #expect(try await scene.runway.queuesWithBacklog().isEmpty)
        }
    }

    @Test func `The runway is short, and what does not fit waits in the backlog in the studio's order`() async throws {
        try await Self.run(measure: RunwayRoom.Measure(messagesPerSlot: 2, least: 2)) { scene async throws in
            await scene.dispatcher.sweep()
            for _ in 0..<5 { scene.dispatcher.dispatch([try await scene.admit()]) }
            let urgent = try await scene.admit(priority: 9)
            #expect(!urgent.isPushed)
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 2)
            // A worker with slots appears: two messages for each.
            try await WorkerStore(scene.studio.database).register(
                WorkerRegistration(
                    id: WorkerID(), name: "w", hostname: "h", pid: 1, version: "1", queues: ["studio"], slots: 2))
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 4)
            #expect(try await scene.runway.standing(limit: 10).contains(urgent.id))
            // Something waits: nobody overtakes it.
            #expect(try await !scene.admit().isPushed)
        }
    }

    @Test func `A job of what is limited or paused is never committed as pushed`() async throws {
        try await Self.run { scene async throws in
            let shares = ShareStore(scene.studio.database)
            try await shares.limit("noop", to: 5)
            await scene.dispatcher.sweep()
            #expect(try await !scene.admit().isPushed)
            try await shares.limit("noop", to: nil)
            _ = try await shares.change(scene.studio.admin.tenant, weight: nil, maxRunning: .some(5))
            await scene.dispatcher.sweep()
            #expect(try await !scene.admit().isPushed)
            _ = try await shares.change(scene.studio.admin.tenant, weight: nil, maxRunning: .some(nil))
            try await QueuePauses(scene.studio.database).set("studio", isPaused: true)
            await scene.dispatcher.sweep()
            #expect(try await !scene.admit().isPushed)
            try await QueuePauses(scene.studio.database).set("studio", isPaused: false)
            await scene.dispatcher.sweep()
            #expect(try await scene.admit().isPushed)
        }
    }

    @Test func `A Redis that came back empty gets the runway again`() async throws {
        try await Self.run { scene async throws in
            let id = try await scene.studio.makeJob()
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 1)
            try await scene.redis.restart(empty: true)
            try await eventually("Redis is back") { (try? await scene.depth()) == 0 }
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 1)
            #expect(try await JobStore(scene.studio.database).get(id)?.pushedAt != nil)
        }
    }

    @Test func `With Redis away nothing is lost, and nothing is committed as pushed`() async throws {
        try await Self.run { scene async throws in
            await scene.dispatcher.sweep()
            try await scene.redis.stop()
            await scene.dispatcher.sweep()
            let job = try await scene.admit()
            #expect(!job.isPushed)
            scene.dispatcher.dispatch([job])
            try await scene.redis.start()
            try await eventually("the job is on the runway") {
                await scene.dispatcher.sweep()
                return (try? await scene.depth()) ?? 0 >= 1
            }
        }
    }

    @Test func `What was committed as pushed and not sent is found`() async throws {
        try await Self.run { scene async throws in
            await scene.dispatcher.sweep()
            // The gateway dies here: nobody hands it over.
            #expect(try await scene.admit().isPushed)
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 1)
        }
    }

    @Test func `A message that was lost among others is pushed again, and no other is`() async throws {
        try await Self.run { scene async throws in
            for _ in 0..<3 { _ = try await scene.studio.makeJob() }
            await scene.dispatcher.sweep()
            try await scene.redis.command("RPOP", StudioKeys().list("studio", TaskPriority(urgency: 5)))
            #expect(try await scene.depth() == 2)
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 3)
            let names = try await scene.queue.taskIDs(in: ["studio"])
            let standing = try await scene.runway.standing(limit: 10)
            #expect(names == Set(standing.map(\.description)))
        }
    }
}
