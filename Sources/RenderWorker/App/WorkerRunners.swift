import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioCore
import StudioSystem

/// The runners of a worker, put together from its configuration.
struct WorkerRunners: Sendable {
    /// Where children for media work come from.
    let child: MediaChild
    /// The address space that a child may have, in bytes.
    let memory: Int
    let pauses: StopPauses
    /// What the containers of the worker share; nothing is asked of an engine before there is something to run.
    let containers: ContainerHost
    /// Those of them whose models stay loaded.
    let warm: WarmContainers
    /// The folder of what these share with the worker.
    let warmFolder: String
    /// The names of the functions whose models are loaded, at every change; the newest counts.
    let loaded: AsyncStream<Set<String>>
    private let cores: Int
    private let comfyServers: [ComfyAddress]

    /// - Parameters:
    ///   - configuration: The checked settings.
    ///   - worker: The worker whose runners they are; by default one that no other program knows.
    ///   - workspaceRoot: The absolute path of the workspace.
    ///   - childEnvironment: The whole environment of media children.
    ///   - program: The program with the command `media-job`; default this one.
    ///   - logger: Where they tell of faults.
    init(
        _ configuration: StudioConfiguration, worker: WorkerID = WorkerID(), workspaceRoot: String,
        childEnvironment: [String: String], program: String = "/proc/self/exe", logger: Logger
    ) {
        pauses = StopPauses(ask: configuration.worker.askPause, term: configuration.worker.termPause)
        child = MediaChild(program: program, environment: childEnvironment, pauses: pauses)
        memory = configuration.worker.mediaMemoryMegabytes << 20
        containers = ContainerHost(
            engine: ContainerEngine(
                configuration.worker.engine, logins: RegistryLogins(folder: configuration.worker.registryLogins)),
            worker: worker, user: ContainerUser(ofWorker: geteuid(), getegid()), pauses: pauses,
            workspace: configuration.worker.workspaceHostRoot.map { HostPaths.Place(here: workspaceRoot, there: $0) })
        let (loaded, continuation) = AsyncStream.makeStream(of: Set<String>.self, bufferingPolicy: .bufferingNewest(1))
        self.loaded = loaded
        warmFolder = "\(workspaceRoot)/\(WorkspaceLayout.containers)"
        let megabytes = configuration.worker.containerMemoryMegabytes
        warm = WarmContainers(
            host: containers, folder: warmFolder,
            bounds: WarmContainers.Bounds(
                megabytes: megabytes > 0 ? megabytes : Self.machineMegabytes, gpus: configuration.worker.gpus),
            logger: logger, onChange: { continuation.yield($0) })
        comfyServers = configuration.worker.comfyServers.compactMap(ComfyAddress.init)
        cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
    }

    /// The runners by kind.
    ///
    /// - Parameter celery: The runner that needs Redis; nil where there is none.
    /// - Returns: The runners.
    func catalogue(celery: CeleryRunner? = nil) -> RunnerCatalogue {
        var runners: [String: any Runner] = [
            "encoder": EncoderRunner(child: child, memory: memory, cores: cores), "builtin": BuiltinRunner(),
            "container": ContainerRunner(
                batch: BatchRunner(host: containers), cog: CogRunner(host: containers, containers: warm)),
        ]
        runners["celery"] = celery
        if !comfyServers.isEmpty { runners["comfyui"] = ComfyRunner(servers: ComfyServers(comfyServers)) }
        return RunnerCatalogue(runners)
    }

    /// Does work that uses the runners, with what they need running beside it.
    func whileRunning<Result: Sendable>(_ work: @Sendable () async throws -> Result) async throws -> Result {
        let tidying = Task { await warm.run() }
        defer { tidying.cancel() }
        let result: Result
        do {
            result = try await work()
        } catch {
            await warm.stopAll()
            throw error
        }
        await warm.stopAll()
        return result
    }

    private static var machineMegabytes: Int {
        sysconf(Int32(_SC_PHYS_PAGES)) / 1024 * sysconf(Int32(_SC_PAGESIZE)) / 1024
    }
}
