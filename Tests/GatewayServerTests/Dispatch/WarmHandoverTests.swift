import Logging
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

/// Jobs go first to workers that have their models loaded.
@Suite struct WarmHandoverTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private struct Scene: Sendable {
        let studio: TestStudio
        let queue: TaskQueue
        let client: RedisClient
        let dispatcher: Dispatcher
        let runway: RunwayStore

        func depth() async throws -> Int { try await queue.depths(of: ["studio"]).reduce(0) { $0 + $1.count } }

        func handed(to worker: WorkerID) async throws -> Int {
            try await client.send(RedisCommand("LLEN", .text(StudioKeys().handed(worker)))).integer ?? -1
        }

        /// A worker with loaded models.
        func worker(_ name: String, queues: [String] = ["studio"], slots: Int = 2, warm: Set<String>) async throws
            -> WorkerID
        {
            let id = WorkerID()
            let workers = WorkerStore(studio.database)
            try await workers.register(
                WorkerRegistration(
                    id: id, name: name, hostname: "h", pid: 1, version: "1", queues: queues, slots: slots))
            try await workers.note(id, warm: warm)
            return id
        }

        func admit(_ function: String) async throws -> JobID {
            let job = NewJob(
                id: JobID(), tenant: studio.admin.tenant, project: studio.film, user: studio.admin.id,
                shot: try ShotName("A"), version: 1, function: function, functionVersion: "1",
                functionDigest: String(repeating: function.hasSuffix("a") ? "a" : "b", count: 64),
                manifest: ["name": .string(function), "outputs": [:]], parameters: [:], queue: "studio", credits: 0)
            guard
                case .decided = try await JobAdmission(studio.database, mayPush: { _ in false })
                    .admit(AdmissionUnit([job]))
            else { throw TestKitError("not admitted") }
            return job.id
        }
    }

    private static func run(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        let studio = try await TestStudio.make()
        let redis = try await PrivateRedis()
        let client = RedisClient(
            configuration: try RedisConfiguration(url: redis.url), group: MultiThreadedEventLoopGroup.singleton,
            logger: quiet)
        let queue = TaskQueue(client: client, keys: StudioKeys())
        var pace = Dispatcher.Pace()
        pace.stale = .zero
        let dispatcher = Dispatcher(
            database: studio.database, queue: queue, queues: { ["studio"] }, pace: pace, clock: ManualClock(),
            logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await client.run() }
            defer { tasks.cancelAll() }
            try await client.waitUntilConnected()
            try await body(
                Scene(
                    studio: studio, queue: queue, client: client, dispatcher: dispatcher,
                    runway: RunwayStore(studio.database)))
        }
        await studio.database.close()
    }

    @Test func `A job goes to the worker that has its model; the next, and other functions', to the queue`()
        async throws
    {
        try await Self.run { scene in
            let warm = try await scene.worker("warm", warm: ["model-a"])
            let elsewhere = try await scene.worker("elsewhere", queues: ["gpu"], warm: ["model-a", "model-b"])
            _ = try await scene.worker("cold", slots: 9, warm: [])
            for function in ["model-b", "model-a", "model-a"] { _ = try await scene.admit(function) }
            await scene.dispatcher.sweep()
            #expect(try await scene.handed(to: warm) == 1)
            #expect(try await scene.handed(to: elsewhere) == 0)
            #expect(try await scene.depth() == 2)
        }
    }

    @Test func `A worker whose slots or whose model are taken is left alone`() async throws {
        try await Self.run { scene in
            let full = try await scene.worker("full", slots: 1, warm: ["model-a"])
            let busy = try await scene.worker("busy", slots: 5, warm: ["model-a"])
            let jobs = JobStore(scene.studio.database)
            for (worker, function) in [(full, "model-b"), (busy, "model-a")] {
                let job = try await scene.admit(function)
                _ = try await jobs.claim([job], worker: worker, name: "w", lease: .seconds(60))
            }
            _ = try await scene.admit("model-a")
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 1)
            for worker in [full, busy] { #expect(try await scene.handed(to: worker) == 0) }
        }
    }

    @Test func `What a worker does not take is on the queue with the next look, and is done once`() async throws {
        try await Self.run { scene in
            let gone = try await scene.worker("gone", warm: ["model-a"])
            let job = try await scene.admit("model-a")
            await scene.dispatcher.sweep()
            #expect(try await scene.handed(to: gone) == 1)
            #expect(try await scene.depth() == 0)
            try await WorkerStore(scene.studio.database).stop(gone)
            await scene.dispatcher.sweep()
            #expect(try await scene.depth() == 1)
            let jobs = JobStore(scene.studio.database)
            for (worker, count) in [(WorkerID(), 1), (gone, 0)] {
                let claimed = try await jobs.claim([job], worker: worker, name: "w", lease: .seconds(60))
                #expect(claimed.count == count)
            }
        }
    }

    @Test func `A worker takes what it is handed before all else, and gives it back to its queue`() async throws {
        try await Self.run { scene in
            let worker = WorkerID()
            let consumer = TaskConsumer(
                worker: worker, queues: ["studio"], client: scene.client, keys: StudioKeys(),
                group: MultiThreadedEventLoopGroup.singleton, logger: Self.quiet)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await consumer.run() }
                defer { tasks.cancelAll() }
                let urgent = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 9))
                let handed = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 0))
                try await scene.queue.push([urgent])
                try await scene.queue.hand([(handed, worker)])
                #expect(try await consumer.reserve(upTo: 1).map(\.message) == [urgent], "not before it is asked to")
                consumer.takeHanded()
                try await consumer.waitForWork()
                let taken = try await consumer.reserve(upTo: 1)
                #expect(taken.map(\.message) == [handed])
                try await consumer.giveBack(taken)
                #expect(try await scene.depth() == 1)
            }
        }
    }
}
