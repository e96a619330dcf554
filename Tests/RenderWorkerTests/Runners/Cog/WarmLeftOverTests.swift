import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// What is left of warm containers where a worker or an engine dies.
@Suite("What warm containers leave", .timeLimit(.minutes(10)), .serialized) struct WarmLeftOverTests {
    @Test("What a dead worker left warm is removed, with its folder; others' is left alone")
    func sweep() async throws {
        try await CogStage.with { studio in
            let folder = studio.stage.workspace.path("left")
            let workers = WorkerStore(studio.stage.database)
            var hosts: [WorkerID: (containers: WarmContainers, name: String)] = [:]
            let (dead, living, stranger) = (WorkerID(), WorkerID(), WorkerID())
            for worker in [dead, living, stranger] {
                let host = ContainerHost(
                    engine: studio.host.engine, worker: worker, user: studio.host.user)
                let containers = WarmContainers(
                    host: host, folder: folder, bounds: .init(megabytes: 4096), logger: Stage.logger)
                let function = try FunctionManifest(CogStage.manifest())
                guard case .container(let told) = function.runner else { return }
                let image = try #require(try await host.engine.image(ImageReference(CogStage.image)))
                let lease = try await containers.lease(
                    WarmOrder(function: function, container: told, image: image, models: []), waits: { _ in })
                hosts[worker] = (containers, lease.name)
                if worker != stranger {
                    try await workers.register(
                        WorkerRegistration(
                            id: worker, name: "w", hostname: "h", pid: 1, version: "1", queues: ["studio"], slots: 1))
                }
            }
            try await workers.stop(dead)
            let sweep = WarmSweep(
                host: studio.host, own: studio.containers, workers: workers, folder: folder, silence: .seconds(60),
                logger: Stage.logger)
            await sweep.look()
            for (worker, held) in hosts {
                let left = try await studio.docker.containers(label: "studio.worker=\(worker)")
                #expect(left.isEmpty == (worker == dead))
                #expect(FileManager.default.fileExists(atPath: "\(folder)/\(held.name)") == (worker != dead))
                await held.containers.stopAll()
            }
        }
    }

    @Test("An engine that is killed in the middle costs an attempt, and the model is loaded again")
    func engineKilled() async throws {
        let docker = try await PrivateDocker()
        try await CogStage.with(docker) { studio in
            let before = try await studio.model(studio.submit())
            let job = try await studio.submit(["mode": "wait"], maxAttempts: 2)
            async let record = studio.attempt(job)
            try await studio.untilAtWork(job)
            try await docker.kill()
            // What runs goes on without it, and ends when it is back.
            try await docker.start()
            #expect(try await record.state == .queued)
            #expect(try await studio.model(studio.submit()) != before)
            let sweep = WarmSweep(
                host: studio.host, own: studio.containers, workers: WorkerStore(studio.stage.database),
                folder: studio.stage.workspace.path(WorkspaceLayout.containers), silence: .seconds(60),
                logger: Stage.logger)
            await sweep.look()
            #expect(try await studio.living().count == 1)
        }
        try await docker.stop()
    }

    @Test("A link that a container puts in the place of its socket leads nowhere")
    func socket() throws {
        let folder = try TemporaryDirectory("box")
        let box = WarmBox(path: folder.path)
        try folder.write([], to: "link/\(CogRelay.socket)")
        #expect(!isThere(box), "a file")
        let path = folder.path("link/\(CogRelay.socket)")
        unlink(path)
        let other = folder.path("other")
        let listening = try UnixListener(other)
        #expect(symlink(other, path) == 0)
        #expect(!isThere(box), "a link")
        unlink(path)
        #expect(rename(other, path) == 0)
        #expect(isThere(box))
        listening.end()
    }

    private func isThere(_ box: WarmBox) -> Bool { box.socket()?.raw != nil }
}

/// A socket that somebody listens on.
private final class UnixListener: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(100)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(descriptor, 1) == 0 else { throw Unexpected(what: "bind of \(path): \(errno)") }
    }

    func end() { close(descriptor) }
}
