import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTransfer

/// Containers with the protocol `cog`: images that serve predictions over HTTP, whose models stay loaded.
struct CogRunner: Runner {
    let host: ContainerHost
    let containers: WarmContainers

    func prepare(_ context: RunContext) async throws {
        guard case .container = context.function.runner else { throw context.unknownRunner }
        try context.checkInputs()
        try await host.lookForEngine()
    }

    func run(_ context: RunContext) async throws -> RunResult {
        guard case .container(let told) = context.function.runner else { throw context.unknownRunner }
        return try await context.withinTimeout { try await carryOut(told, context) }
    }

    private func carryOut(_ told: FunctionManifest.Container, _ context: RunContext) async throws -> RunResult {
        let image = try await host.image(of: told, for: context)
        let order = WarmOrder(function: context.function, container: told, image: image, models: context.models)
        do {
            let container = try await containers.lease(
                order, waits: { context.progress(RunProgress(fraction: nil, stage: $0)) })
            let attempt = CogAttempt(container: container, containers: containers, host: host, context: context)
            var result = try await attempt.run(limit: Int64(told.outputMegabytes) << 20)
            result.provenance["image"] = .string(told.image)
            result.provenance["imageDigest"] = .string(image.digest(as: ImageReference(told.image)))
            if let version = image.version { result.provenance["modelVersion"] = .string(version) }
            return result
        } catch let error as EngineError {
            try Task.checkCancellation()
            context.log("the container engine: \(error.message)")
            throw JobFailure(error, of: host, while: "The container could not be run: the engine refused it.")
        }
    }
}
