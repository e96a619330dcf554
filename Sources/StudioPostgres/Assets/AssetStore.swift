package import FoundationEssentials
package import QueueProtocol

/// A file of a project's asset folder, as it was looked at last.
package struct AssetRecord: Sendable, Hashable {
    package var project: ProjectID
    /// Below the project's folder.
    package var path: String
    /// Hexadecimal.
    package var sha256: String
    package var sizeBytes: Int64
    /// By what the file system tells the file and its state apart.
    package var look: String
    package var changedAt: Date
    /// Since when it is not there.
    package var removedAt: Date?

    init(_ row: PostgresRow) throws(PostgresError) {
        project = try row.decode("project_id")
        path = try row.decode("path")
        sha256 = try row.decode("sha256")
        sizeBytes = try row.decode("size_bytes")
        look = try row.decode("look")
        changedAt = try row.decode("changed_at")
        removedAt = try row.decode("removed_at")
    }
}

/// The files of the projects' asset folders. What changes is told by a durable event, in the transaction that keeps it.
package struct AssetStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// A file that is there; nil where none is known.
    package func get(project: ProjectID, path: String) async throws -> AssetRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.one, [.id(project), .text(path)]).first.map { try AssetRecord($0) }
        }
    }

    /// A project's files that are there, in the order of their paths.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - folder: The folder they lie in, however deep; nil lists all.
    ///   - limit: How many at most.
    ///   - path: The last path of the page before; nil begins.
    /// - Returns: The page.
    /// - Throws: `PostgresError`.
    package func list(
        project: ProjectID, under folder: String? = nil, limit: Int, after path: String? = nil
    ) async throws -> [AssetRecord] {
        try await list(project: project, beginning: folder.map { $0 + "/" }, limit: limit, after: path)
    }

    /// A project's files whose paths begin in one way, in the order of their paths.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - beginning: What the paths begin with; nil lists all.
    ///   - limit: How many at most.
    ///   - path: The last path of the page before; nil begins.
    /// - Returns: The page.
    /// - Throws: `PostgresError`.
    package func list(
        project: ProjectID, beginning: String?, limit: Int, after path: String? = nil
    ) async throws -> [AssetRecord] {
        let parameters: [PostgresParameter] = [.id(project), .text(beginning), .text(path), .int(limit)]
        return try await database.withConnection { connection in
            try connection.query(SQL.list, parameters).map { try AssetRecord($0) }
        }
    }

    /// Keeps what a file holds now.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - path: Below the project's folder.
    ///   - sha256: Of the file, in hexadecimal.
    ///   - sizeBytes: Of the file.
    ///   - look: By what the file system tells it apart.
    /// - Returns: The row, and whether its content is another than before, which was then told.
    /// - Throws: `PostgresError`.
    package func keep(
        project: ProjectID, path: String, sha256: String, sizeBytes: Int64, look: String
    ) async throws -> (asset: AssetRecord, isChanged: Bool) {
        let parameters: [PostgresParameter] = [
            .id(project), .text(path), .text(sha256), .int64(sizeBytes), .text(look),
        ]
        return try await database.transaction { connection in
            // The same file looked at by two gateways is told once: the second finds what the first has kept.
            let before = try connection.query(SQL.lock, [.id(project), .text(path)]).first.map { try AssetRecord($0) }
            let row = try AssetRecord(connection.query(SQL.keep, parameters)[0])
            let isChanged = before.map { $0.removedAt != nil || $0.sha256 != sha256 } ?? true
            if isChanged {
                let change = before.map { $0.removedAt == nil } ?? false ? "changed" : "added"
                try connection.execute(SQL.tell, [.id(project), .text(path), .text(change)])
            }
            return (row, isChanged)
        }
    }

    /// Notes that a file is gone.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - path: Below the project's folder.
    /// - Returns: Whether it was there, which was then told.
    /// - Throws: `PostgresError`.
    package func remove(project: ProjectID, path: String) async throws -> Bool {
        try await database.transaction { connection in
            guard try connection.execute(SQL.remove, [.id(project), .text(path)]) == 1 else { return false }
            try connection.execute(SQL.tell, [.id(project), .text(path), .text("removed")])
            return true
        }
    }

    private enum SQL {
        static let columns = "project_id, path, sha256, size_bytes, look, changed_at, removed_at"
        static let one = """
            SELECT \(columns) FROM assets WHERE project_id = $1 AND path = $2 AND removed_at IS NULL
            """
        static let lock = "SELECT \(columns) FROM assets WHERE project_id = $1 AND path = $2 FOR UPDATE"
        static let list = """
            SELECT \(columns) FROM assets
            WHERE project_id = $1 AND removed_at IS NULL AND ($2::text IS NULL OR starts_with(path, $2))
              AND ($3::text IS NULL OR path > $3)
            ORDER BY path LIMIT $4
            """
        static let keep = """
            INSERT INTO assets AS a (project_id, path, sha256, size_bytes, look) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (project_id, path) DO UPDATE SET
                sha256 = excluded.sha256, size_bytes = excluded.size_bytes, look = excluded.look,
                removed_at = NULL,
                changed_at = CASE WHEN a.sha256 = excluded.sha256 AND a.removed_at IS NULL THEN a.changed_at ELSE now() END
            RETURNING \(columns)
            """
        static let remove = """
            UPDATE assets SET removed_at = now(), changed_at = now()
            WHERE project_id = $1 AND path = $2 AND removed_at IS NULL
            """
        static let tell = """
            INSERT INTO events (tenant_id, project_id, kind, payload)
            SELECT p.tenant_id, p.id, 'asset.changed', jsonb_build_object(
                'change', $3::text, 'path', a.path, 'sha256', a.sha256, 'sizeBytes', a.size_bytes)
            FROM assets a JOIN projects p ON p.id = a.project_id WHERE a.project_id = $1 AND a.path = $2
            """
    }
}
