public import FoundationEssentials
public import StudioCore

/// What a program's doctor asks PostgreSQL: whether it answers, and whether it is as the studio needs it.
///
/// It reads only, on one connection of its own.
public struct PostgresExamination: Sendable {
    /// The oldest version that the studio runs with: no older one is cared for by PostgreSQL's makers.
    public static let oldestVersion = 14
    /// How far its clock may be from this machine's before that is told.
    public static let clockTolerance = Duration.seconds(2)

    /// A libpq connection URI or keyword string.
    public var connectionString: String
    /// Connections that the program opens when it is busy.
    public var connections: Int
    /// Whether a commit that may be lost with the server is a failure, or only worth a warning.
    public var mustBeDurable: Bool
    /// This machine's clock.
    public var now: @Sendable () -> Date

    /// An examination.
    ///
    /// - Parameters:
    ///   - connectionString: Where PostgreSQL is.
    ///   - connections: Connections that the program opens when it is busy.
    ///   - mustBeDurable: Whether commits must survive the server's machine.
    ///   - now: This machine's clock; default the system's.
    public init(
        _ connectionString: String, connections: Int, mustBeDurable: Bool,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.connectionString = connectionString
        self.connections = connections
        self.mustBeDurable = mustBeDurable
        self.now = now
    }

    /// Looks.
    ///
    /// - Parameter bound: How long the server has for an answer.
    /// - Returns: What was found out; one failure where no connection can be made.
    public func diagnoses(within bound: Duration) async -> [Diagnosis] {
        var configuration = PostgresConfiguration(
            connectionString, applicationName: "studio-doctor", connections: 1)
        // Sooner than whoever waits for this gives up: what PostgreSQL says is worth more than that it said nothing.
        (configuration.unavailableAfter, configuration.statementTimeout) = (bound * 4 / 5, bound * 4 / 5)
        do {
            // Once: a program waits for a server that is away, and its doctor says so.
            try await Self.connectOnce(configuration)
            let database = try Database(configuration)
            let found = await found(in: database)
            await database.close()
            return found
        } catch let error as PostgresError {
            return [Self.unreachable(error)]
        } catch {
            return [Diagnosis("postgres", .failed, "it could not be looked at: \(error)")]
        }
    }

