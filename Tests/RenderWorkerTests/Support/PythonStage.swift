import FoundationEssentials
import Glibc
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import RenderWorker

/// A stage whose worker sends tasks to real Python workers of Celery.
struct PythonStage: Sendable {
    let stage: Stage
    let redis: PrivateRedis
    let client: RedisClient
    let tasks: PythonTasks
    let reports = Watched<[ProgressReport]>([])
    let keys = StudioKeys()

    /// Runs a test; no Python worker runs yet.
    static func with(_ body: (PythonStage) async throws -> Void) async throws {
        let redis = try await PrivateRedis()
        let configuration = try RedisConfiguration(url: redis.url)
        let loops = MultiThreadedEventLoopGroup.singleton
        let client = RedisClient(configuration: configuration, group: loops, logger: Stage.logger)
        let subscriber = RedisSubscriber(configuration: configuration, group: loops, logger: Stage.logger)
        let tasks = PythonTasks(
            client: client, subscriber: subscriber, keys: StudioKeys(), worker: WorkerID(), logger: Stage.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            group.addTask { await subscriber.run() }
            group.addTask { await tasks.run() }
            defer { group.cancelAll() }
            try await client.waitUntilConnected()
            try await Stage.with { stage in
                try await body(PythonStage(stage: stage, redis: redis, client: client, tasks: tasks))
            }
        }
        try await redis.stop()
    }

    func worker(_ name: String = "python", concurrency: Int = 2, arguments: [String] = []) async throws -> CeleryWorker
    {
        try await PythonStudio.worker(
            broker: redis.celeryURL(), name: name, concurrency: concurrency, arguments: arguments)
    }

    /// A file that the test makes to let held tasks go on, and what tasks write that have started.
    func path(_ name: String) -> String { stage.workspace.path("Projects/\(name)") }

    func release(_ name: String = "go") throws { try stage.workspace.write([], to: "Projects/\(name)") }

    var surroundings: JobRun.Surroundings {
        let reports = reports
        return stage.surroundings(
            runners: ["celery": CeleryRunner(tasks: tasks)],
            progress: { report in reports.update { $0.append(report) } })
    }

    func submit(
        _ parameters: [String: JSONValue] = [:], inputs: [String: String] = [:], maxAttempts: Int = 3,
        timeoutSeconds: Int = 60, runner: [String: JSONValue] = [:]
    ) async throws -> JobID {
        try await stage.submit(
            "paint", parameters: .object(parameters), inputs: inputs, maxAttempts: maxAttempts,
            timeoutSeconds: timeoutSeconds, manifest: PythonStudio.paint(more: runner))
    }

    /// Claims and carries out one attempt.
    func attempt(_ job: JobID, stop: RunStop = RunStop()) async throws -> JobRecord {
        try await stage.attempt(job, in: surroundings, stop: stop)
    }

    func log(_ job: JobID) async throws -> String {
        try await stage.jobs.readLog(job).map(\.lines).joined()
    }

    /// Why each of a job's attempts failed.
    func causes(_ job: JobID) async throws -> [String] {
        try await stage.sql("SELECT failure->>'code' FROM job_attempts WHERE job_id = '\(job)' ORDER BY attempt")
    }

    /// Waits until a job's progress says something.
    func untilProgress(_ stage: String) async throws {
        _ = try await reports.wait("progress says \(stage)") { $0.last { $0.stage == stage } }
    }
}

/// Runs a worker's way to Python tasks for as long as the closure.
func withTasks(_ redis: PrivateRedis, _ body: (PythonTasks) async throws -> Void) async throws {
    let configuration = try RedisConfiguration(url: redis.url)
    let loops = MultiThreadedEventLoopGroup.singleton
    let client = RedisClient(configuration: configuration, group: loops, logger: Stage.logger)
    let subscriber = RedisSubscriber(configuration: configuration, group: loops, logger: Stage.logger)
    let tasks = PythonTasks(
        client: client, subscriber: subscriber, keys: StudioKeys(), worker: WorkerID(), round: .milliseconds(50),
        logger: Stage.logger)
    // In the order in which a program stops its parts: what asks, then what it asks by.
    let connections = Task {
        await withDiscardingTaskGroup { group in
            group.addTask { await client.run() }
            group.addTask { await subscriber.run() }
        }
    }
    let asking = Task { await tasks.run() }
    defer { connections.cancel() }
    try await client.waitUntilConnected()
    do {
        try await body(tasks)
    } catch {
        asking.cancel()
        throw error
    }
    asking.cancel()
    await asking.value
}
