import ArgumentParser

/// The gateway's program: `serve` unless another command is named.
@main
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "GatewayServer",
        abstract: "The gateway of the Generative Media Studio.",
        version: GatewayVersion.text,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, FirstLoginCommand.self, AuditCommand.self, ProjectCommand.self,
            TenantCommand.self, FunctionCommand.self, ConfigCommand.self, DoctorCommand.self, HealthCommand.self,
        ],
        defaultSubcommand: ServeCommand.self)
}

/// The version the gateway names itself with.
enum GatewayVersion {
    static let text = "1.0.0"
}
