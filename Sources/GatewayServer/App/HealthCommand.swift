import ArgumentParser
import StudioCore

/// `health`: asks the gateway that runs beside it, for whoever watches a container.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask the gateway that runs here whether it is ready; says why not, and exits 1 then.",
        discussion: "HOST and PORT say where it listens.")

    @Option(help: "Seconds that it has for an answer.")
    var timeout = 4

    func validate() throws {
        guard (1...600).contains(timeout) else { throw ValidationError("--timeout is 1 to 600") }
    }

    func run() async throws {
        let settings = try ProcessEnvironment.configuration(.bystander).gateway
        let answer = await HealthQuestion(host: settings.host, port: settings.port).ask(within: .seconds(timeout))
        guard answer != .ready else { return }
        StandardError.write(answer.text)
        throw ExitCode.failure
    }
}
