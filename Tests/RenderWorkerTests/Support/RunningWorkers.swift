import Glibc
import Logging
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import RenderWorker

/// Workers as processes of their own, and what they are connected to.
struct RunningWorkers: Sendable {
    let stage: Stage
    let redis: PrivateRedis
    let queue: TaskQueue
    let bus: EventBus
    let workers: Watched<[ChildProcess]>

    /// Starts one and waits until it serves.
    func start(slots: Int = 2, grace: Int = 120, settings: [String: String] = [:]) async throws -> ChildProcess {
        let worker = try ProgramUnderTest.worker.start(
            environment: [
                "DATABASE_URL": stage.uri, "REDIS_URL": redis.url, "WORKSPACE_ROOT": stage.workspace.path,
                "WORKER_SLOTS": "\(slots)", "WORKER_GRACE_SECONDS": "\(grace)", "DATABASE_CONNECTIONS": "4",
            ].merging(settings) { $1 })
        workers.update { $0.append(worker) }
        try await worker.line(containing: "worker ready")
        return worker
    }

    /// Admits a job and puts its message on the queue.
    func push(
        _ function: String = "mock-image", _ parameters: JSONValue = ["prompt": "dawn", "width": 64, "height": 48]
    ) async throws -> JobID {
        let job = try await stage.submit(function, parameters: parameters)
        try await queue.push([.render(job: job, priority: TaskPriority(urgency: 5))])
        return job
    }

    func wait(for state: JobState, of job: JobID, within bound: Duration = .seconds(300)) async throws {
        try await eventually("\(job) is \(state)", within: bound) { try await stage.jobs.get(job)?.state == state }
    }

    /// Nothing is left on any list but what is dead.
    func expectNothingInFlight() async throws {
        #expect(try await queue.depths(of: ["studio"]).map(\.count) == [0, 0, 0, 0])
        let lists = try await redis.command("KEYS", "studio:processing:*")
        #expect(lists.trimmed == "", "\(lists)")
    }

    /// Lets a body use a studio of its own, and ends the workers with it.
    static func with(
        on server: PrivatePostgres? = nil, _ body: @Sendable (RunningWorkers) async throws -> Void
    ) async throws {
        try await Stage.with(on: server) { stage in
            let redis = try await PrivateRedis()
            let configuration = try RedisConfiguration(url: redis.url)
            let client = RedisClient(
                configuration: configuration, group: MultiThreadedEventLoopGroup.singleton, logger: Stage.logger)
            let subscriber = RedisSubscriber(
                configuration: configuration, group: MultiThreadedEventLoopGroup.singleton, logger: Stage.logger)
            let connecting = Task { await client.run() }
            defer { connecting.cancel() }
            try await client.waitUntilConnected()
            let running = RunningWorkers(
                stage: stage, redis: redis, queue: TaskQueue(client: client, keys: StudioKeys()),
                bus: EventBus(client: client, subscriber: subscriber, keys: StudioKeys()), workers: Watched([]))
            defer {
                for worker in running.workers.value where worker.ended == nil { worker.send(SIGKILL) }
            }
            try await body(running)
        }
    }
}
