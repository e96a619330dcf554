import ArgumentParser

/// The render worker: takes jobs from the studio's queues, runs them and publishes what they made.
@main
struct RenderWorkerProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "RenderWorker",
        abstract: "Takes jobs from the studio's queues, runs them and publishes the takes.",
        discussion: "Everything is set by environment variables; the README lists them.",
        version: WorkerVersion.text,
        subcommands: [ServeCommand.self, FunctionCommand.self, MediaJobCommand.self],
        defaultSubcommand: ServeCommand.self)
}

/// The version the worker names itself with.
enum WorkerVersion {
    static let text = "1.0.0"
}
