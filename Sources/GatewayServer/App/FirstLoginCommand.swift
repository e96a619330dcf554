import ArgumentParser
import Logging
import StudioCore
import StudioPostgres

/// `first-login`: makes the default tenant and its first administrator, once.
struct FirstLoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "first-login",
        abstract: "Make the first administrator and print the login, once; later calls print nothing.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let configuration = try ProcessEnvironment.configuration()
        ProcessEnvironment.bootstrapLogging(configuration.common)
        let settings = configuration.gateway
        let login = try await CommandDatabase.use(configuration.common) { database in
            try await database.migrate(Logger(label: "migrate"))
            return try await FirstAdministrator(users: UserStore(database), passwords: PasswordCheck()).make(
                tenant: WorkspaceLayout.defaultTenant, email: settings.adminEmail, password: settings.adminPassword,
                credits: settings.startingCredits)
        }
        if let login { print(try login.text(json: json, setting: "STUDIO_ADMIN_PASSWORD")) }
    }
}
