import FoundationEssentials
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@Suite("What a doctor asks PostgreSQL", .timeLimit(.minutes(10))) struct PostgresExaminationTests {
    private static let bound = Duration.seconds(30)

    private func look(
        _ uri: String, connections: Int = 4, mustBeDurable: Bool = false, ahead seconds: Double = 0
    ) async -> [String: Diagnosis] {
        let examination = PostgresExamination(
            uri, connections: connections, mustBeDurable: mustBeDurable, now: { Date().addingTimeInterval(seconds) })
        let found = await examination.diagnoses(within: Self.bound)
        return Dictionary(found.map { ($0.check, $0) }, uniquingKeysWith: { $1 })
    }

    @Test("A good server, whose schema is behind, current, and of a newer program")
    func schema() async throws {
        let server = try await PrivatePostgres.shared()
        let uri = try await server.database()
        let empty = await look(uri)
        #expect(empty["postgres"]?.verdict == .ok)
        for check in ["version", "writes", "connections", "clock"] {
            #expect(empty["postgres-\(check)"]?.verdict == .ok)
        }
        #expect(empty["postgres-migrations"]?.verdict == .warning)
        #expect(empty["postgres-migrations"]?.seen.hasPrefix("0 of ") == true)
        let database = try Database(.patient(uri, connections: 1))
        try await database.migrate(StudioFixture.logger())
        await database.close()
        #expect(await look(uri)["postgres-migrations"]?.verdict == .ok)
        try await server.sql(
            "INSERT INTO schema_migrations (version, name, checksum) SELECT max(version) + 1, 'new', 'x' FROM schema_migrations",
            in: uri)
        let newer = await look(uri)["postgres-migrations"]
        #expect(newer?.verdict == .failed)
        #expect(newer?.remedy?.contains("newer") == true)
    }

    @Test("Commits that a crash takes along fail where jobs must survive it, and are worth a word elsewhere")
    func durability() async throws {
        // The tests' own server writes nothing through.
        let uri = try await PrivatePostgres.shared().database()
        let lax = await look(uri)["postgres-durability"]
        #expect(lax?.verdict == .warning)
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            #expect(lax?.seen.contains(setting) == true)
        }
        #expect(await look(uri, mustBeDurable: true)["postgres-durability"]?.verdict == .failed)
        let server = try await PrivatePostgres(durable: true)
        #expect(await look(try await server.database(), mustBeDurable: true)["postgres-durability"]?.verdict == .ok)
        try await server.stop()
    }

    @Test("A clock that is off, connections that do not suffice, and a user who may not write")
    func faults() async throws {
        let server = try await PrivatePostgres.shared()
        let uri = try await server.database()
        let late = await look(uri, ahead: -90)["postgres-clock"]
        #expect(late?.verdict == .warning)
        #expect(late?.seen.contains("ahead") == true)
        #expect(await look(uri, connections: 5000)["postgres-connections"]?.verdict == .warning)
        try await server.sql("CREATE ROLE doctor_guest LOGIN CONNECTION LIMIT 3")
        let guest = await look(uri.replacing("studio@", with: "doctor_guest@"))
        #expect(guest["postgres-writes"]?.verdict == .failed)
        #expect(guest["postgres-connections"]?.verdict == .warning)
        #expect(guest["postgres-connections"]?.seen.contains("of 3 ") == true)
        try await server.sql("DROP ROLE doctor_guest")
    }

    @Test("Nobody there, no such database, no such user: each with what to do")
    func unreachable() async throws {
        let uri = try await PrivatePostgres.shared().database()
        let cases = [
            ("postgresql://studio@127.0.0.1:1/studio", "start PostgreSQL"),
            (uri.replacing("/test_", with: "/nosuch_"), "create the database"),
            (uri.replacing("studio@", with: "nobody_known@"), "create the user"),
            ("no address", "DATABASE_URL"),
        ]
        for (address, remedy) in cases {
            let found = await look(address)
            #expect(found.count == 1)
            #expect(found["postgres"]?.verdict == .failed)
            #expect(found["postgres"]?.remedy?.contains(remedy) == true, "\(found)")
        }
    }
}
