import ArgumentParser
import Glibc
import Logging
import StudioCore

/// `serve`: runs the gateway.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the gateway until SIGTERM or SIGINT (the default).")

    func run() async throws {
        let configuration = try ProcessEnvironment.configuration()
        ProcessEnvironment.bootstrapLogging(configuration.common)
        let logger = Logger(label: "gateway")
        let host = configuration.gateway.host
        logger.notice(
            "starting",
            metadata: [
                "version": "\(GatewayVersion.text)", "environment": "\(configuration.common.environment.rawValue)",
            ])
        let assembly = GatewayAssembly(
            configuration: configuration, searchPath: ProcessEnvironment.variables["PATH"] ?? "",
            onListening: { port in
                logger.notice("listening", metadata: ["url": "http://\(host):\(port.map(String.init) ?? "")"])
            })
        do {
            try await assembly.run()
        } catch let error as StudioError {
            logger.critical("the gateway cannot run", error: error)
            throw ExitCode.failure
        }
        logger.notice("stopped")
    }
}
