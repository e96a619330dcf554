import ArgumentParser
import Logging
import StudioCore
import StudioPostgres

/// `tenant create`: makes a further tenant, whose users see nothing of the others.
struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Make tenants.", subcommands: [Create.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a tenant and its first administrator, and print the login, once.",
            discussion: "The password is that in TENANT_ADMIN_PASSWORD, or made. A tenant that has users is refused.")

        @Argument(help: "The tenant's name: a to z, 0 to 9 and -.")
        var name: String

        @Option(help: "The email address that the administrator logs in with.")
        var adminEmail: String

        @Option(help: "The administrator's first credits; STARTING_CREDITS where it is left out.")
        var credits: Int?

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let configuration = try ProcessEnvironment.configuration()
            ProcessEnvironment.bootstrapLogging(configuration.common)
            do {
                let login = try await CommandDatabase.use(configuration.common) { database in
                    try await database.migrate(Logger(label: "migrate"))
                    return try await TenantCreation(
                        administrator: FirstAdministrator(users: UserStore(database), passwords: PasswordCheck())
                    ).create(
                        name, email: adminEmail, password: configuration.gateway.tenantAdminPassword,
                        credits: credits ?? configuration.gateway.startingCredits)
                }
                print(try login.text(json: json, setting: "TENANT_ADMIN_PASSWORD"))
            } catch let error as StudioError {
                ProcessEnvironment.refuse("The tenant was not made:", error)
                throw ExitCode.failure
            }
        }
    }
}

/// Makes a tenant that is not there yet.
struct TenantCreation: Sendable {
    let administrator: FirstAdministrator

    /// Makes the tenant and its first administrator.
    ///
    /// - Parameters:
    ///   - name: The tenant's name.
    ///   - email: The administrator's address.
    ///   - password: Their password, 10 to 1024 bytes; nil makes one.
    ///   - credits: Their first credits.
    /// - Returns: The login, to be told once.
    /// - Throws: `StudioError`: `invalid`, or `conflict` where the tenant has users or the address is taken. Nothing was
    ///   made then. `PostgresError`.
    func create(
        _ name: String, email: String, password: String?, credits: Int
    ) async throws -> FirstAdministrator.Login {
        if let password, !(10...1024).contains(password.utf8.count) {
            throw StudioError.invalid([
                Finding(pointer: "TENANT_ADMIN_PASSWORD", code: "length", detail: "a password has 10 to 1024 bytes")
            ])
        }
        guard
            let login = try await administrator.make(tenant: name, email: email, password: password, credits: credits)
        else {
            throw StudioError(.conflict, "there is a tenant \(name) already, with users; nothing was changed")
        }
        return login
    }
}
