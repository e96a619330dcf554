import ArgumentParser
import Logging
import StudioCore
import StudioPostgres

/// `migrate`: brings the database up to date and ends.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Apply the database's migrations and end.")

    @Flag(help: "Print the newest version of the schema that this program knows, and do nothing.")
    var known = false

    func run() async throws {
        if known {
            print(Migration.embedded.count)
            return
        }
        let configuration = try ProcessEnvironment.configuration()
        ProcessEnvironment.bootstrapLogging(configuration.common)
        let logger = Logger(label: "migrate")
        try await CommandDatabase.use(configuration.common) { database in
            try await database.migrate(logger)
        }
    }
}

/// The database as commands use it: waited for, and closed in the end.
enum CommandDatabase {
    /// Waits for PostgreSQL and does the work.
    static func use<Result: Sendable>(
        _ common: StudioConfiguration.Common, _ work: (Database) async throws -> Result
    ) async throws -> Result {
        let database = try GatewayParts.database(common)
        do {
            try await database.waitUntilReachable(Logger(label: "database"))
            let result = try await work(database)
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }
}
