import ArgumentParser
import Dispatch
import Glibc

/// Where the program begins.
@main
enum Main {
    /// What goes into a sandbox must not have more than one thread, and the rest of the program begins some at once.
    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case MediaJobCommand.configuration.commandName: MediaJobCommand.main(Array(CommandLine.arguments.dropFirst(2)))
        case SandboxDeedCommand.configuration.commandName:
            SandboxDeedCommand.main(Array(CommandLine.arguments.dropFirst(2)))
        default:
            Task {
                await RenderWorkerProgram.main()
                exit(0)
            }
            dispatchMain()
        }
    }
}

/// The render worker: takes jobs from the studio's queues, runs them and publishes what they made.
struct RenderWorkerProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "RenderWorker",
        abstract: "Takes jobs from the studio's queues, runs them and publishes the takes.",
        discussion: "Everything is set by environment variables; the README lists them.",
        version: WorkerVersion.text,
        subcommands: [
            ServeCommand.self, FunctionCommand.self, ConfigCommand.self, DoctorCommand.self, HealthCommand.self,
            EngineGateCommand.self, SandboxCommand.self, MediaJobCommand.self, SandboxDeedCommand.self,
        ],
        defaultSubcommand: ServeCommand.self)
}

/// The version the worker names itself with.
enum WorkerVersion {
    static let text = "1.0.0"
}
