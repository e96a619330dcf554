import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// Engines and workers that die in the middle.
@Suite("Containers whose engine or worker is lost", .timeLimit(.minutes(10)), .serialized) struct EngineLossTests {
    private static let endless = "echo '{\"progress\": 0, \"stage\": \"painting\"}'; while :; do sleep 0.05; done"

    @Test("An engine that is killed in the middle fails the attempt, to be made again; nothing is left when it is back")
    func engineKilled() async throws {
        let docker = try await PrivateDocker()
        try await ContainerStage.with(docker) { studio in
            let job = try await studio.submit(Self.endless)
            async let record = studio.attempt(job)
            try await studio.untilProgress("painting")
            try await docker.kill()
            let lost = try await record
            #expect(lost.state == .queued)
            let causes = try await studio.stage.sql("SELECT failure->>'code' FROM job_attempts WHERE job_id = '\(job)'")
            #expect(causes == ["runner-failed"])
            // While it is away, other attempts fail the same way and say nothing against the worker.
            let other = try await studio.failure("/picture")
            #expect(other.code == .runnerFailed)
            #expect(try await studio.stage.sql("SELECT count(*) FROM worker_blocks WHERE failures > 0") == ["0"])
            try await docker.start()
            await ContainerSweep(host: studio.host, jobs: studio.stage.jobs, logger: Stage.logger).look()
            #expect(try await docker.containers(label: ContainerHost.Label.attempt) == [])
            let next = try await studio.submit("/picture")
            #expect(try await studio.attempt(next).state == .succeeded)
        }
        try await docker.stop()
    }

    @Test("An engine that is started again at once is no other")
    func engineRestarted() async throws {
        let docker = try await PrivateDocker()
        try await ContainerStage.with(docker) { studio in
            let job = try await studio.submit(Self.endless)
            async let record = studio.attempt(job)
            try await studio.untilProgress("painting")
            try await docker.kill()
            try await docker.start()
            #expect(try await record.state == .queued)
            try await eventually("nothing is left") {
                await ContainerSweep(host: studio.host, jobs: studio.stage.jobs, logger: Stage.logger).look()
                return try await docker.containers(label: ContainerHost.Label.attempt) == []
            }
        }
        try await docker.stop()
    }

    @Test("What a dead worker left running is removed; a living attempt's container and a stranger's are not")
    func leftOvers() async throws {
        try await ContainerStage.with { studio in
            let living = try await studio.submit(Self.endless)
            let stop = RunStop()
            async let record = studio.attempt(living, stop: stop)
            try await studio.untilProgress("painting")
            // A dead worker's: its attempt is over, as far as the database knows.
            let dead = try await studio.submit(Self.endless)
            let image = try #require(try await studio.host.engine.image(ImageReference(ContainerStage.image)))
            let function = try FunctionManifest(ContainerStage.manifest(Self.endless))
            guard case .container(let told) = function.runner else { throw Unexpected(what: "no container") }
            for job in [dead, JobID()] {
                let spec = studio.host.spec(
                    for: function, told, image: image,
                    labels: [ContainerHost.Label.job: "\(job)", ContainerHost.Label.attempt: "1"])
                try await studio.host.engine.start(try await studio.host.engine.create(spec, name: "left-\(job)"))
            }
            await ContainerSweep(host: studio.host, jobs: studio.stage.jobs, logger: Stage.logger).look()
            let left = try await studio.host.engine.list(label: ContainerHost.Label.attempt)
            let jobs = left.compactMap { $0.labels[ContainerHost.Label.job] }
            #expect(!jobs.contains("\(dead)"))
            #expect(jobs.contains("\(living)"))
            #expect(left.count == 2, "a job that this studio does not know is another's: \(left)")
            for container in left where container.labels[ContainerHost.Label.job] != "\(living)" {
                await studio.host.end(container.id, gently: false)
            }
            stop.stop(.cancelled)
            #expect(try await record.state == .cancelled)
        }
    }

    @Test("An engine elsewhere is reached over TCP with TLS, by who shows a certificate")
    func elsewhere() async throws {
        let certificates = try await Certificates()
        let folder = try TemporaryDirectory("certificates")
        for (name, file) in [
            ("ca.pem", certificates.authority), ("cert.pem", certificates.client.certificate),
            ("key.pem", certificates.client.key),
        ] { #expect(symlink(file, folder.path(name)) == 0) }
        let docker = try await PrivateDocker(certificates: certificates)
        try await docker.makeTool()
        let address = try #require(EngineAddress("tcp://localhost:\(docker.port)", certificates: folder.path))
        try await Stage.with { stage in
            let host = ContainerHost(
                engine: ContainerEngine(address), worker: stage.worker, user: ContainerUser(ofWorker: 0, 0))
            let job = try await stage.submit(
                "tool", parameters: [:], manifest: ContainerStage.manifest("echo hello; /picture"))
            let runners = ["container": ContainerRunner(batch: BatchRunner(host: host), cog: nil)]
            let record = try await stage.attempt(job, in: stage.surroundings(runners: runners))
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            #expect(try await stage.jobs.readLog(job).map(\.lines).joined().contains("hello"))
        }
        let stranger = ContainerEngine(.tcp("localhost:\(docker.port)"))
        let error = await #expect(throws: EngineError.self) { try await stranger.version() }
        #expect(error?.code == .refused || error?.code == .unreachable || error?.code == .strange)
        try await docker.stop()
    }
}
