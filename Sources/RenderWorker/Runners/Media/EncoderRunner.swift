import FoundationEssentials
import QueueProtocol
import StudioCore

/// The built-in media work: every operation in a child process of its own.
struct EncoderRunner: Runner {
    /// Where children come from.
    var child: MediaChild
    /// The address space a child may have, in bytes.
    var memory: Int
    /// The cores of this machine: a child may use all of them for as long as the attempt may take.
    var cores: Int

    func prepare(_ context: RunContext) async throws {
        _ = try operation(of: context)
        try context.checkInputs()
    }

    func run(_ context: RunContext) async throws -> RunResult {
        guard let primary = context.function.primaryOutput else {
            throw JobFailure(.outputInvalid, "The function does not name the file it makes.")
        }
        var places: [String: String] = [:]
        for port in context.function.outputs {
            let fileExtension = port.fileExtension(with: context.parameters) ?? ""
            places[port.name] = "\(context.scratch)/\(port.name).\(fileExtension)"
        }
        let output = places.removeValue(forKey: primary.name) ?? ""
        let request = MediaJobRequest(
            operation: try operation(of: context), inputs: context.inputs, output: output, companions: places,
            parameters: context.parameters, quality: context.quality, seed: context.seed,
            limits: limits(for: context.timeout))
        let started = ContinuousClock.now
        context.log("\(request.operation.rawValue) begins, quality \(context.quality.rawValue)")
        let found = try await child.perform(
            request, timeout: context.timeout, progress: context.progress, log: context.log)
        let taken = (ContinuousClock.now - started).components
        context.log("\(request.operation.rawValue) is done after \(taken.seconds) s")
        var files = places.filter { RegularFile.size(of: $0.value) != nil }
        files[primary.name] = output
        var provenance: [String: JSONValue] = ["operation": .string(request.operation.rawValue)]
        // What was measured on the way, such as how alike two takes are, is told with the take.
        if !found.isNull { provenance["result"] = found }
        return RunResult(files: files, provenance: provenance)
    }

    private func operation(of context: RunContext) throws -> MediaOperation {
        guard case .encoder(let name) = context.function.runner, let operation = MediaOperation.offered(name) else {
            throw context.unknownRunner
        }
        return operation
    }

    func limits(for timeout: Duration) -> MediaJobLimits {
        MediaJobLimits(memory: memory, processorSeconds: Int(timeout.components.seconds) * cores + 1)
    }
}
