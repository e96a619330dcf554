import StudioCore

/// Containers with the protocol `batch`: one for each attempt, and the file system is the contract.
///
/// The container finds `/studio/request.json`, its inputs as `/studio/inputs/<port>/<number>.<extension>` and its models as
/// `/studio/models/<path>`, all read-only, and writes to `/studio/outputs`. Lines on its standard output that are JSON
/// objects with `progress` are progress; all others are the log.
struct BatchRunner: Runner {
    let host: ContainerHost

    func prepare(_ context: RunContext) async throws {
        guard case .container = context.function.runner else { throw context.unknownRunner }
        try context.checkInputs()
        do throws(EngineError) { _ = try await host.engine.version() } catch {
            throw JobFailure(error, of: host, while: "The container engine did not say what it is.")
        }
    }

    func run(_ context: RunContext) async throws -> RunResult {
        guard case .container(let told) = context.function.runner else { throw context.unknownRunner }
        return try await withThrowingTaskGroup(of: RunResult.self) { race in
            race.addTask { try await BatchAttempt(host: host, context: context, told: told).run() }
            race.addTask {
                try await ContinuousClock().sleep(for: context.timeout)
                throw JobFailure(
                    .runnerTimeout, "The work took longer than the \(context.timeout.components.seconds) s it may take."
                )
            }
            defer { race.cancelAll() }
            // A child that is cancelled ends its container before it returns, and is waited for.
            guard let result = try await race.next() else { throw CancellationError() }
            return result
        }
    }
}
