public import Logging

/// Brings the schema to this program's version: in order, one transaction a step, one program at a time.
package struct Migrator: Sendable {
    private let database: Database
    private let migrations: [Migration]

    package init(_ database: Database, migrations: [Migration] = Migration.embedded) {
        self.database = database
        self.migrations = migrations
    }

    private enum Step: Sendable {
        case applied(Migration)
        case anotherProgramIsAtIt
        case nothingLeft
    }

    /// Applies what is missing. Programs that start at once wait for each other.
    package func apply(_ log: Logger) async throws {
        try checkOwnNumbers()
        while true {
            switch try await database.transaction({ connection in try next(on: connection) }) {
            case .applied(let migration):
                log.notice(
                    "migration applied", metadata: ["version": "\(migration.version)", "name": "\(migration.name)"])
            case .anotherProgramIsAtIt: try await Task.sleep(for: .milliseconds(100))
            case .nothingLeft: return
            }
        }
    }

    /// Whether every step is applied and none is unknown.
    package func isCurrent() async throws -> Bool {
        try await database.withConnection { connection in
            guard try connection.query(SQL.hasTable)[0].decode("found") as Bool else { return false }
            return try pending(on: connection).isEmpty
        }
    }

    /// How far the schema is: how many steps are applied, of how many.
    func standing() async throws -> (applied: Int, known: Int) {
        try await database.withConnection { [migrations] connection in
            guard try connection.query(SQL.hasTable)[0].decode("found") as Bool else { return (0, migrations.count) }
            return (migrations.count - (try pending(on: connection).count), migrations.count)
        }
    }

    private func next(on connection: PostgresConnection) throws -> Step {
        guard try connection.query(SQL.lock)[0].decode("locked") as Bool else { return .anotherProgramIsAtIt }
        try connection.execute(SQL.createTable)
        guard let migration = try pending(on: connection).first else { return .nothingLeft }
        // Rewriting a large table takes as long as it takes.
        let timeout = connection.answerTimeout
        defer { connection.answerTimeout = timeout }
        connection.answerTimeout = nil
        try connection.script("SET LOCAL statement_timeout = 0")
        try connection.script(migration.sql)
        try connection.execute(
            SQL.remember, [.int(migration.version), .text(migration.name), .text(migration.sql)])
        return .applied(migration)
    }

    /// What is not applied yet; throws where what is applied is not what this program knows.
    private func pending(on connection: PostgresConnection) throws -> [Migration] {
        let applied = try connection.query(
            SQL.compare, [.ints(migrations.map(\.version)), .texts(migrations.map(\.sql))])
        for (index, row) in applied.enumerated() {
            let version: Int = try row.decode("version")
            guard version == index + 1 else {
                throw MigrationError(code: .gap, message: "the database has version \(version) but not \(index + 1)")
            }
            guard let isSame: Bool = try row.decode("is_same") else {
                throw MigrationError(
                    code: .unknownVersion,
                    message:
                        "the database has version \(version), this program knows \(migrations.count): run a newer one")
            }
            guard isSame else {
                throw MigrationError(
                    code: .checksumChanged,
                    message: "version \(version) was edited after it was applied: restore it and add a new version")
            }
        }
        return Array(migrations.dropFirst(applied.count))
    }

    private func checkOwnNumbers() throws(MigrationError) {
        for (index, migration) in migrations.enumerated() where migration.version != index + 1 {
            throw MigrationError(
                code: .gap, message: "this program has version \(migration.version) where \(index + 1) is due")
        }
    }

    private enum SQL {
        // Held until the transaction ends; the number only has to be the same in every version of this program.
        static let lock = "SELECT pg_try_advisory_xact_lock(7308332046254532) AS locked"
        static let hasTable = "SELECT to_regclass('schema_migrations') IS NOT NULL AS found"
        static let createTable = """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version    integer PRIMARY KEY CHECK (version > 0),
                name       text NOT NULL,
                checksum   text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """
        // The server hashes both sides; NULL where the program has no such version.
        static let compare = """
            SELECT m.version, m.checksum = encode(sha256(convert_to(own.sql, 'UTF8')), 'hex') AS is_same
            FROM schema_migrations m
            LEFT JOIN unnest($1::integer[], $2::text[]) AS own (version, sql) ON own.version = m.version
            ORDER BY m.version
            """
        static let remember = """
            INSERT INTO schema_migrations (version, name, checksum)
            VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))
            """
    }
}

extension Database {
    /// Brings the schema to this program's version, and what a restore into another server brought along into this server's
    /// order; programs that start at once wait for each other.
    ///
    /// - Parameter log: Where each step is told.
    /// - Throws: `MigrationError` where the database's schema is not one this program knows; `PostgresError`.
    public func migrate(_ log: Logger) async throws {
        try await Migrator(self).apply(log)
        try await EventStore(self).takeOver(log)
    }

    /// Whether the schema is this program's.
    ///
    /// - Returns: False where a step is still to be applied.
    /// - Throws: `MigrationError` where the schema is not one this program knows; `PostgresError`.
    public func migrationsAreCurrent() async throws -> Bool { try await Migrator(self).isCurrent() }
}
