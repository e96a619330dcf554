import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// A stage whose worker keeps containers of a real engine with the real Cog warm.
struct CogStage: Sendable {
    static let image = "studio-test/cog:1"

    let stage: Stage
    let docker: PrivateDocker
    let host: ContainerHost
    let containers: WarmContainers
    let warm: Watched<[Set<String>]>
    let reports = Watched<[ProgressReport]>([])

    /// Runs a test; at its end no container of it may be left.
    static func with(
        _ engine: PrivateDocker? = nil, megabytes: Int = 8192, _ body: (CogStage) async throws -> Void
    ) async throws {
        let docker = if let engine { engine } else { try await PrivateDocker.shared() }
        try await docker.cogImage(image)
        try await Stage.with { stage in
            let host = ContainerHost(
                engine: ContainerEngine(.unixSocket(docker.socket)), worker: stage.worker,
                user: ContainerUser(ofWorker: 0, 0))
            let warm = Watched<[Set<String>]>([])
            let folder = stage.workspace.path(WorkspaceLayout.containers)
            let containers = WarmContainers(
                host: host, folder: folder, bounds: WarmContainers.Bounds(megabytes: megabytes), logger: Stage.logger,
                onChange: { names in warm.update { $0.append(names) } })
            let running = Task { await containers.run() }
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await body(
                        CogStage(stage: stage, docker: docker, host: host, containers: containers, warm: warm)))
            } catch { result = .failure(error) }
            running.cancel()
            await containers.stopAll()
            try result.get()
            #expect(try await docker.containers(label: "studio.worker=\(stage.worker)") == [], "containers are left")
            #expect((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] == [], "folders are left")
            #expect(warm.value.last ?? [] == [])
        }
    }

    var surroundings: JobRun.Surroundings {
        let reports = reports
        return stage.surroundings(
            runners: [
                "container": ContainerRunner(
                    batch: BatchRunner(host: host), cog: CogRunner(host: host, containers: containers))
            ],
            progress: { report in reports.update { $0.append(report) } })
    }

    static func manifest(
        _ name: String = "lake", runner: [String: JSONValue] = [:], resources: [String: JSONValue] = [:],
        more: [String: JSONValue] = [:]
    ) -> JSONValue {
        let told: [String: JSONValue] = [
            "kind": "container", "image": .string(image), "protocol": "cog", "outputMB": 256, "temporaryMB": 256,
            "setupSeconds": 60,
        ]
        let needs: [String: JSONValue] = ["queue": "studio", "memoryMB": 512, "cpus": 2]
        let text: JSONValue = ["type": "string"]
        let manifest: [String: JSONValue] = [
            "name": .string(name), "version": "1.0.0", "title": "Lake",
            "parameters": [
                "type": "object",
                "properties": [
                    "prompt": text, "width": ["type": "integer"], "height": ["type": "integer"],
                    "seed": ["type": "integer"], "steps": ["type": "integer"], "mode": text, "make": text,
                    "strength": ["type": "number", "default": 0.25], "prmpt": text,
                ],
            ],
            "inputs": [
                "image": ["type": "image", "required": false],
                "images": ["type": "image", "required": false, "list": true],
                "notes": ["type": "text", "required": false],
            ],
            "outputs": ["image": ["type": "image", "primary": true, "extension": "png"]],
            "resources": .object(needs.merging(resources) { $1 }), "runner": .object(told.merging(runner) { $1 }),
        ]
        return .object(manifest.merging(more) { $1 })
    }

    func submit(
        _ parameters: JSONValue = [:], name: String = "lake", inputs: [String: String] = [:], maxAttempts: Int = 1,
        timeoutSeconds: Int = 120, runner: [String: JSONValue] = [:], resources: [String: JSONValue] = [:],
        more: [String: JSONValue] = [:]
    ) async throws -> JobID {
        try await stage.submit(
            name, parameters: parameters, inputs: inputs, maxAttempts: maxAttempts, timeoutSeconds: timeoutSeconds,
            manifest: Self.manifest(name, runner: runner, resources: resources, more: more))
    }

    func attempt(_ job: JobID, stop: RunStop = RunStop()) async throws -> JobRecord {
        try await stage.attempt(job, in: surroundings, stop: stop)
    }

    /// Submits a job and carries out its only attempt.
    func run(
        _ parameters: JSONValue = [:], name: String = "lake", inputs: [String: String] = [:],
        runner: [String: JSONValue] = [:], resources: [String: JSONValue] = [:], more: [String: JSONValue] = [:]
    ) async throws -> JobRecord {
        try await attempt(
            submit(parameters, name: name, inputs: inputs, runner: runner, resources: resources, more: more))
    }

    /// Carries out a job that succeeds, and tells which loading of the model made it.
    func model(_ job: JobID) async throws -> String {
        let record = try await attempt(job)
        let log = try await log(job)
        #expect(record.state == .succeeded, "\(String(describing: record.failure))\n\(log)")
        return try #require(log.split(separator: "\n").first { $0.hasPrefix("model ") }.map(String.init), "\(log)")
    }

    func log(_ job: JobID) async throws -> String { try await stage.jobs.readLog(job).map(\.lines).joined() }

    /// The ids of this worker's containers that there are.
    func living(_ name: String? = nil) async throws -> [String] {
        let label = name.map { "studio.function=\($0) 1.0.0" } ?? "studio.worker=\(stage.worker)"
        return try await docker.containers(label: label)
    }

    /// Waits until a job's progress says something.
    func untilProgress(_ stage: String, of job: JobID) async throws {
        _ = try await reports.wait("progress says \(stage)") { $0.last { $0.job == job && $0.stage == stage } }
    }

    /// Waits until a job's model is in the middle of its work.
    func untilAtWork(_ job: JobID) async throws {
        _ = try await reports.wait("the model is at work") { $0.last { $0.job == job && $0.progress == 0.75 } }
    }
}
