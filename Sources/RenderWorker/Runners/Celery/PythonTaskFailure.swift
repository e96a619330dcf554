import QueueProtocol
import StudioCore

/// What the end of a Python task that did not succeed means for its job.
enum PythonTaskFailure {
    /// The longest message that is kept of an exception.
    private static let longest = 1000

    /// - Parameters:
    ///   - state: How the task ended, not with `SUCCESS`.
    ///   - told: What the manifest says of the task.
    ///   - context: The attempt; the traceback goes to its log.
    /// - Returns: The failure.
    static func failure(
        of state: PythonTaskState, _ told: FunctionManifest.CeleryTask, _ context: RunContext
    ) -> JobFailure {
        state.traceback?.split(whereSeparator: \.isNewline).forEach { context.log(String($0)) }
        let raised = state.raised
        // What it raised may name the folder that it worked in.
        let text = String(raised.text.replacing(context.scratch, with: "outputs").prefix(longest))
        if state.name == "REVOKED" {
            return raised.message == "expired"
                ? JobFailure(.runnerTimeout, "No Python worker began the task in the time that the job may take.")
                : JobFailure(.runnerFailed, "The Python task was revoked by somebody.", retryable: false)
        }
        let isPermanent =
            told.permanentErrors.contains(raised.type)
            || told.permanentErrors.contains("\(raised.module ?? "builtins").\(raised.type)")
        switch raised.type {
        case "NotRegistered":
            return JobFailure(
                .runnerUnknown, "A Python worker of the queue \(told.queue) does not know the task \(told.task).")
        case "TimeLimitExceeded", "SoftTimeLimitExceeded":
            return JobFailure(.runnerTimeout, "The Python task took longer than it may.")
        case "WorkerLostError":
            return JobFailure(.workerLost, "The Python process that worked on the task ended: \(raised.message)")
        case "MemoryError":
            return JobFailure(.outOfMemory, "The Python task ran out of memory: \(text)")
        // The task's own words for: not this, and not again.
        case "Reject":
            return JobFailure(.runnerFailed, "The Python task was rejected: \(text)", retryable: false)
        default:
            return JobFailure(.runnerFailed, text, retryable: isPermanent ? false : nil)
        }
    }
}
