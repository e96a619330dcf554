import FoundationEssentials
import QueueProtocol
import StudioCore

/// One attempt in a container of its own, from its image to its files.
struct BatchAttempt: Sendable {
    let host: ContainerHost
    let context: RunContext
    let told: FunctionManifest.Container

    /// No other container of the engine has it: an attempt's number is given once.
    private var name: String { "studio-\(context.key.job)-\(context.key.attempt)" }
    private var limit: Int64 { Int64(told.outputMegabytes) << 20 }

    /// Does the work, and leaves no container behind.
    func run() async throws -> RunResult {
        let image = try await host.image(of: told, for: context)
        let files = BatchFiles(context: context, user: host.user)
        let places = try await Blocking.run { [files] in try files.make() }
        let state: ContainerState
        do {
            state = try await carryOut(image, places, files)
        } catch {
            let isOver = (error as? JobFailure)?.code == .outputInvalid
            await host.end(name, gently: !isOver)
            await unlock(files)
            try Task.checkCancellation()
            throw error
        }
        // Whatever it left behind is dead before its files are looked at.
        await host.end(name, gently: false)
        await unlock(files)
        let made = try await outputs(state, files)
        var provenance: [String: JSONValue] = [
            "image": .string(told.image), "imageDigest": .string(image.digest(as: ImageReference(told.image))),
        ]
        if let version = try? await host.engine.version() { provenance["engine"] = .string(version.engine) }
        if let metadata = made.metadata { provenance["metadata"] = metadata }
        return RunResult(files: made.files, provenance: provenance)
    }

    private func carryOut(
        _ image: EngineImage, _ places: [ContainerSpec.Mount], _ files: BatchFiles
    ) async throws -> ContainerState {
        do {
            let paths = try await host.paths()
            var spec = host.spec(
                for: context.function, told, image: image,
                labels: [
                    ContainerHost.Label.job: "\(context.key.job)",
                    ContainerHost.Label.attempt: "\(context.key.attempt)",
                ])
            spec.mounts = places.map { mount in
                ContainerSpec.Mount(
                    source: paths.path(mount.source), target: mount.target, isReadOnly: mount.isReadOnly)
            }
            let made = spec
            // Not part of what is cancelled: what was made must be known, so that it can be removed.
            _ = try await Task { try await host.engine.create(made, name: name) }.value
            try Task.checkCancellation()
            return try await follow(files)
        } catch let error as EngineError {
            try Task.checkCancellation()
            let sentence = Self.sentence(for: error)
            // Its words may name folders of the machine.
            context.log("the container engine: \(Self.isAboutMounts(error) ? sentence : error.message)")
            throw JobFailure(error, of: host, while: sentence)
        }
    }

    private static func isAboutMounts(_ error: EngineError) -> Bool { error.message.contains("mount") }

    private static func sentence(for error: EngineError) -> String {
        if isAboutMounts(error) {
            return
                "The container engine does not see the worker's files; WORKSPACE_HOST_ROOT says where they are for it."
        }
        return "The container could not be run: the engine refused it; the log says why."
    }

    /// Starts the container and waits for its end, hearing all that it writes.
    private func follow(_ files: BatchFiles) async throws -> ContainerState {
        let (engine, name, limit) = (host.engine, name, limit)
        let news = BatchNews(context)
        let (begun, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let listening = Task {
            defer { continuation.finish() }
            try await engine.attach(to: name, begun: { continuation.yield() }, receive: { news.take($0, $1) })
        }
        defer { listening.cancel() }
        var isHeard = false
        for await _ in begun {
            isHeard = true
            break
        }
        try Task.checkCancellation()
        if !isHeard {
            try await listening.value
            throw EngineError(.strange, "the engine does not let anybody listen to a container")
        }
        try await engine.start(name)
        context.progress(RunProgress(fraction: nil, stage: "running"))
        return try await withThrowingTaskGroup(of: ContainerState?.self) { group in
            group.addTask {
                // Ends with the container, or with the engine: the next question finds out.
                await withTaskCancellationHandler {
                    _ = await listening.result
                } onCancel: {
                    listening.cancel()
                }
                try await engine.wait(for: name)
                news.finish()
                return try await engine.ended(name)
            }
            group.addTask {
                try await files.outputs.watch(limit: limit)
                return nil
            }
            defer { group.cancelAll() }
            while let first = try await group.next() {
                if let first { return first }
            }
            throw CancellationError()
        }
    }

    private func outputs(_ state: ContainerState, _ files: BatchFiles) async throws -> BatchOutputs {
        let (context, limit) = (context, limit)
        return try await Blocking.run {
            try files.outputs.check(limit: limit)
            try BatchVerdict.check(state, context)
            return try BatchOutputs(
                in: files.outputs, function: context.function, scratch: context.scratch, limit: limit)
        }
    }

    /// What the container made unreadable could not be removed by a worker that is not root.
    private func unlock(_ files: BatchFiles) async { try? await Blocking.run { files.outputs.unlock() } }
}

extension ContainerEngine {
    /// How a container that does not run any more ended. The kernel's word about memory may come a moment later.
    func ended(_ name: String) async throws -> ContainerState {
        var state = try await inspect(name)
        for _ in 0..<5 where state.exitCode == 137 && !state.wasOutOfMemory {
            try await ContinuousClock().sleep(for: .milliseconds(100))
            state = try await inspect(name)
        }
        return state
    }
}