    private static func connectOnce(_ configuration: PostgresConfiguration) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            do throws(PostgresError) {
                let thread = try DatabaseThread {
                    continuation.resume(
                        with: Result {
                            _ = try PostgresConnection.open(configuration, until: .now + configuration.unavailableAfter)
                        })
                }
                thread.detach()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private func found(in database: Database) async -> [Diagnosis] {
        let before = now()
        let facts: PostgresFacts
        do {
            facts = try await PostgresFacts.read(from: database)
        } catch let error as PostgresError {
            return [Self.unreachable(error)]
        } catch {
            return [Diagnosis("postgres", .failed, "its settings could not be read: \(error)")]
        }
        // Its answer was made between the question and now.
        let middle = before.addingTimeInterval(now().timeIntervalSince(before) / 2)
        return [
            Diagnosis("postgres", .ok, "answers as \(facts.user) in the database \(facts.database)"),
            version(facts), role(facts), await migrations(of: database), durability(facts), room(facts),
            clock(facts, aside: middle),
        ]
    }

    private func version(_ facts: PostgresFacts) -> Diagnosis {
        guard facts.version / 10_000 < Self.oldestVersion else {
            return Diagnosis("postgres-version", .ok, facts.versionText)
        }
        return Diagnosis(
            "postgres-version", .failed, "\(facts.versionText) is older than \(Self.oldestVersion)",
            remedy: "run PostgreSQL \(Self.oldestVersion) or newer")
    }

    private func role(_ facts: PostgresFacts) -> Diagnosis {
        if facts.isStandby || facts.isReadOnly {
            return Diagnosis(
                "postgres-writes", .failed,
                facts.isStandby ? "it is a standby" : "transactions are read-only by default",
                remedy: "let DATABASE_URL name the primary, with a user who writes")
        }
        guard facts.mayCreate else {
            return Diagnosis(
                "postgres-writes", .failed,
                "\(facts.user) may not create tables in the schema \(facts.schema ?? "(none)")",
                remedy: "make \(facts.user) the database's owner: ALTER DATABASE … OWNER TO …")
        }
        return Diagnosis("postgres-writes", .ok, "takes writes, and \(facts.user) may create tables")
    }

    private func migrations(of database: Database) async -> Diagnosis {
        do {
            let (applied, known) = try await Migrator(database).standing()
            guard applied < known else { return Diagnosis("postgres-migrations", .ok, "all \(known) are applied") }
            return Diagnosis(
                "postgres-migrations", .warning, "\(applied) of \(known) are applied",
                remedy: "start a gateway, or run GatewayServer migrate")
        } catch let error as MigrationError {
            let remedy =
                error.code == .unknownVersion
                ? "run the version of this program that the database was made with, or a newer one"
                : "restore the program's migrations or the database; nothing is changed until they fit together"
            return Diagnosis("postgres-migrations", .failed, error.message, remedy: remedy)
        } catch {
            return Diagnosis(
                "postgres-migrations", .failed, "they cannot be looked at: \(error)",
                remedy: "let the user of DATABASE_URL read the table schema_migrations")
        }
    }

    private func durability(_ facts: PostgresFacts) -> Diagnosis {
        let lax = facts.durability.filter { $0.value == "off" }.map(\.name)
        guard !lax.isEmpty else {
            return Diagnosis(
                "postgres-durability", .ok, facts.durability.map { "\($0.name)=\($0.value)" }.joined(separator: " "))
        }
        return Diagnosis(
            "postgres-durability", mustBeDurable ? .failed : .warning,
            "\(lax.map { "\($0)=off" }.joined(separator: " ")): accepted jobs are lost with the machine",
            remedy: "switch \(lax.joined(separator: ", ")) on in postgresql.conf")
    }

    private func room(_ facts: PostgresFacts) -> Diagnosis {
        let left = facts.connectionsLeft
        let seen = "\(left) of \(facts.connectionLimit) connections are free, this program opens up to \(connections)"
        guard left < connections else { return Diagnosis("postgres-connections", .ok, seen) }
        return Diagnosis(
            "postgres-connections", .warning, seen + " (one that runs already has its own)",
            remedy: "raise max_connections, or lower DATABASE_CONNECTIONS or the number of programs")
    }

    private func clock(_ facts: PostgresFacts, aside here: Date) -> Diagnosis {
        let seconds = facts.now.timeIntervalSince(here)
        let tenths = (abs(seconds) * 10).rounded() / 10
        let seen =
            tenths == 0
            ? "the same as this machine's" : "\(tenths) s \(seconds > 0 ? "ahead of" : "behind") this machine's"
        guard Duration.seconds(abs(seconds)) > Self.clockTolerance else {
            return Diagnosis("postgres-clock", .ok, seen)
        }
        return Diagnosis(
            "postgres-clock", .warning, seen, remedy: "set both clocks by NTP: tokens, logs and schedules go by them")
    }

    /// Why there is no connection, told from libpq's words: its client gives no code.
    static func unreachable(_ error: PostgresError) -> Diagnosis {
        let words = (error.operatorDetail ?? error.description).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
        let remedies = [
            ("password authentication failed", "put the right user and password into DATABASE_URL"),
            ("no password supplied", "put the user's password into DATABASE_URL"),
            ("no pg_hba.conf entry", "let pg_hba.conf admit this user from this machine, or use sslmode=require"),
            ("role \"", "create the user: CREATE ROLE … LOGIN PASSWORD …"),
            ("database \"", "create the database: createdb, or CREATE DATABASE …"),
            ("could not translate host name", "correct the host in DATABASE_URL, or the name server"),
            ("too many clients", "raise max_connections, or lower DATABASE_CONNECTIONS"),
            ("remaining connection slots", "raise max_connections, or lower DATABASE_CONNECTIONS"),
            ("starting up", "wait until PostgreSQL has started"),
            ("SSL", "set sslmode and sslrootcert in DATABASE_URL as the server wants them"),
            ("invalid", "write DATABASE_URL as postgresql://user:password@host:5432/database"),
        ]
        let remedy = remedies.first { words.contains($0.0) }?.1
        return Diagnosis(
            "postgres", .failed, words,
            remedy: remedy ?? "start PostgreSQL, and let DATABASE_URL name its host and port as this machine reaches it"
        )
    }
}
