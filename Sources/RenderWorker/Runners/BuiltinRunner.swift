import QueueProtocol
import StudioCore

/// What the worker does by itself, without files and without a process of its own.
struct BuiltinRunner: Runner {
    /// The operations that manifests may name.
    enum Operation: String, Sendable, CaseIterable {
        /// Nothing, for as long as the parameter `milliseconds` says.
        case noop
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
        }
        return RunResult(files: [:])
    }

    private func operation(of context: RunContext) throws -> Operation {
        guard case .builtin(let name) = context.function.runner, let operation = Operation(rawValue: name) else {
            throw context.unknownRunner
        }
        return operation
    }
}
