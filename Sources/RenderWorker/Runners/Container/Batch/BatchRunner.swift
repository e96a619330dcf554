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
        try await host.lookForEngine()
    }

    func run(_ context: RunContext) async throws -> RunResult {
        guard case .container(let told) = context.function.runner else { throw context.unknownRunner }
        return try await context.withinTimeout {
            try await BatchAttempt(host: host, context: context, told: told).run()
        }
    }
}
