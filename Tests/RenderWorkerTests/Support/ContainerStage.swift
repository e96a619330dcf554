import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// A stage whose worker runs containers of a real engine.
struct ContainerStage: Sendable {
    static let image = PrivateDocker.tool
    static let picture = PrivateDocker.picture

    let stage: Stage
    let docker: PrivateDocker
    let host: ContainerHost
    let reports = Watched<[ProgressReport]>([])

    /// Runs a test on the engine that all share, or on one of its own; at its end no container of it may be left.
    static func with(
        _ docker: PrivateDocker? = nil, pauses: StopPauses = StopPauses(), _ body: (ContainerStage) async throws -> Void
    ) async throws {
        let engine = if let docker { docker } else { try await PrivateDocker.shared() }
        try await engine.makeTool()
        try await Stage.with { stage in
            let host = ContainerHost(
                engine: ContainerEngine(.unixSocket(engine.socket)), worker: stage.worker,
                user: ContainerUser(ofWorker: 0, 0), pauses: pauses)
            try await body(ContainerStage(stage: stage, docker: engine, host: host))
            let left = try await engine.containers(label: "\(ContainerHost.Label.worker)=\(stage.worker)")
            #expect(left == [], "containers are left")
        }
    }

    var surroundings: JobRun.Surroundings {
        let reports = reports
        return stage.surroundings(
            runners: [
                "container": ContainerRunner(batch: BatchRunner(host: host), cog: nil),
                "encoder": EncoderRunner(child: stage.child, memory: Stage.memory, cores: 2),
            ],
            progress: { report in reports.update { $0.append(report) } })
    }

    /// The manifest of a function that runs a shell script in the tests' image.
    static func manifest(
        _ script: String, image: String = image, runner: [String: JSONValue] = [:],
        resources: [String: JSONValue] = [:], more: [String: JSONValue] = [:]
    ) -> JSONValue {
        let told: [String: JSONValue] = [
            "kind": "container", "image": .string(image), "command": ["sh", "-c", .string(script)], "outputMB": 64,
            "temporaryMB": 16,
        ]
        let needs: [String: JSONValue] = ["queue": "studio", "memoryMB": 128, "cpus": 1]
        let manifest: [String: JSONValue] = [
            "name": "tool", "version": "1.0.0", "title": "Tool",
            "parameters": [
                "type": "object",
                "properties": ["strength": ["type": "number", "default": 0.5], "seed": ["type": "integer"]],
            ],
            "inputs": [
                "image": ["type": "image", "required": false],
                "frames": ["type": "image", "required": false, "list": true],
            ],
            "outputs": ["image": ["type": "image", "primary": true, "extension": "png"]],
            "resources": .object(needs.merging(resources) { $1 }), "runner": .object(told.merging(runner) { $1 }),
        ]
        return .object(manifest.merging(more) { $1 })
    }

    /// Admits a job that runs a shell script.
    func submit(
        _ script: String, parameters: JSONValue = [:], inputs: [String: String] = [:], maxAttempts: Int = 3,
        timeoutSeconds: Int = 120, image: String = image, runner: [String: JSONValue] = [:],
        resources: [String: JSONValue] = [:], more: [String: JSONValue] = [:]
    ) async throws -> JobID {
        try await stage.submit(
            "tool", parameters: parameters, inputs: inputs, maxAttempts: maxAttempts, timeoutSeconds: timeoutSeconds,
            manifest: Self.manifest(script, image: image, runner: runner, resources: resources, more: more))
    }

    /// Claims and carries out one attempt.
    func attempt(_ job: JobID, stop: RunStop = RunStop()) async throws -> JobRecord {
        try await stage.attempt(job, in: surroundings, stop: stop)
    }

    /// Submits a script's job, carries out its only attempt and returns why it failed.
    func failure(
        _ script: String, inputs: [String: String] = [:], timeoutSeconds: Int = 120, image: String = image,
        runner: [String: JSONValue] = [:], resources: [String: JSONValue] = [:], more: [String: JSONValue] = [:]
    ) async throws -> JobFailure {
        let job = try await submit(
            script, inputs: inputs, maxAttempts: 1, timeoutSeconds: timeoutSeconds, image: image, runner: runner,
            resources: resources, more: more)
        let record = try await attempt(job)
        let log = try await log(job)
        return try #require(record.failure, "it ended well:\n\(log)")
    }

    /// The failure of a script that needs more memory than it may have.
    ///
    /// Once in some 140 times, on a machine at work, the engine does not hear why the container is gone (containerd issue 8893).
    /// The failure says so much then, and the script is tried again.
    func memoryFailure(_ script: String, megabytes: Int) async throws -> JobFailure {
        for _ in 0..<2 {
            let failure = try await failure(script, resources: ["memoryMB": .integer(Int64(megabytes))])
            guard failure.message.hasPrefix("The container was killed. It may have needed more") else { return failure }
        }
        return try await failure(script, resources: ["memoryMB": .integer(Int64(megabytes))])
    }

    func log(_ job: JobID) async throws -> String { try await stage.jobs.readLog(job).map(\.lines).joined() }

    /// Waits until a job's progress says something.
    func untilProgress(_ stage: String) async throws {
        _ = try await reports.wait("progress says \(stage)") { $0.last { $0.stage == stage } }
    }
}
