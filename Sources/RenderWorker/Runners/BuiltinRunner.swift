import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem

/// What the worker does by itself, without a process of its own.
struct BuiltinRunner: Runner {
    /// The operations that manifests may name.
    enum Operation: String, Sendable, CaseIterable {
        /// Nothing, for as long as the parameter `milliseconds` says.
        case noop
        /// The parameter `text` as a file, behind what the files of the input `before` say.
        case text
        /// The file of the input `source` once more, as it is.
        case publish
    }

    let usesFiles = false

    func prepare(_ context: RunContext) async throws {
        _ = try operation(of: context)
    }

    func run(_ context: RunContext) async throws -> RunResult {
        switch try operation(of: context) {
        case .noop:
            let length = context.parameters["milliseconds"]?.intValue ?? 0
            if length > 0 { try await ContinuousClock().sleep(for: .milliseconds(length)) }
            return RunResult(files: [:])
        case .text: return try await text(context)
        case .publish: return try await publish(context)
        }
    }

    /// As much text as is read of the files before it, in bytes.
    private static let longestText = 16 << 20

    private func text(_ context: RunContext) async throws -> RunResult {
        let output = try output(of: context)
        let (before, own) = (context.inputs["before"] ?? [], context.parameters["text"]?.stringValue ?? "")
        try await Blocking.run {
            var whole = Data()
            for path in before {
                guard let size = RegularFile.size(of: path), whole.count + Int(size) <= Self.longestText,
                    let bytes = FileManager.default.contents(atPath: path)
                else { throw JobFailure(.inputInvalid, "The texts before it are longer than 16 MiB.") }
                whole.append(bytes)
            }
            whole.append(Data((own + "\n").utf8))
            try Self.write(whole, to: output.path)
        }
        return RunResult(files: [output.port: output.path])
    }

    private static func write(_ bytes: Data, to path: String) throws(JobFailure) {
        do {
            try bytes.write(to: URL(filePath: path))
        } catch {
            throw JobFailure(.storageFull, "The text could not be written.")
        }
    }

    /// Never a second name of the same file: the source stays in the cache, and what is published is people's.
    private func publish(_ context: RunContext) async throws -> RunResult {
        let output = try output(of: context)
        guard let source = context.inputs["source"]?.first else {
            throw JobFailure(.inputMissing, "There is nothing to publish.")
        }
        let scratch = context.scratch
        do {
            _ = try await Blocking.run {
                let name = try RelativePath(String(output.path.dropFirst(scratch.count + 1)))
                return try FilePlacement.placeWithoutReplacing(
                    source: source, destination: try FileDestination(in: SafeDirectory(scratch), at: name),
                    permissions: 0o644, hardLinks: false)
            }
        } catch let error as FileError {
            throw JobFailure(error, while: "The file could not be taken over")
        }
        return RunResult(files: [output.port: output.path])
    }

    private func output(of context: RunContext) throws(JobFailure) -> (port: String, path: String) {
        guard let port = context.function.primaryOutput, !context.scratch.isEmpty else {
            throw JobFailure(.parametersInvalid, "\(context.function.name) names no output.")
        }
        let type = port.fileExtension(with: context.parameters) ?? "bin"
        return (port.name, "\(context.scratch)/\(port.name).\(type)")
    }

    private func operation(of context: RunContext) throws -> Operation {
        guard case .builtin(let name) = context.function.runner, let operation = Operation(rawValue: name) else {
            throw context.unknownRunner
        }
        return operation
    }
}
