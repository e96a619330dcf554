import FoundationEssentials
import QueueProtocol
import StudioCore

extension ComfyPrompt {
    /// Where a prompt is.
    enum Standing: Sendable {
        case over(JSONValue)
        case running
        case waiting(ComfyServer.Queue)
        case absent
    }

    /// Puts the prompt into the server's queue, once.
    ///
    /// Its id keeps nobody from queueing it twice, and an answer that tells of a failure, or none at all, may be given after
    /// it was queued. So it is looked for before it is sent again.
    ///
    /// - Throws: `JobFailure` where the server refuses it or a part of it; ``ComfyServer/Trouble``; `CancellationError`.
    func submit(_ prompt: JSONValue, client: String) async throws {
        for isLast in [false, true] {
            let what: String
            switch try await reception(of: prompt, client: client) {
            case .success(.queued(_, let faults)):
                guard faults.isEmpty else { throw ComfyFailure.refused(.null, faults: faults, workflow) }
                return
            case .success(.refused(let answer)):
                throw ComfyFailure.refused(answer, faults: answer["node_errors"]?.objectValue ?? [:], workflow)
            case .success(.other(413, _)):
                throw JobFailure(.parametersInvalid, "The prompt is larger than the ComfyUI server takes.")
            case .success(.other(let status, let text)):
                what = "it answered \(status) to the prompt: \(ComfyFailure.shown(text))"
                guard status >= 500 else { throw ComfyServer.Trouble(description: what) }
            case .failure(let trouble):
                what = trouble.description
            }
            if case .absent = try await standing() {
                log("the ComfyUI server may not have taken the prompt: \(what)")
                if isLast { throw ComfyServer.Trouble(description: what) }
            } else {
                log("the ComfyUI server has the prompt, though \(what)")
                return
            }
        }
    }

    private func reception(
        of prompt: JSONValue, client: String
    ) async throws -> Result<ComfyServer.Reception, ComfyServer.Trouble> {
        do {
            return .success(try await server.queue(prompt, id: id, client: client))
        } catch let trouble as ComfyServer.Trouble {
            return .failure(trouble)
        }
    }

    /// Looks where the prompt is: in the queue, in the history, and in the queue again, since it may have moved in between.
    func standing() async throws -> Standing {
        for _ in 0..<2 {
            let queue = try await server.queue()
            if queue.running.contains(id) { return .running }
            if queue.pending.contains(id) { return .waiting(queue) }
            if let record = try await server.record(of: id) { return .over(record) }
        }
        return .absent
    }
}
