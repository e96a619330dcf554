import Logging
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// The server goes away and comes back.
@Suite struct OutageTests {
    @Test func connectionsAreMadeAnewAfterARestart() async throws {
        let server = try await PrivatePostgres()
        let database = try Database(.patient(try await server.database(), connections: 3))
        for _ in 0..<6 { try await database.withConnection { _ = try $0.query("SELECT 1") } }
        try await server.restart()
        // Not one call fails: a connection that died while nobody used it is noticed before it is used.
        for _ in 0..<12 { try await database.withConnection { _ = try $0.query("SELECT 1") } }
        await database.close()
        try await server.stop()
    }

    @Test func whileTheServerIsAwayCallsFailWithinTheBoundAndRecoverByThemselves() async throws {
        let server = try await PrivatePostgres()
        var configuration = PostgresConfiguration(try await server.database(), connections: 2)
        // Long enough to connect on a machine that has other work.
        configuration.unavailableAfter = .seconds(5)
        let database = try Database(configuration)
        try await database.withConnection { _ = try $0.query("SELECT 1") }
        try await server.stop()
        // Many more calls than threads: none waits for those before it.
        try await within(.seconds(300), "every call is answered") {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<64 {
                    group.addTask {
                        await expectFault(.unavailable) {
                            try await database.withConnection { _ = try $0.query("SELECT 1") }
                        }
                    }
                }
            }
        }
        let error = await expectFault(.unavailable) { try await database.transaction { _ = try $0.query("SELECT 1") } }
        #expect(error?.asStudioError.code == .unavailable)
        #expect(error?.asStudioError.retryAfterSeconds != nil)
        #expect(error.map { !"\($0)".contains("/") } == true)

        let waiting = Task { try await database.waitUntilReachable(StudioFixture.logger()) }
        try await server.start()
        try await within(.seconds(300), "the database answers again") { try await waiting.value }
        try await database.withConnection { _ = try $0.query("SELECT 1") }
        await database.close()
        try await server.stop()
    }

    @Test func aConnectionLostBeforeCommitBeginsTheTransactionAnew() async throws {
        let postgres = try await PrivatePostgres.shared()
        let database = try Database(.patient(try await postgres.database(), connections: 2))
        _ = try await database.withConnection { try $0.script("CREATE TABLE t (n integer)") }
        let runs = Counter()
        try await database.transaction { connection in
            try connection.execute("INSERT INTO t VALUES (1)")
            if runs.add() == 1 {
                _ = try connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
            }
        }
        #expect(runs.value == 2)
        #expect(try await database.withConnection { try $0.query("SELECT n FROM t").count } == 1)
        await database.close()
    }

    @Test func aConnectionLostDuringCommitIsNotCalledAFailure() async throws {
        let postgres = try await PrivatePostgres.shared()
        let database = try Database(.patient(try await postgres.database(), connections: 1))
        _ = try await database.withConnection {
            try $0.script(
                """
                CREATE TABLE t (n integer);
                CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION die();
                """)
        }
        let runs = Counter()
        await expectFault(.commitUnknown) {
            try await database.transaction { connection in
                runs.add()
                try connection.execute("INSERT INTO t VALUES (1)")
            }
        }
        #expect(runs.value == 1)
        await database.close()
    }

    @Test func aWrongAddressIsUnavailableAndItsReasonIsForTheOperatorOnly() async throws {
        var configuration = PostgresConfiguration("postgresql://nobody:secret@127.0.0.1:1/none", connections: 1)
        configuration.unavailableAfter = .milliseconds(50)
        let database = try Database(configuration)
        let error = await expectFault(.unavailable) { try await database.withConnection { _ in } }
        #expect(error?.operatorDetail?.contains("127.0.0.1") == true)
        #expect(error?.operatorDetail?.contains("secret") == false)
        #expect(error.map { !"\($0)".contains("127.0.0.1") } == true)
        await database.close()
    }
}
