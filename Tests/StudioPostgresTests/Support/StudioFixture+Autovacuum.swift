import StudioPostgres

extension StudioFixture {
    /// Looks at the tables that the server itself would look at now; it does so on a beat of its own.
    func lookAtTables() async throws {
        try await database.withConnection { connection in
            let due = try connection.query(
                """
                SELECT s.relname::text AS name FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
                CROSS JOIN LATERAL (
                    SELECT max(option_value) FILTER (WHERE option_name = 'autovacuum_analyze_threshold') AS threshold,
                           max(option_value) FILTER (WHERE option_name = 'autovacuum_analyze_scale_factor') AS factor
                    FROM pg_options_to_table(c.reloptions)) o
                WHERE s.n_mod_since_analyze > coalesce(o.threshold, current_setting('autovacuum_analyze_threshold'))::float
                    + coalesce(o.factor, current_setting('autovacuum_analyze_scale_factor'))::float
                      * greatest(c.reltuples, 0)
                """)
            for table in due { _ = try connection.execute("VACUUM ANALYZE \(table.decode("name") as String)") }
        }
    }

    /// The tables that were looked at so far, by the server or by a test.
    var tablesLookedAt: Set<String> {
        get async throws {
            try await database.withConnection { connection in
                Set(
                    try connection.query(
                        """
                        SELECT relname::text AS name FROM pg_stat_user_tables
                        WHERE analyze_count + autoanalyze_count > 0
                        """
                    ).map { try $0.decode("name") })
            }
        }
    }
}
