import QueueProtocol
import StudioCore

extension ComfyPrompt {
    /// Waits for the prompt's end.
    ///
    /// What the socket tells is only a reason to look: the end is what stands in the history. A server that is gone, that
    /// knows nothing of the prompt, or at which nothing changes for too long, whatever its HTTP says, is lost.
    ///
    /// - Returns: What the history says.
    /// - Throws: `JobFailure` with `worker-lost`; `CancellationError`.
    func follow(_ tracker: PromptTracker) async throws -> JSONValue {
        var lastAnswer = ContinuousClock.now
        var seen: [String] = []
        tracker.look()
        for await _ in tracker.looks {
            do {
                if let record = try await server.record(of: id) { return record }
                // While it is heard of, its place needs no look.
                if !tracker.wasHeard() {
                    let now: [String]
                    switch try await standing() {
                    case .over(let record): return record
                    case .running: now = ["running"]
                    case .waiting(let queue):
                        now = queue.running + ["\(queue.pending.count)"]
                        tracker.waits(behind: queue.running.count + queue.pending.count - 1)
                    case .absent:
                        throw ComfyFailure.lost(
                            "The ComfyUI server \(server.address.label) knows nothing of the prompt: it was started anew, "
                                + "or somebody removed it.")
                    }
                    if now != seen { tracker.changed() }
                    seen = now
                }
                lastAnswer = .now
            } catch let trouble as ComfyServer.Trouble {
                let patience = trouble.isGone ? min(pace.gone, workflow.silence) : workflow.silence
                if lastAnswer.advanced(by: patience) <= .now {
                    throw ComfyFailure.lost(
                        "The ComfyUI server \(server.address.label) was lost with the prompt: \(trouble)")
                }
            }
            if tracker.lastChange.advanced(by: workflow.silence) <= .now {
                throw ComfyFailure.lost(
                    "The ComfyUI server \(server.address.label) gave no sign of the prompt for "
                        + "\(workflow.silence.components.seconds) s.")
            }
        }
        throw CancellationError()
    }
}
