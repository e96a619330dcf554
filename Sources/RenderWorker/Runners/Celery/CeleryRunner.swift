import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioRedis

/// Functions that Python workers of Celery carry out: one task for each attempt, sent and followed through Redis.
///
/// The task's id is made of the job's and the attempt's, so that a late result of an earlier attempt is nobody's. The task
/// writes into the attempt's scratch folder, which it sees by the same path. It may return `{"outputs": {…}}` with a file for
/// each port; see ``MadeOutputs``.
struct CeleryRunner: Runner {
    /// How long an attempt that is ended waits for its task to be over.
    static let endingPatience = Duration.seconds(5)
    /// What a job's progress says while no Python worker has taken its task.
    static let waitingStage = "waiting for a Python worker"

    let tasks: PythonTasks

    func prepare(_ context: RunContext) async throws {
        _ = try told(context)
        try context.checkInputs()
    }

    func run(_ context: RunContext) async throws -> RunResult {
        let told = try told(context)
        let id = Self.task(context.key)
        // What a worker that died left running would write to a folder that is gone, and be paid by nobody.
        let earlier = (1..<max(1, context.key.attempt)).suffix(20).map {
            Self.task(AttemptKey(job: context.key.job, attempt: $0))
        }
        if !earlier.isEmpty { try? await tasks.end(earlier, in: told.queue) }
        let news = CeleryNews(context)
        let final: PythonTaskState
        do {
            final = try await tasks.carryOut(
                task(id, told, context), lostAfter: told.lostAfter, heard: { news.hear($0) })
        } catch  where error is CancellationError || Task.isCancelled {
            // Not part of what was cancelled: a task that nobody ends goes on.
            await Task { await end(id, in: told.queue, context) }.value
            throw CancellationError()
        } catch let lost as PythonTaskLost {
            try? await tasks.end([id], in: told.queue)
            let name = lost.node.map { "The Python worker \($0)" } ?? "The Python worker"
            throw JobFailure(.workerLost, "\(name) was lost with the task, or forgot it.")
        } catch let error as RedisError {
            var failure = JobFailure(.runnerFailed, "Redis did not take the task: \(error)")
            failure.isElsewhere = true
            throw failure
        }
        guard final.name == "SUCCESS" else {
            var failure = PythonTaskFailure.failure(of: final, told, context)
            // A model that fails in Python is no reason to take functions from this worker.
            failure.isElsewhere = true
            throw failure
        }
        let (function, scratch) = (context.function, context.scratch)
        let files = try await Blocking.run {
            try MadeOutputs(named: final.result["outputs"] ?? .null, function: function, folder: scratch).files()
        }
        return RunResult(files: files, provenance: ["task": .string(told.task)])
    }

    /// The id of an attempt's task.
    static func task(_ key: AttemptKey) -> String { "\(key.job).\(key.attempt)" }

    private func task(_ id: String, _ told: FunctionManifest.CeleryTask, _ context: RunContext) -> PythonTask {
        let seconds = Int(context.timeout.components.seconds)
        return PythonTask(
            name: told.task, id: id, queue: told.queue,
            keywords: [
                "job_id": .string(context.key.job.description), "attempt": .integer(Int64(context.key.attempt)),
                "function": .string(context.function.name), "parameters": .object(context.parameters),
                "inputs": .object(context.inputs.mapValues { .array($0.map(JSONValue.string)) }),
                "outputs": .string(context.scratch), "seed": .unsigned(context.seed),
                "quality": .string(context.quality.rawValue), "timeout": .integer(Int64(seconds)),
            ],
            priority: TaskPriority(wire: told.priority), expires: Date(timeIntervalSinceNow: Double(seconds)),
            timeLimit: seconds)
    }

    private func end(_ id: String, in queue: String, _ context: RunContext) async {
        let isOver = await withTaskGroup(of: Bool.self) { race in
            race.addTask { (try? await tasks.endAndWait(id, in: queue)) != nil }
            race.addTask {
                try? await ContinuousClock().sleep(for: Self.endingPatience)
                return false
            }
            let first = await race.next() ?? false
            race.cancelAll()
            return first
        }
        if !isOver { context.log("the Python task was revoked and is not known to be over; what it makes is not kept") }
    }

    private func told(_ context: RunContext) throws(JobFailure) -> FunctionManifest.CeleryTask {
        guard case .celery(let told) = context.function.runner else {
            throw context.unknownRunner
        }
        return told
    }
}
