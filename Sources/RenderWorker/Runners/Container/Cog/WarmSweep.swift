import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Removes warm containers whose workers are dead, with the folders that they shared, and those of its own that the engine
/// kept while it was away. Those of workers that this studio's database does not know are left alone.
struct WarmSweep: Sendable {
    /// The time between two looks.
    static let interval = Duration.seconds(20)
    /// How long a folder that no container has may be for one that is just being made.
    private static let youth: TimeInterval = 3600

    let host: ContainerHost
    /// The worker's own.
    let own: WarmContainers
    let workers: WorkerStore
    /// The folder of the workers' boxes.
    let folder: String
    /// How long a worker gives no sign of life that is dead.
    let silence: Duration
    let logger: Logger

    /// Looks again and again until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await look()
            try? await ContinuousClock().sleep(for: Self.interval)
        }
    }

    /// One look. An engine or a database that is away is looked at again next time.
    func look() async {
        do {
            let all = try await host.engine.list(label: WarmContainer.label)
            for container in all {
                guard let worker = container.labels[ContainerHost.Label.worker].flatMap({ WorkerID($0) }),
                    let name = container.labels[WarmContainer.label], try await isLeftOver(name, of: worker),
                    await host.end(container.id, gently: false)
                else { continue }
                try await remove(name)
                logger.info("a left-over warm container was removed", metadata: ["of": "\(worker)"])
            }
            let names = Set(all.compactMap { $0.labels[WarmContainer.label] })
            let (folder, youth) = (folder, Self.youth)
            let left = try await Blocking.run {
                WorkspaceFolders.names(in: folder).filter { name in
                    guard !names.contains(name), let status = try? FileStatus(path: "\(folder)/\(name)") else {
                        return false
                    }
                    return Date.now.timeIntervalSince1970 - Double(status.changedSeconds) > youth
                }
            }
            for name in left { try await remove(name) }
        } catch {
            logger.debug("left-over warm containers are not looked for", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func isLeftOver(_ name: String, of worker: WorkerID) async throws -> Bool {
        if worker == host.worker { return await !own.have(name) }
        return try await workers.isGone(worker, after: silence) == true
    }

    private func remove(_ name: String) async throws {
        // A label is what somebody wrote.
        guard name.hasPrefix(WarmContainer.prefix), !name.contains("/") else { return }
        let box = WarmBox(path: "\(folder)/\(name)")
        try await Blocking.run { box.remove() }
    }
}
