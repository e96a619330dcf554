import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// The way of one attempt from its claim to its published take or files, or to its end where the function makes none.
struct OutputMaking: Sendable {
    let run: JobRun
    let function: FunctionManifest
    let log: AttemptLog
    let feed: ProgressFeed

    private var job: ClaimedJob { run.job }
    private var surroundings: JobRun.Surroundings { run.surroundings }

    /// Makes the take or the files, or finishes those that an earlier attempt left behind.
    ///
    /// - Returns: What is published.
    /// - Throws: `JobFailure`, ``RunStopped``, `LeaseLost`, `PostgresError`.
    func make() async throws -> Published {
        guard let port = function.primaryOutput else {
            try await runWithoutOutput()
            return .nothing
        }
        let place = try await prepare(primary: port)
        let parameters = function.effectiveParameters(job.parameters.objectValue ?? [:], tier: job.quality)
        let made: MadeFiles
        if let left = place.left {
            log.write("attempt \(left.attempt) had finished the file; this attempt publishes it")
            run.logger.info("publishing the file of an earlier attempt", metadata: ["earlier": "\(left.attempt)"])
            let hashed = try await run.stop.whileWanted { try await hashes(of: place.inputs) }
            made = MadeFiles(paths: left.paths, inputs: hashed, origin: TakeOrigin(noted: job.take))
        } else {
            if job.isWithoutParts { log.write("a chunk could not be made of the source; this is made in one piece") }
            made = try await render(parameters, place)
        }
        feed.report(RunProgress(fraction: 1, stage: "publishing"))
        var outputs: [FinishedOutput] = function.outputs.compactMap { port in
            made.paths[port.name].map {
                FinishedOutput(port: port, path: $0, fileExtension: port.fileExtension(with: parameters) ?? "")
            }
        }
        guard let first = outputs.firstIndex(where: { $0.port.name == port.name }) else {
            throw JobFailure(.outputInvalid, "The function did not make its output \(port.name).")
        }
        let thumbnail = try await lookInto(&outputs[first], scratch: place.scratch)
        guard job.destination == .take else {
            return .files(
                try await surroundings.filePublisher.publish(
                    outputs, primary: port.name, for: job, in: place.folder, stop: run.stop, logger: run.logger))
        }
        let output = outputs.remove(at: first)
        let finished = FinishedFile(
            output: output, companions: outputs, thumbnail: thumbnail, parameters: parameters, inputs: made.inputs,
            origin: made.origin)
        let take = try await surroundings.publisher.publish(
            finished, for: job, in: place.folder, keptIn: surroundings.workspace.objects, stop: run.stop,
            logger: run.logger)
        // Only a film that was made in chunks has parts.
        if job.isWithoutParts || job.inputs.keys.contains(where: { $0.hasPrefix("chunks/") }) {
            await surroundings.filePublisher.removeParts(of: job.id, in: place.folder, logger: run.logger)
        }
        return .take(take)
    }

    /// Finds out what the primary output is, where it is media.
    ///
    /// - Returns: The absolute path of its thumbnail; nil where there is none.
    private func lookInto(_ output: inout FinishedOutput, scratch: String) async throws -> String? {
        guard output.isMedia else { return nil }
        let path = output.path
        let inspected = try await run.stop.whileWanted {
            try await surroundings.publisher.inspect(path, scratch: scratch, log: log.write)
        }
        output.probe = inspected.probe
        return inspected.thumbnail
    }

    /// Runs a function that has no outputs.
    private func runWithoutOutput() async throws {
        let runner = try surroundings.runners.runner(for: function)
        let place = runner.usesFiles ? try await prepare(primary: nil) : nil
        let parameters = function.effectiveParameters(job.parameters.objectValue ?? [:], tier: job.quality)
        let context = try await context(parameters, place)
        try await run.stop.whileWanted {
            try await runner.prepare(context)
            _ = try await runner.run(context)
        }
    }

