import ArgumentParser
import Logging
import StudioCore
import StudioPostgres

/// `first-login`: makes the default tenant and its first administrator, once.
struct FirstLoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "first-login",
        abstract: "Make the first administrator and print the login, once; later calls print nothing.")

    /// The status of a check that found that the login is not valid; 1 says that nothing was found out.
    static let isNotValid = ExitCode(3)

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(
        help:
            "Change nothing; status 0 says that the login of STUDIO_ADMIN_EMAIL is valid as it is set, 3 that it is not."
    )
    var check = false

    @Flag(help: "Give the user of STUDIO_ADMIN_EMAIL, who has to be there, the password STUDIO_ADMIN_PASSWORD.")
    var reset = false

    func validate() throws {
        guard !(check && reset) else { throw ValidationError("--check changes nothing, --reset does") }
    }

    func run() async throws {
        let configuration = try ProcessEnvironment.configuration()
        ProcessEnvironment.bootstrapLogging(configuration.common)
        let settings = configuration.gateway
        if check || reset, settings.adminPassword == nil {
            throw ValidationError("STUDIO_ADMIN_PASSWORD, or STUDIO_ADMIN_PASSWORD_FILE, is needed")
        }
        do {
            let login = try await CommandDatabase.use(configuration.common) { database in
                try await made(by: settings, on: database)
            }
            if let login { print(try login.text(json: json, setting: "STUDIO_ADMIN_PASSWORD")) }
        } catch let error as StudioError {
            ProcessEnvironment.refuse("The login was left as it is:", error)
            throw ExitCode.failure
        }
    }

    private func made(
        by settings: StudioConfiguration.Gateway, on database: Database
    ) async throws -> FirstAdministrator.Login? {
        let administrator = FirstAdministrator(users: UserStore(database), passwords: PasswordCheck())
        if check || reset, let password = settings.adminPassword {
            if reset { try await administrator.reset(email: settings.adminEmail, password: password) }
            guard try await administrator.isValid(email: settings.adminEmail, password: password) else {
                throw Self.isNotValid
            }
            return nil
        }
        try await database.migrate(Logger(label: "migrate"))
        return try await administrator.make(
            tenant: WorkspaceLayout.defaultTenant, email: settings.adminEmail, password: settings.adminPassword,
            credits: settings.startingCredits)
    }
}
