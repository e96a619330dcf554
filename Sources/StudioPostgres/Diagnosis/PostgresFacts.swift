import FoundationEssentials

/// What PostgreSQL says of itself.
struct PostgresFacts: Sendable {
    let version: Int
    let versionText: String
    let user: String
    let database: String
    let schema: String?
    let isStandby: Bool
    let isReadOnly: Bool
    let mayCreate: Bool
    /// The settings that decide what a crash takes along.
    let durability: [(name: String, value: String)]
    /// How many connections this user may have at most, and how many are left of them.
    let connectionLimit: Int
    let connectionsLeft: Int
    let now: Date

    static func read(from database: Database) async throws -> PostgresFacts {
        try await database.withConnection { connection in
            let row = try connection.query(SQL.facts)[0]
            return PostgresFacts(
                version: try row.decode("version"), versionText: try row.decode("version_text"),
                user: try row.decode("user_name"), database: try row.decode("database_name"),
                schema: try row.decode("schema_name"), isStandby: try row.decode("is_standby"),
                isReadOnly: try row.decode("is_read_only"), mayCreate: try row.decode("may_create"),
                durability: [
                    ("fsync", try row.decode("fsync")), ("synchronous_commit", try row.decode("synchronous_commit")),
                    ("full_page_writes", try row.decode("full_page_writes")),
                ], connectionLimit: try row.decode("connection_limit"),
                connectionsLeft: try row.decode("connections_left"), now: try row.decode("now"))
        }
    }

    private enum SQL {
        // Who is connected to what is shown to everybody only as numbers. This connection is given back before the
        // program needs it.
        static let facts = """
            WITH room AS (
                SELECT LEAST(
                    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
                    NULLIF((SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user), -1),
                    NULLIF((SELECT datconnlimit FROM pg_database WHERE datname = current_database()), -1)) AS most,
                (SELECT sum(numbackends)::int - 1 FROM pg_stat_database) AS used
            )
            SELECT current_setting('server_version_num')::int AS version,
                current_setting('server_version') AS version_text,
                current_user::text AS user_name, current_database()::text AS database_name,
                current_schema()::text AS schema_name, pg_is_in_recovery() AS is_standby,
                current_setting('default_transaction_read_only') = 'on' AS is_read_only,
                COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
                current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
                current_setting('full_page_writes') AS full_page_writes,
                room.most AS connection_limit, GREATEST(room.most - room.used, 0) AS connections_left,
                clock_timestamp() AS now
            FROM room
            """
    }
}