    /// Finds the project, makes the scratch folder, looks for what earlier attempts left, and finds the inputs.
    private func prepare(primary: FunctionManifest.Port?) async throws -> Place {
        let (job, key, workspace) = (job, run.key, surroundings.workspace)
        try await InputFiles.restore(job, in: workspace, stop: run.stop, logger: run.logger)
        return try await Blocking.run {
            let folder = try workspace.project(tenant: job.tenantName, name: job.projectName)
            let scratch = try folder.makeScratch(key)
            let left = primary.flatMap { LeftFiles.find(of: job, primary: $0, in: folder, into: scratch) }
            folder.removeScratches(of: job.id, but: job.attempt)
            let inputs = try InputFiles(job: job, in: folder, workspace: workspace)
            return Place(folder: folder, scratch: scratch, left: left, inputs: inputs)
        }
    }

    private func context(_ parameters: [String: JSONValue], _ place: Place?) async throws -> RunContext {
        var models: [ModelFile] = []
        if let folder = place?.folder, !function.models.isEmpty {
            models = try await run.stop.whileWanted {
                try await surroundings.models.find(function.models, in: folder)
            }
        }
        return RunContext(
            key: run.key, function: function, inputs: place?.inputs.paths ?? [:], models: models,
            scratch: place?.scratch ?? "", parameters: parameters, quality: job.quality,
            seed: function.seed(in: parameters), timeout: .seconds(job.timeoutSeconds),
            progress: feed.report, log: log.write)
    }

    private func render(_ parameters: [String: JSONValue], _ place: Place) async throws -> MadeFiles {
        let runner = try surroundings.runners.runner(for: function)
        let context = try await context(parameters, place)
        return try await run.stop.whileWanted {
            // What lies where anybody may write is held against what its job made, before anything is made of it.
            let checked = try await hashes(of: place.inputs.files.filter { $0.sha256 != nil })
            async let hashes = hashes(of: place.inputs, known: checked)
            try await runner.prepare(context)
            let result = try await runner.run(context)
            let paths = try result.files(of: function, in: context.scratch)
            let origin = TakeOrigin(result, runner: function.runner.kind, models: context.models)
            return MadeFiles(paths: paths, inputs: try await hashes, origin: origin)
        }
    }

    /// What the inputs hold, in their order.
    private func hashes(of inputs: InputFiles, known: [String: String] = [:]) async throws -> [TakeSidecar.Input] {
        let found = try await hashes(of: inputs.files.filter { known[$0.path] == nil }).merging(known) { $1 }
        return inputs.files.map {
            TakeSidecar.Input(port: $0.port, reference: $0.reference, sha256: found[$0.path] ?? "")
        }
    }

    /// What files hold, by their paths.
    private func hashes(of files: [InputFiles.File]) async throws -> [String: String] {
        var hashed: [String: String] = [:]
        var gone = InputsGone()
        for file in files {
            try Task.checkCancellation()
            do throws(JobFailure) {
                hashed[file.path] = try await Self.hash(of: file)
            } catch {
                guard !error.retryable, let maker = JobID(madeBy: file.reference) else { throw error }
                gone.add(maker, error)
            }
        }
        guard gone.jobs.isEmpty else { throw gone }
        return hashed
    }

    /// What a file holds, which must be what was said of it.
    private static func hash(of file: InputFiles.File) async throws(JobFailure) -> String {
        let found: String
        do {
            found = try await Blocking.run { try FileHash(file: file.path) }.digest.hex
        } catch {
            let isGone = (error as? FileError)?.code == .notFound
            throw JobFailure(
                .inputMissing,
                "The input \(file.port), \(file.reference), \(isGone ? "is not there" : "cannot be read").",
                retryable: !isGone)
        }
        guard found == file.sha256 ?? found else {
            throw JobFailure(
                .inputMissing, "The input \(file.port), \(file.reference), is not the file any more that was meant.")
        }
        return found
    }
}

/// What an attempt has published.
enum Published: Sendable {
    /// The function makes no file; the job's success is still to be written down.
    case nothing
    case take(TakeRecord)
    /// Files without a take, by their paths below the project's folder, the primary one first.
    case files([String])
}

/// Where an attempt works.
private struct Place: Sendable {
    var folder: ProjectFolder
    var scratch: String
    var left: LeftFiles?
    var inputs: InputFiles
}

/// What rendering, or an earlier attempt, made.
private struct MadeFiles: Sendable {
    /// By the outputs' names.
    var paths: [String: String]
    var inputs: [TakeSidecar.Input]
    var origin: TakeOrigin
}
