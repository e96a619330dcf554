import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem

/// One run of a function by its author: with the runners of a worker, without gateway, database, project or credits.
struct FunctionTrial: Sendable {
    let function: FunctionManifest
    /// What the author gives: as a submission does.
    let parameters: [String: JSONValue]
    /// Files by port; absolute or relative to where the author stands.
    let inputs: [String: [String]]
    let quality: QualityTier
    /// Where the files that it makes are put; absolute.
    let outputFolder: String
    /// How long it may take; nil takes the function's own.
    let timeout: Duration?

    /// What came of it.
    struct Outcome: Sendable {
        /// The absolute path of each file that was made, by port.
        var files: [String: String]
        /// What made them.
        var provenance: [String: JSONValue]
    }

    /// Everything that is wrong with parameters and inputs, as a submission would be told.
    func findings() -> [Finding] {
        let effective = function.effectiveParameters(parameters, tier: quality)
        var findings = function.parameters.check(.object(effective), pointer: "/parameters")
        let known = Set(function.inputs.map(\.name))
        for (port, paths) in inputs.sorted(by: { $0.key < $1.key }) {
            let pointer = "/inputs/" + JSONPointer.escaped(port)
            if !known.contains(port) {
                let names = known.isEmpty ? "none" : known.sorted().joined(separator: ", ")
                findings.append(
                    Finding(pointer: pointer, code: "unknown-input", detail: "is not an input; known: \(names)"))
            }
            for path in paths where RegularFile.size(of: path) == nil {
                findings.append(Finding(pointer: pointer, code: "input-missing", detail: "\(path) is no file"))
            }
        }
        return findings
    }

    /// Runs it. The task's cancellation ends it as a cancelled job ends.
    ///
    /// - Parameters:
    ///   - runners: The runners there are.
    ///   - models: Where model files are.
    ///   - progress: Takes in how far it is.
    ///   - log: Takes in the runner's log.
    /// - Returns: What came of it; its files are in the output folder.
    /// - Throws: `StudioError` with ``findings()``, `JobFailure`, or `CancellationError`; then no file is left.
    func run(
        runners: RunnerCatalogue, models: ModelFiles, progress: @escaping @Sendable (RunProgress) -> Void,
        log: @escaping @Sendable (String) -> Void
    ) async throws -> Outcome {
        let wrong = findings()
        guard wrong.isEmpty else { throw StudioError.invalid(wrong) }
        let runner = try runners.runner(for: function)
        let scratch = "\(outputFolder)/.try-\(JobID())"
        try await Blocking.run {
            do {
                try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
            } catch {
                throw JobFailure(.runnerFailed, "Nothing can be written to \(self.outputFolder).")
            }
        }
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let effective = function.effectiveParameters(parameters, tier: quality)
        let context = RunContext(
            key: AttemptKey(job: JobID(), attempt: 1), function: function, inputs: inputs,
            models: try await models.find(function.models, in: nil), scratch: scratch, parameters: effective,
            quality: quality, seed: function.seed(in: effective), timeout: timeout ?? .seconds(function.timeoutSeconds),
            progress: progress, log: log)
        let result = try await context.withinTimeout {
            try await runner.prepare(context)
            return try await runner.run(context)
        }
        return try await Blocking.run { try self.keep(result, from: scratch, with: effective) }
    }

    /// Puts what was made into the output folder, under names that are free there. Blocks.
    private func keep(
        _ result: RunResult, from scratch: String, with parameters: [String: JSONValue]
    ) throws -> Outcome {
        var kept: [String: String] = [:]
        let made = try result.files(of: function, in: scratch)
        for port in function.outputs {
            guard let path = made[port.name] else { continue }
            do {
                kept[port.name] = try placed(path, port, with: parameters)
            } catch let error as FileError {
                throw JobFailure(error, while: "The output \(port.name) cannot be put into \(outputFolder)")
            }
        }
        return Outcome(files: kept, provenance: result.provenance)
    }

    private func placed(
        _ path: String, _ port: FunctionManifest.Port, with parameters: [String: JSONValue]
    ) throws -> String {
        let suffix = port.fileExtension(with: parameters).map { ".\($0)" } ?? ""
        let folder = try SafeDirectory(outputFolder)
        for number in 1...Int.max {
            let name = "\(function.name)-\(port.name)\(number == 1 ? "" : "-\(number)")\(suffix)"
            let place = try RelativePath(name)
            do {
                _ = try FilePlacement.placeWithoutReplacing(
                    source: path, destination: try FileDestination(in: folder, at: place), permissions: 0o644)
                return folder.absolutePath(of: place)
            } catch let error as FileError where error.code == .alreadyExists {
                continue
            }
        }
        throw FileError(.alreadyExists, message: "every name is taken", detail: outputFolder)
    }
}
