import QueueProtocol
import StudioCore

/// One prediction by a warm container.
struct CogAttempt: Sendable {
    let container: WarmContainer
    let containers: WarmContainers
    let host: ContainerHost
    let context: RunContext

    private var id: String { "\(context.key.job)-\(context.key.attempt)" }

    /// Makes the prediction and its files; whatever happens, the container is given back or ended.
    ///
    /// - Parameter limit: The most that the files may have together, in bytes.
    /// - Returns: The files.
    /// - Throws: `JobFailure`, `CancellationError`.
    func run(limit: Int64) async throws -> RunResult {
        do {
            let result = try await carryOut(limit)
            await tidy()
            return result
        } catch is ContainerLost {
            let failure = await container.lost("The model's process ended in the middle of its work.")
            await containers.discard(container)
            throw failure
        } catch let trouble as CogTrouble {
            let failure = await container.lost(trouble.message)
            await containers.discard(container)
            throw failure
        } catch let excess as WroteTooMuch {
            await containers.discard(container)
            throw excess.failure
        } catch let failure as JobFailure where failure.code == .storageFull {
            // What earlier predictions left in its memory may be in the way: a new one begins with none of that.
            await containers.discard(container)
            throw failure
        } catch let failure as JobFailure {
            await tidy()
            throw failure
        } catch {
            await containers.settle(container, cancelled: id)
            throw error
        }
    }

    private func tidy() async {
        try? await Blocking.run { [box = container.box] in box.empty() }
        await containers.giveBack(container)
    }

    /// The container is to be ended.
    private struct ContainerLost: Error {}

    /// The container writes what nobody asked it for, and would go on.
    private struct WroteTooMuch: Error {
        var failure: JobFailure
    }

    private func carryOut(_ limit: Int64) async throws -> RunResult {
        guard let server = try await container.ready() else { throw ContainerLost() }
        let (context, container, user, id) = (context, container, host.user, id)
        let box = container.box
        let seen = try await Blocking.run { try box.fill(context.inputs, as: id, for: user) }
        let values = try await Blocking.run { try CogInputs.values(context, files: seen) }
        try await server.schema()?.check(values.keys)
        let version = try await server.health()?.version
        context.progress(RunProgress(fraction: nil, stage: "running"))
        let news = CogNews(progress: context.progress, log: context.log)
        let prediction = try await watched(limit) {
            try await withTaskCancellationHandler {
                do {
                    return try await server.predict(id, input: values, news: news)
                } catch let trouble as CogTrouble where trouble.kind == .busy {
                    // The place of a prediction is free a moment after its answer.
                    guard try await container.ready() != nil else { throw trouble }
                    return try await server.predict(id, input: values, news: news)
                }
            } onCancel: {
                // The request ends with the task, and a prediction with its request; this is for one that does not notice.
                Task { await server.cancel(id) }
            }
        }
        switch prediction.status {
        case .succeeded: break
        case .failed where prediction.error == CogFailure.crash: throw ContainerLost()
        case .failed:
            var failure = CogFailure.failure(prediction.error)
            // The server leaves the log out of a failed prediction; this is what the container wrote.
            failure.logTail = container.tail
            throw failure
        case .canceled, .starting, .processing:
            throw JobFailure(.runnerFailed, "The prediction was cancelled by somebody else.")
        }
        let outputs = try CogOutputs(context.function).assigned(prediction.output)
        for (name, value) in outputs.others.sorted(by: { $0.key < $1.key }) {
            let text = (try? JSONText.string(value, sortedKeys: true)) ?? ""
            context.log("the model also returned \(name): \(text.prefix(200))")
        }
        let uploads = CogOutputFiles.Uploads(address: CogRelay.uploads, folder: box.outputs.path)
        let files = try await Blocking.run {
            try CogOutputFiles(folder: context.scratch, limit: limit, uploads: uploads)
                .write(outputs.values, of: context.function)
        }
        var provenance: [String: JSONValue] = [:]
        if let version { provenance["cogVersion"] = .string(version) }
        if let seconds = prediction.metrics["predict_time"] { provenance["predictSeconds"] = seconds }
        return RunResult(files: files, provenance: provenance)
    }

    /// Runs work while it is looked at how much the container writes.
    private func watched<Result: Sendable>(
        _ limit: Int64, _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let outputs = container.box.outputs
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                do {
                    try await outputs.watch(limit: limit)
                } catch let failure as JobFailure {
                    throw WroteTooMuch(failure: failure)
                }
                return nil
            }
            defer { group.cancelAll() }
            while let first = try await group.next() {
                if let first { return first }
            }
            throw CancellationError()
        }
    }
}
