import FoundationEssentials
import QueueProtocol
import StudioCore
import Synchronization

/// What all containers of a worker share: the engine, who they run as, how they are found again, how they end.
final class ContainerHost: Sendable {
    /// The names of the labels by which containers are found.
    enum Label {
        static let job = "studio.job"
        static let attempt = "studio.attempt"
        static let worker = "studio.worker"
        static let function = "studio.function"
    }

    /// How long an engine that was lost is waited for, to end what must not go on.
    static let endingPatience = Duration.seconds(5)

    /// Where every container has something of the studio's.
    private static let taken = ["/tmp", BatchFiles.root]

    let engine: ContainerEngine
    let worker: WorkerID
    /// Who containers run as.
    let user: ContainerUser
    /// How long a container gets to end when it is to end early: SIGTERM comes first, SIGKILL after both pauses.
    let pauses: StopPauses
    private let override: HostPaths.Place?
    private let known = Mutex<HostPaths?>(nil)

    /// - Parameters:
    ///   - engine: The engine.
    ///   - worker: The worker.
    ///   - user: Who containers run as.
    ///   - pauses: How long a container gets to end.
    ///   - workspace: What an operator says the workspace is for the engine; nil asks the engine.
    init(
        engine: ContainerEngine, worker: WorkerID, user: ContainerUser, pauses: StopPauses = StopPauses(),
        workspace: HostPaths.Place? = nil
    ) {
        self.engine = engine
        self.worker = worker
        self.user = user
        self.pauses = pauses
        override = workspace
    }

    /// Looks whether there is an engine.
    ///
    /// - Throws: `JobFailure` where there is none.
    func lookForEngine() async throws(JobFailure) {
        do throws(EngineError) { _ = try await engine.version() } catch {
            throw JobFailure(error, of: self, while: "The container engine did not say what it is.")
        }
    }

    /// Where the worker's files are for the engine; found out once.
    func paths() async throws(EngineError) -> HostPaths {
        if let paths = known.withLock({ $0 }) { return paths }
        let paths = try await HostPaths.find(by: engine, override: override)
        known.withLock { $0 = paths }
        return paths
    }

    /// A container for a function, with the manifest's limits; without mounts yet.
    ///
    /// - Parameters:
    ///   - function: The function.
    ///   - told: What its manifest says of the container.
    ///   - image: Its image, which the engine has.
    ///   - labels: Labels beside those of worker and function.
    /// - Returns: What is to be made.
    func spec(
        for function: FunctionManifest, _ told: FunctionManifest.Container, image: EngineImage,
        labels: [String: String] = [:]
    ) -> ContainerSpec {
        // A file over its bound is found by the look at all of them together, so a little more than all may have.
        let largest = max(told.outputMegabytes, told.temporaryMegabytes) + 1
        return ContainerSpec(
            image: image.id, command: told.command, environment: told.environment, user: user,
            labels: labels.merging(
                [Label.worker: "\(worker)", Label.function: "\(function.name) \(function.version)"]) { own, _ in own },
            imageVolumes: image.volumes.filter { volume in
                !Self.taken.contains { volume == $0 || volume.hasPrefix($0 + "/") }
            }, network: told.network ? .bridge : .none,
            memory: function.resources.memoryMegabytes << 20, cpus: function.resources.cpus,
            processes: told.processes, temporary: told.temporaryMegabytes << 20, largestFile: largest << 20,
            gpus: function.resources.gpus)
    }

    /// Ends a container and removes it, whatever state it is in; one that is not there is left at that.
    ///
    /// Runs to its end also where the caller's task is cancelled. What an engine that is away keeps is found by its labels
    /// later.
    ///
    /// - Parameters:
    ///   - name: Its name or id.
    ///   - gently: Whether it is asked first.
    /// - Returns: Whether it is gone.
    @discardableResult
    func end(_ name: String, gently: Bool) async -> Bool {
        await Task { [self] in
            let isGone = await Self.within(Self.endingPatience) { [self] in
                if gently, (try? await engine.kill(name, "SIGTERM")) != nil {
                    await Self.within(pauses.ask + pauses.term) { [self] in try? await engine.wait(for: name) }
                }
                while !Task.isCancelled {
                    do throws(EngineError) {
                        try await engine.remove(name)
                        return true
                    } catch {
                        try? await ContinuousClock().sleep(for: .milliseconds(200))
                    }
                }
                return false
            }
            return isGone ?? false
        }.value
    }

    /// Runs work that is cancelled after so long.
    ///
    /// - Returns: What it returned; nil where it was not done.
    @discardableResult
    private static func within<Result: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async -> Result
    ) async -> Result? {
        await withTaskGroup(of: Result?.self) { race in
            race.addTask { await work() }
            race.addTask {
                try? await ContinuousClock().sleep(for: limit)
                return nil
            }
            defer { race.cancelAll() }
            return await race.next() ?? nil
        }
    }
}
