import ArgumentParser
import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// `first-login`: makes the default tenant and its first administrator, once.
struct FirstLoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "first-login",
        abstract: "Make the first administrator and print the login, once; later calls print nothing.")

    @Flag(help: "Print JSON.")
    var json = false

    private struct Answer: Encodable {
        let email: String
        /// Only where it was made by the program: a password that was given is known already.
        let password: String?
        let tenant: String
        let credits: Int
    }

    func run() async throws {
        let configuration = try ProcessEnvironment.configuration()
        ProcessEnvironment.bootstrapLogging(configuration.common)
        let settings = configuration.gateway
        let made = settings.adminPassword == nil ? Base64URL.encode(SecureRandom.bytes(18)) : nil
        guard let password = settings.adminPassword ?? made else { throw ExitCode.failure }
        let user = NewUser(
            email: settings.adminEmail, displayName: "Administrator",
            passwordHash: try await PasswordCheck().hash(password),
            roles: [.admin], credits: settings.startingCredits)
        let record = try await CommandDatabase.use(configuration.common) { database in
            try await database.migrate(Logger(label: "migrate"))
            return try await UserStore(database).createFirstAdmin(user, tenantName: WorkspaceLayout.defaultTenant)
        }
        guard let record else { return }
        try tell(
            Answer(
                email: record.email, password: made, tenant: WorkspaceLayout.defaultTenant,
                credits: settings.startingCredits))
    }

    private func tell(_ answer: Answer) throws {
        if json {
            print(try JSONText.string(answer, sortedKeys: true))
        } else {
            print("email     \(answer.email)")
            print("password  \(answer.password ?? "as given in STUDIO_ADMIN_PASSWORD")")
        }
    }
}
