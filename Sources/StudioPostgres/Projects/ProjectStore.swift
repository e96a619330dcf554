package import QueueProtocol
package import StudioCore

/// The projects' rows: reading and changing; `ProjectStore+Creation.swift` makes them. Refusals are `StudioError`, faults
/// `PostgresError`.
package struct ProjectStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    static let missing = StudioError(.notFound, "there is no such project")

    /// A tenant's project; nil where there is none or its folder is still being made.
    package func get(tenant: TenantID, name: String) async throws -> ProjectRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.named, [.id(tenant), .text(name)]).first.map { try ProjectRecord($0) }
        }
    }

    /// A project by its tenant's name and its own, as its folder is called; nil where there is none or its folder is still
    /// being made.
    package func get(tenantName: String, name: String) async throws -> ProjectRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.folder, [.text(tenantName), .text(name)]).first.map { try ProjectRecord($0) }
        }
    }

    /// A project; nil where there is none or its folder is still being made.
    package func get(_ id: ProjectID) async throws -> ProjectRecord? {
        try await database.withConnection { try get(id, on: $0) }
    }

    /// The same on a connection that is held already.
    package func get(_ id: ProjectID, on connection: PostgresConnection) throws -> ProjectRecord? {
        try connection.query(SQL.one, [.id(id)]).first.map { try ProjectRecord($0) }
    }

    /// A tenant's projects, newest first.
    ///
    /// - Parameters:
    ///   - tenant: Whose.
    ///   - search: What name or title must contain, without regard to case; default anything.
    ///   - includeArchived: Whether archived ones are listed too; default no.
    ///   - limit: How many at most; default 50.
    ///   - before: The last id of the page before; default the first page.
    /// - Returns: The projects.
    /// - Throws: `PostgresError`.
    package func list(
        tenant: TenantID, search: String? = nil, includeArchived: Bool = false, limit: Int = 50,
        before: ProjectID? = nil
    ) async throws -> [ProjectRecord] {
        let parameters: [PostgresParameter] = [
            .id(tenant), .text(search), .bool(includeArchived), .id(before), .int(limit),
        ]
        return try await database.withConnection { connection in
            try connection.query(SQL.list, parameters).map { try ProjectRecord($0) }
        }
    }

    /// The ids of projects of all tenants, archived ones too, in order.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - after: The last id of the page before; nil begins with the first.
    /// - Returns: The ids.
    /// - Throws: `PostgresError`.
    package func ids(limit: Int, after: ProjectID?) async throws -> [ProjectID] {
        try await database.withConnection { connection in
            try connection.query(SQL.ids, [.id(after), .int(limit)]).map { try $0.decode("id") }
        }
    }

    /// Gives every project of all tenants, archived ones too, in the order of their ids; no more than a page of ids is held.
    ///
    /// - Parameter body: Gets a project; returns whether it wants another.
    /// - Throws: `PostgresError`, or what `body` threw.
    package func each(_ body: (ProjectRecord) async throws -> Bool) async throws {
        let page = 200
        var last: ProjectID?
        repeat {
            let ids = try await ids(limit: page, after: last)
            for id in ids {
                guard let project = try await get(id) else { continue }
                guard try await body(project) else { return }
            }
            last = ids.count == page ? ids.last : nil
        } while last != nil
    }

    /// Changes what people edit; nil leaves what is there. `project.json` is due from then on, until `manifestIsWritten`.
    ///
    /// - Parameters:
    ///   - id: The project.
    ///   - title: The new title.
    ///   - description: The new description.
    ///   - quality: The new default quality.
    ///   - expectedRevision: The revision the change was made on; nil changes whatever is there.
    ///   - author: Who makes the change; default the studio itself, which no log tells of.
    /// - Returns: The project, its revision raised.
    /// - Throws: `StudioError` with code `notFound` or `preconditionFailed`; `PostgresError`.
    package func update(
        _ id: ProjectID, title: String? = nil, description: String? = nil, quality: QualityTier? = nil,
        expectedRevision: Int?, by author: ActionAuthor? = nil
    ) async throws -> ProjectRecord {
        let parameters: [PostgresParameter] = [
            .id(id), .text(title), .text(description), .text(quality?.rawValue), .int(expectedRevision),
            .id(author?.user),
        ]
        return try await database.transaction { connection in
            guard try connection.execute(SQL.update, parameters) == 1 else {
                guard try connection.query(SQL.one, [.id(id)]).isEmpty else {
                    throw StudioError(.preconditionFailed, "the project was changed since it was read")
                }
                throw Self.missing
            }
            let project = try tell("updated", of: id, on: connection)
            var detail = ["name": JSONValue.string(project.name)]
            if let title { detail["title"] = .string(title) }
            if description != nil { detail["description"] = .bool(true) }
            if let quality { detail["quality"] = .string(quality.rawValue) }
            try ActionLog.write(
                Action(.projectChanged, of: id, project: id, detail: detail), by: author, on: connection)
            return project
        }
    }

    /// Hides a project and refuses new jobs; archiving it again changes nothing.
    package func archive(_ id: ProjectID, by author: ActionAuthor? = nil) async throws -> ProjectRecord {
        try await set(id, true, SQL.setArchived, .archived, by: author)
    }

    /// Brings an archived project back; restoring it again changes nothing.
    package func restore(_ id: ProjectID, by author: ActionAuthor? = nil) async throws -> ProjectRecord {
        try await set(id, false, SQL.setArchived, .archived, by: author)
    }

    /// Starts nothing of a project any more, or goes on; doing it again changes nothing. What runs goes on; what stands on
    /// the runway already is refused by the claim and goes back to the backlog.
    package func set(
        _ id: ProjectID, isPaused: Bool, by author: ActionAuthor? = nil
    ) async throws -> ProjectRecord {
        try await set(id, isPaused, SQL.setPaused, .paused, by: author)
    }

    /// The words of a change and of its undoing, in events and in the log of actions.
    private enum Switch {
        case archived
        case paused

        func words(_ isOn: Bool) -> (change: String, action: Action.Kind) {
            switch self {
            case .archived: isOn ? ("archived", .projectArchived) : ("restored", .projectRestored)
            case .paused: isOn ? ("paused", .projectPaused) : ("resumed", .projectResumed)
            }
        }
    }

    private func set(
        _ id: ProjectID, _ value: Bool, _ sql: String, _ what: Switch, by author: ActionAuthor?
    ) async throws -> ProjectRecord {
        try await database.transaction { connection in
            if try connection.execute(sql, [.id(id), .bool(value)]) == 1 {
                let words = what.words(value)
                let project = try tell(words.change, of: id, on: connection)
                try ActionLog.write(
                    Action(words.action, of: id, project: id, detail: ["name": .string(project.name)]), by: author,
                    on: connection)
                return project
            }
            guard let row = try connection.query(SQL.one, [.id(id)]).first else { throw Self.missing }
            return try ProjectRecord(row)
        }
    }

    /// Inserts the event of a change made in this transaction, and returns the project as it is now.
    func tell(_ change: String, of id: ProjectID, on connection: PostgresConnection) throws -> ProjectRecord {
        try connection.execute(SQL.tell, [.id(id), .text(change)])
        guard let row = try connection.query(SQL.one, [.id(id)]).first else { throw Self.missing }
        return try ProjectRecord(row)
    }

    enum SQL {
        static let one = """
            SELECT \(ProjectRecord.columns) FROM \(ProjectRecord.tables) WHERE p.id = $1 AND p.scaffolded_at IS NOT NULL
            """
        // lower() finds it by the index; the name itself must be spelt as it is.
        static let named = """
            SELECT \(ProjectRecord.columns) FROM \(ProjectRecord.tables)
            WHERE p.tenant_id = $1 AND lower(p.name) = lower($2) AND p.name = $2 AND p.scaffolded_at IS NOT NULL
            """
        static let folder = """
            SELECT \(ProjectRecord.columns) FROM \(ProjectRecord.tables)
            WHERE n.name = $1 AND lower(p.name) = lower($2) AND p.name = $2 AND p.scaffolded_at IS NOT NULL
            """
        static let list = """
            SELECT \(ProjectRecord.columns) FROM \(ProjectRecord.tables)
            WHERE p.tenant_id = $1 AND p.scaffolded_at IS NOT NULL
              AND ($2::text IS NULL OR position(lower($2) IN lower(p.name)) > 0
                   OR position(lower($2) IN lower(p.title)) > 0)
              AND ($3 OR p.archived_at IS NULL)
              AND ($4::uuid IS NULL OR p.id < $4)
            ORDER BY p.id DESC LIMIT $5
            """
        static let ids = """
            SELECT id FROM projects WHERE scaffolded_at IS NOT NULL AND ($1::uuid IS NULL OR id > $1)
            ORDER BY id LIMIT $2
            """
        static let update = """
            UPDATE projects SET title = coalesce($2, title), description = coalesce($3, description),
                quality = coalesce($4, quality), revision = revision + 1, manifest_due_at = now(), manifest_due_by = $6
            WHERE id = $1 AND scaffolded_at IS NOT NULL AND ($5::bigint IS NULL OR revision = $5)
            """
        static let setArchived = """
            UPDATE projects SET archived_at = CASE WHEN $2 THEN now() END, revision = revision + 1
            WHERE id = $1 AND scaffolded_at IS NOT NULL AND (archived_at IS NOT NULL) <> $2
            """
        // No change of the document that people edit, so no new revision.
        static let setPaused = """
            UPDATE projects SET paused_at = CASE WHEN $2 THEN now() END
            WHERE id = $1 AND scaffolded_at IS NOT NULL AND (paused_at IS NOT NULL) <> $2
            """
        static let tell = """
            INSERT INTO events (tenant_id, project_id, kind, payload)
            SELECT tenant_id, id, 'project.changed', jsonb_build_object('change', $2::text, 'revision', revision)
            FROM projects WHERE id = $1
            """
    }
}

extension ProjectRecord {
    /// What `init(_ row:)` reads.
    static let columns = """
        p.id, p.tenant_id, n.name AS tenant_name, p.name, p.title, p.description, p.quality, p.created_by, p.created_at,
        p.scaffolded_at, p.archived_at, p.paused_at, p.weight, p.revision
        """

    /// The tables that `columns` are read from.
    static let tables = "projects p JOIN tenants n ON n.id = p.tenant_id"

    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.decode("id")
        tenant = try row.decode("tenant_id")
        tenantName = try row.decode("tenant_name")
        name = try row.decode("name")
        title = try row.decode("title")
        description = try row.decode("description")
        quality = try row.word("quality")
        createdBy = try row.decode("created_by")
        createdAt = try row.decode("created_at")
        scaffoldedAt = try row.decode("scaffolded_at")
        archivedAt = try row.decode("archived_at")
        pausedAt = try row.decode("paused_at")
        weight = try row.decode("weight")
        revision = try row.decode("revision")
    }
}
