import ArgumentParser
import StudioCore

/// `health`: says whether the worker that runs beside it lives, for whoever watches a container.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Say whether the worker that runs here lives, by its last sign of life; exit 1 where it does not.",
        discussion: """
            The worker leaves one in WORKER_HEALTH_FILE with every heartbeat. One that is as old as a lease is that of a \
            worker which hangs or is gone. A worker that waits for PostgreSQL or Redis lives: starting it anew would help \
            nobody.
            """)

    func run() async throws {
        guard let path = try ProcessEnvironment.configuration(.bystander).worker.healthFile else {
            FileHandleOutput.standardError("WORKER_HEALTH_FILE is not set: the worker leaves no sign of life.\n")
            throw ExitCode.failure
        }
        let sign = try await Blocking.run { LifeSign.read(path) }
        switch sign?.verdict(at: LifeSign.now) {
        case .alive?: return
        case .dead(let why)?: FileHandleOutput.standardError("the worker does not live: \(why)\n")
        case nil: FileHandleOutput.standardError("no worker runs here: \(path) has no sign of life\n")
        }
        throw ExitCode.failure
    }
}
