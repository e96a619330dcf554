package import QueueProtocol

extension TakeStore {
    /// Which of these files are no take's, published or being written: nobody promised them.
    ///
    /// - Parameters:
    ///   - paths: Paths below the project's folder, some hundreds at a time.
    ///   - project: The project.
    /// - Returns: Those without a row.
    /// - Throws: `PostgresError`.
    package func strays(among paths: [String], project: ProjectID) async throws -> Set<String> {
        guard !paths.isEmpty else { return [] }
        return try await database.withConnection { connection in
            let rows = try connection.query(StraySQL.strays, [.texts(paths), .id(project)])
            return try Set(rows.map { try $0.decode("path") as String })
        }
    }

    private enum StraySQL {
        static let strays = """
            SELECT f.path FROM unnest($1::text[]) AS f (path)
            WHERE NOT EXISTS (SELECT FROM takes t WHERE t.project_id = $2 AND t.path = f.path)
            """
    }
}
