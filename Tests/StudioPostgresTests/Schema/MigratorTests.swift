import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct MigratorTests {
    private let one = Migration(version: 1, name: "one", sql: "CREATE TABLE one (n integer)")
    private let two = Migration(
        version: 2, name: "two", sql: "CREATE TABLE two (n integer); INSERT INTO two VALUES (2)")

    private func with(_ body: (Database) async throws -> Void) async throws {
        let database = try Database(
            .patient(try await PrivatePostgres.shared().database(), connections: 2))
        try await body(database)
        await database.close()
    }

    private func expectStop(_ code: MigrationError.Code, _ body: () async throws -> Void) async {
        let error = await #expect(throws: MigrationError.self) { try await body() }
        #expect(error?.code == code)
    }

    @Test func theEmbeddedStepsAreAppliedOnceAndThenCurrent() async throws {
        try await with { database in
            #expect(try await !database.migrationsAreCurrent())
            try await database.migrate(StudioFixture.logger())
            #expect(try await database.migrationsAreCurrent())
            try await database.migrate(StudioFixture.logger())
            let count: Int = try await database.withConnection {
                try $0.query("SELECT count(*) AS n FROM schema_migrations")[0].decode("n")
            }
            #expect(count == Migration.embedded.count)
        }
    }

    @Test func programsThatStartAtOnceApplyEachStepOnce() async throws {
        try await with { database in
            let uri = database.configuration.connectionString
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let program = try Database(.patient(uri, connections: 1))
                        try await program.migrate(StudioFixture.logger())
                        await program.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.migrationsAreCurrent())
        }
    }

    @Test func aLaterProgramAddsItsStepsAndTheEarlierStops() async throws {
        try await with { database in
            let log = StudioFixture.logger()
            try await Migrator(database, migrations: [one]).apply(log)
            #expect(try await !Migrator(database, migrations: [one, two]).isCurrent())
            try await Migrator(database, migrations: [one, two]).apply(log)
            #expect(try await Migrator(database, migrations: [one, two]).isCurrent())
            await expectStop(.unknownVersion) { try await Migrator(database, migrations: [one]).apply(log) }
            await expectStop(.unknownVersion) { _ = try await Migrator(database, migrations: [one]).isCurrent() }
        }
    }

    @Test func anEditedStepAndAGapStop() async throws {
        try await with { database in
            let log = StudioFixture.logger()
            try await Migrator(database, migrations: [one, two]).apply(log)
            var edited = one
            edited.sql += " "
            await expectStop(.checksumChanged) {
                try await Migrator(database, migrations: [edited, two]).apply(log)
            }
            await expectStop(.gap) { try await Migrator(database, migrations: [two]).apply(log) }
            _ = try await database.withConnection { try $0.script("DELETE FROM schema_migrations WHERE version = 1") }
            await expectStop(.gap) { try await Migrator(database, migrations: [one, two]).apply(log) }
        }
    }

    @Test func aStepThatFailsLeavesNothing() async throws {
        try await with { database in
            let broken = Migration(version: 2, name: "broken", sql: "CREATE TABLE half (n integer); SELECT 1 / 0")
            await expectFault(.server) {
                try await Migrator(database, migrations: [one, broken]).apply(StudioFixture.logger())
            }
            let names: [String] = try await database.withConnection {
                try $0.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
                    .map { try $0.decode("tablename") }
            }
            #expect(names == ["one", "schema_migrations"])
        }
    }
}
