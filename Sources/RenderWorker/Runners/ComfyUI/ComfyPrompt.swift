import FoundationEssentials
import QueueProtocol
import StudioCore

/// One prompt at one server, from its queueing to what the history says of it.
struct ComfyPrompt: Sendable {
    let id: String
    let server: ComfyServer
    let workflow: FunctionManifest.ComfyWorkflow
    let pace: ComfyPace
    let progress: @Sendable (RunProgress) -> Void
    let log: @Sendable (String) -> Void

    /// Queues the prompt and follows it to its end.
    ///
    /// - Parameter prompt: The graph with all its values.
    /// - Returns: What the history says of it.
    /// - Throws: `JobFailure`; ``ComfyServer/Trouble`` where the server cannot be used; `CancellationError`. The server was
    ///   told to end the prompt then.
    func carryOut(_ prompt: JSONValue) async throws -> JSONValue {
        // Another one for each run: to events of an earlier one nobody is to listen.
        let client = UUID().uuidString.lowercased()
        let mailbox = ComfyMailbox()
        let tracker = PromptTracker(PromptProgress(prompt: id, workflow: workflow), report: progress)
        let socket = ComfySocket(address: server.address.events(of: client), pace: pace, mailbox: mailbox) {
            isConnected in
            if !isConnected { log("the socket of the ComfyUI server was lost") }
            tracker.look()
        }
        let first = await socket.connect()
        return try await withThrowingTaskGroup(of: JSONValue?.self) { group in
            group.addTask {
                await socket.keep(first)
                return nil
            }
            group.addTask {
                for await _ in mailbox.signals { tracker.hear(mailbox.take()) }
                return nil
            }
            group.addTask {
                await tracker.lookEvery(pace.poll)
                return nil
            }
            group.addTask {
                try Task.checkCancellation()
                let posting = Task { try await submit(prompt, client: client) }
                do {
                    try await Self.value(of: posting)
                    log("the prompt \(id) is in the queue of the ComfyUI server \(server.address.label)")
                    return try await follow(tracker)
                } catch {
                    await end(after: posting)
                    throw Task.isCancelled ? CancellationError() : error
                }
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let record = ended { return record }
            }
            throw CancellationError()
        }
    }

    /// Has the server end the prompt, once it is known whether it has it. Waits for a while only; what is left to be done
    /// is done all the same.
    private func end(after posting: Task<Void, any Error>) async {
        let (done, continuation) = AsyncStream<Void>.makeStream()
        Task {
            _ = await posting.result
            try? await server.end(id)
            continuation.finish()
        }
        // Not part of what was cancelled.
        await Task {
            let patience = Task {
                try? await ContinuousClock().sleep(for: pace.ending)
                continuation.finish()
            }
            for await _ in done {}
            patience.cancel()
        }.value
    }

    /// What a task of its own brings. The task goes on where the one that waits is cancelled.
    private static func value(of task: Task<Void, any Error>) async throws {
        let (done, continuation) = AsyncStream<Void>.makeStream()
        Task {
            _ = await task.result
            continuation.finish()
        }
        for await _ in done {}
        try Task.checkCancellation()
        try await task.value
    }
}
