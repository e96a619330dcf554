import Logging
import QueueProtocol
import StudioPostgres
import StudioSystem

/// Removes what dead workers left running: containers whose attempt nobody holds any more. Several workers share an engine,
/// and each tidies up after all; containers of another studio's jobs are left alone.
struct ContainerSweep: Sendable {
    /// The time between two looks.
    static let interval = Duration.seconds(20)

    let host: ContainerHost
    let jobs: JobStore
    let logger: Logger
    var interval = ContainerSweep.interval

    /// Looks again and again until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await look()
            try? await ContinuousClock().sleep(for: interval)
        }
    }

    /// One look. An engine or a database that is away is looked at again next time.
    func look() async {
        do {
            for container in try await host.engine.list(label: ContainerHost.Label.attempt) {
                guard let key = Self.attempt(of: container), try await isLeftOver(key) else { continue }
                guard await host.end(container.id, gently: false) else { continue }
                logger.info(
                    "left-over container removed",
                    metadata: [
                        LogKey.job: "\(key.job)", LogKey.attempt: "\(key.attempt)",
                        "of": "\(container.labels[ContainerHost.Label.worker] ?? "")",
                    ])
            }
        } catch {
            logger.debug("left-over containers are not looked for", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// The claim is committed before the container is made, and the container removed before the attempt's end is told.
    private func isLeftOver(_ key: AttemptKey) async throws -> Bool {
        if try await jobs.isHeld(HeldClaim(job: key.job, attempt: key.attempt)) { return false }
        return try await jobs.get(key.job) != nil
    }

    private static func attempt(of container: ListedContainer) -> AttemptKey? {
        guard let job = container.labels[ContainerHost.Label.job].flatMap({ JobID($0) }),
            let attempt = container.labels[ContainerHost.Label.attempt].flatMap({ Int($0) })
        else { return nil }
        return AttemptKey(job: job, attempt: attempt)
    }
}
