import ArgumentParser
import Glibc
import Logging
import ServiceLifecycle
import StudioCore
import StudioSystem
import UnixSignals

/// `engine-gate`: the small program between workers and the socket of a container engine.
struct EngineGateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-gate",
        abstract: "Let through to a container engine what runners need of it, until SIGTERM.",
        discussion: """
            DOCKER_HOST names the engine, ENGINE_GATE_LISTEN where workers reach the gate (their DOCKER_HOST), \
            ENGINE_GATE_FOLDERS what containers may mount from. Everything that no runner asks is refused with 403 and \
            logged. docs/adr/0019-engine-gate.md has the rules.
            """)

    @Flag(help: "Ask a running gate whether it and its engine answer; exit 0 or 1.")
    var check = false

    func run() async throws {
        let configuration = try ProcessEnvironment.configuration(.bystander)
        if check { return try await ask(configuration.engineGate.listen) }
        ProcessEnvironment.bootstrapLogging(configuration.common)
        signal(SIGPIPE, SIG_IGN)
        let logger = Logger(label: "engine-gate")
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: EngineGate(
                            engine: configuration.worker.engine, settings: configuration.engineGate, logger: logger),
                        successTerminationBehavior: .gracefullyShutdownGroup)
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger.atLeast(.info)))
        do {
            try await group.run()
        } catch {
            logger.critical("the gate cannot be opened", metadata: [LogKey.error: "\(error)"])
            throw ExitCode.failure
        }
    }

    private func ask(_ address: EngineAddress) async throws {
        do {
            _ = try await ContainerEngine(address.reachable).version()
        } catch {
            FileHandleOutput.standardError("\(error)\n")
            throw ExitCode.failure
        }
    }
}

extension EngineAddress {
    /// The address at which what listens there is reached from its own machine.
    fileprivate var reachable: EngineAddress {
        guard case .tcp(let authority) = self, authority.hasPrefix("0.0.0.0:") else { return self }
        return .tcp("127.0.0.1:" + authority.dropFirst("0.0.0.0:".utf8.count))
    }
}
