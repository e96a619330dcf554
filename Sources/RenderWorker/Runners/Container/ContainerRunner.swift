import StudioCore

/// Functions whose models come in images of their own: by the contract that the manifest names.
struct ContainerRunner: Runner {
    /// One container for each attempt.
    let batch: BatchRunner
    /// Containers that stay and serve predictions; nil where this worker has none.
    let cog: (any Runner)?

    func prepare(_ context: RunContext) async throws { try await runner(for: context).prepare(context) }

    func run(_ context: RunContext) async throws -> RunResult { try await runner(for: context).run(context) }

    private func runner(for context: RunContext) throws(JobFailure) -> any Runner {
        guard case .container(let told) = context.function.runner else { throw context.unknownRunner }
        switch told.contract {
        case .batch: return batch
        case .cog:
            guard let cog else { throw context.unknownRunner }
            return cog
        }
    }
}
