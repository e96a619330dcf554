import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import ServiceLifecycle
import StudioCore
import StudioSystem
import UnixSignals

/// `serve`: works until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Take jobs and run them until SIGTERM; a second SIGTERM does not wait for running jobs.")

    func run() async throws {
        let configuration = try ProcessEnvironment.configuration()
        ProcessEnvironment.bootstrapLogging(configuration.common)
        // Writing to a peer that is gone is an error of that write, not the end of the program.
        signal(SIGPIPE, SIG_IGN)
        let stops = StopRequests()
        let worker = try WorkerAssembly(
            configuration, hostName: ProcessEnvironment.hostName,
            workspaceRoot: ProcessEnvironment.absolute(configuration.common.workspaceRoot),
            modelsRoot: ProcessEnvironment.absolute(configuration.worker.modelsRoot),
            childEnvironment: ProcessEnvironment.forChildren, drain: { stops.ask(.drain) })
        do {
            try await Blocking.run {
                try LFSClient.require(
                    searchPath: ProcessEnvironment.variables["PATH"] ?? "",
                    environment: configuration.common.environment, place: configuration.common.gitClient,
                    logger: worker.logger)
            }
        } catch let error as StudioError {
            worker.logger.critical("the worker cannot run", error: error)
            throw ExitCode.failure
        }
        let group = worker.serviceGroup()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { stops.ask(.signal) }
            }
            tasks.addTask { await stops.obey(group, hurry: worker.hurry, logger: worker.logger) }
            try await tasks.next()
            tasks.cancelAll()
        }
    }
}

/// Why the worker is to stop, in the order in which it was said.
struct StopRequests: Sendable {
    enum Request: Sendable {
        /// An operator asked through a gateway.
        case drain
        /// SIGTERM or SIGINT.
        case signal
    }

    private let requests: AsyncStream<Request>
    private let continuation: AsyncStream<Request>.Continuation

    init() {
        (requests, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(16))
    }

    func ask(_ request: Request) { continuation.yield(request) }

    /// Begins the graceful stop with the first request; a second signal ends the grace.
    func obey(_ group: ServiceGroup, hurry: Hurry, logger: Logger) async {
        var (signals, isStopping) = (0, false)
        for await request in requests {
            if case .signal = request { signals += 1 }
            if signals >= 2 {
                logger.notice("told to stop again: running jobs are given back now")
                hurry.ask()
            } else if !isStopping {
                // A drain is heard twice, by message and by heartbeat; asked for again it is the same drain.
                isStopping = true
                logger.notice("stopping: no more jobs are taken")
                await group.triggerGracefulShutdown()
            }
        }
    }
}
