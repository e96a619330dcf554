import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem
import StudioTransfer

/// Functions that ComfyUI servers carry out: one prompt for each attempt, queued at the server that is chosen, followed by
/// socket and history, its files fetched.
///
/// The prompt's id is made of the job's and the attempt's, so that a later attempt can end what an earlier one left
/// running. Names of files have both in them, so that no cached result can name a file of another run.
struct ComfyRunner: Runner {
    /// What a job's progress says while its prompt waits at the server.
    static let waitingStage = "waiting for ComfyUI"

    let servers: ComfyServers
    var pace = ComfyPace()

    func prepare(_ context: RunContext) async throws {
        let told = try told(context)
        try context.checkInputs()
        for port in context.function.inputs where port.isList {
            let (files, places) = (context.inputs[port.name]?.count ?? 0, told.inputs[port.name]?.count ?? 0)
            if files > 0, files != places {
                throw JobFailure(.parametersInvalid, "The port \(port.name) takes \(places) files, not \(files).")
            }
        }
    }

    func run(_ context: RunContext) async throws -> RunResult {
        let told = try told(context)
        await endEarlier(context.key)
        let choice = try await servers.choose(for: context.function.name, types: told.classes)
        defer { servers.release(choice) }
        do {
            return try await carryOut(told, at: choice.server, context)
        } catch let failure as JobFailure {
            if failure.code == .workerLost { servers.avoid(choice) }
            throw failure
        } catch let trouble as ComfyServer.Trouble {
            servers.avoid(choice)
            throw ComfyFailure.lost("The ComfyUI server \(choice.server.address.label) failed: \(trouble)")
        }
    }

    private func carryOut(
        _ told: FunctionManifest.ComfyWorkflow, at server: ComfyServer, _ context: RunContext
    ) async throws -> RunResult {
        let key = context.key
        var names: [String: [String]] = [:]
        for (port, paths) in context.inputs.sorted(by: { $0.key < $1.key }) where told.inputs[port] != nil {
            for path in paths {
                let count = names.values.reduce(0) { $0 + $1.count } + 1
                let name = "\(key.job)_\(key.attempt)_\(count)\(Self.ending(of: path))"
                names[port, default: []].append(try await server.upload(path, as: name, in: "studio"))
            }
        }
        let prompt = ComfyPrompt(
            id: Self.prompt(key), server: server, workflow: told, pace: pace, progress: context.progress,
            log: context.log)
        let record = try await prompt.carryOut(
            told.prompt(
                parameters: context.parameters, files: names, seed: context.seed,
                prefix: "studio/\(key.job)/\(key.attempt)"))
        guard record["status"]?["status_str"] == "success" else {
            let failure = ComfyFailure.failure(of: record, told, log: context.log)
            try? await server.forget(prompt.id)
            throw failure
        }
        let outputs = try ComfyOutputs.matched(record, told, context.function)
        let files = try await ComfyFetching(server: server, function: context.function, pace: pace).fetch(
            outputs, to: context.scratch, limit: Int64(told.outputMegabytes) << 20)
        // What it keeps of the prompt is of no use any more, and its memory is all that bounds it.
        try? await server.forget(prompt.id)
        var provenance: [String: JSONValue] = [
            // Of the workflow as the manifest has it: the same for all takes of a version.
            "workflowSHA256": .string(SHA256.hex(of: try JSONText.compact(told.document, sortedKeys: true))),
            "server": .string(server.address.label),
        ]
        if let version = await server.version() { provenance["comfyuiVersion"] = .string(version) }
        return RunResult(files: files, provenance: provenance)
    }

    /// Ends what earlier attempts may have left at any server: nobody would take it, and it would be in the way.
    private func endEarlier(_ key: AttemptKey) async {
        let earlier = (1..<max(1, key.attempt)).suffix(20).map {
            Self.prompt(AttemptKey(job: key.job, attempt: $0))
        }
        guard !earlier.isEmpty else { return }
        await withDiscardingTaskGroup { group in
            for server in servers.servers {
                group.addTask {
                    guard let queue = try? await server.queue() else { return }
                    for prompt in earlier where queue.has(prompt) { try? await server.end(prompt) }
                }
            }
        }
    }

    /// The id of an attempt's prompt: a UUID in small letters, the only form that is taken.
    static func prompt(_ key: AttemptKey) -> String {
        let digest = SHA256.hex(of: Array("comfyui \(key.job) \(key.attempt)".utf8))
        // Version 8, whose bits are the maker's own affair, and the variant of RFC 9562.
        let text = digest.prefix(12) + "8" + digest.dropFirst(13).prefix(3) + "8" + digest.dropFirst(17).prefix(15)
        return [(0, 8), (8, 4), (12, 4), (16, 4), (20, 12)]
            .map { String(text.dropFirst($0.0).prefix($0.1)) }.joined(separator: "-")
    }

    /// A path's extension as a name on any server may have it.
    private static func ending(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        let ending = name[name.index(after: dot)...].lowercased()
        return ending.wholeMatch(of: #/[a-z0-9]{1,8}/#) == nil ? "" : ".\(ending)"
    }

    private func told(_ context: RunContext) throws(JobFailure) -> FunctionManifest.ComfyWorkflow {
        guard case .comfyui(let told) = context.function.runner else {
            throw context.unknownRunner
        }
        return told
    }
}

/// How often and how long a ComfyUI server is asked.
struct ComfyPace: Sendable {
    /// How often its history is looked at, whatever its socket tells.
    var poll = Duration.seconds(2)
    /// How long nobody may be there before the server counts as lost. A process that starts anew has forgotten everything.
    var gone = Duration.seconds(6)
    /// How long an attempt that is ended waits for the server to have heard of it.
    var ending = Duration.seconds(5)
    /// The first pause before a lost socket is connected anew; it doubles.
    var reconnect = Duration.milliseconds(250)
    /// The longest pause before a lost socket is connected anew.
    var longestReconnect = Duration.seconds(8)
}
