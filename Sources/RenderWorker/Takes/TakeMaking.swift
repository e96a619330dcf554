import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// The way of one attempt from its claim to its published take, or to its end where the function makes none.
struct TakeMaking: Sendable {
    let run: JobRun
    let function: FunctionManifest
    let log: AttemptLog
    let feed: ProgressFeed

    private var job: ClaimedJob { run.job }
    private var surroundings: JobRun.Surroundings { run.surroundings }

    /// Makes the take, or finishes the one that an earlier attempt left behind.
    ///
    /// - Returns: The published take; nil where the function makes none.
    /// - Throws: `JobFailure`, ``RunStopped``, `LeaseLost`, `PostgresError`.
    func make() async throws -> TakeRecord? {
        guard let port = function.primaryOutput else {
            try await runWithoutTake()
            return nil
        }
        let place = try await prepare()
        let (folder, scratch, inputs) = (place.folder, place.scratch, place.inputs)
        let parameters = function.effectiveParameters(job.parameters.objectValue ?? [:], tier: job.quality)
        let made: MadeFile
        if let left = place.left {
            log.write("attempt \(left.attempt) had finished the file; this attempt publishes it")
            run.logger.info("publishing the file of an earlier attempt", metadata: ["earlier": "\(left.attempt)"])
            let hashed = try await run.stop.whileWanted { try await hashes(of: inputs) }
            made = MadeFile(path: left.path, inputs: hashed, origin: TakeOrigin(noted: job.take))
        } else {
            made = try await render(port, parameters, place)
        }
        feed.report(RunProgress(fraction: 1, stage: "publishing"))
        let inspected = try await run.stop.whileWanted {
            try await surroundings.publisher.inspect(made.path, scratch: scratch, log: log.write)
        }
        let finished = FinishedFile(
            path: made.path, port: port, function: function, parameters: parameters, inputs: made.inputs,
            origin: made.origin, inspection: inspected)
        return try await surroundings.publisher.publish(
            finished, for: job, in: folder, stop: run.stop, logger: run.logger)
    }

    /// Runs a function that has no outputs.
    private func runWithoutTake() async throws {
        let runner = try surroundings.runners.runner(for: function)
        let place = runner.usesFiles ? try await prepare() : nil
        let parameters = function.effectiveParameters(job.parameters.objectValue ?? [:], tier: job.quality)
        let context = try await context(parameters, place)
        try await run.stop.whileWanted {
            try await runner.prepare(context)
            _ = try await runner.run(context)
        }
    }

    /// Finds the project, makes the scratch folder, looks for what earlier attempts left, and finds the inputs.
    private func prepare() async throws -> Place {
        let (job, key, function, workspace) = (job, run.key, function, surroundings.workspace)
        return try await Blocking.run {
            let folder = try workspace.project(tenant: job.tenantName, name: job.projectName)
            let scratch = try folder.makeScratch(key)
            var left: LeftFile?
            if let take = job.take, take.publishedAt == nil {
                left = LeftFile.find(of: take, in: folder, into: scratch)
            }
            folder.removeScratches(of: job.id, but: job.attempt)
            let inputs = try InputFiles(job: job, function: function, in: folder)
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

    private func render(
        _ port: FunctionManifest.Port, _ parameters: [String: JSONValue], _ place: Place
    ) async throws -> MadeFile {
        let runner = try surroundings.runners.runner(for: function)
        let context = try await context(parameters, place)
        return try await run.stop.whileWanted {
            async let hashes = hashes(of: place.inputs)
            try await runner.prepare(context)
            let result = try await runner.run(context)
            let path = try result.file(of: port, of: function, in: context.scratch)
            let origin = TakeOrigin(result, runner: function.runner.kind, models: context.models)
            return MadeFile(path: path, inputs: try await hashes, origin: origin)
        }
    }

    private func hashes(of inputs: InputFiles) async throws -> [TakeSidecar.Input] {
        var hashed: [TakeSidecar.Input] = []
        for file in inputs.files {
            try Task.checkCancellation()
            do {
                let content = try await Blocking.run { try FileHash(file: file.path) }
                let digest = content.digest.hex
                hashed.append(TakeSidecar.Input(port: file.port, reference: file.reference, sha256: digest))
            } catch is FileError {
                throw JobFailure(.inputMissing, "The input \(file.port), \(file.reference), cannot be read.")
            }
        }
        return hashed
    }
}

/// Where an attempt works.
private struct Place: Sendable {
    var folder: ProjectFolder
    var scratch: String
    var left: LeftFile?
    var inputs: InputFiles
}

/// What rendering, or an earlier attempt, made.
private struct MadeFile: Sendable {
    var path: String
    var inputs: [TakeSidecar.Input]
    var origin: TakeOrigin
}
