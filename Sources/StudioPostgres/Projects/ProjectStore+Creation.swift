package import QueueProtocol
import StudioCore

/// How a project comes to be: its row first, unseen, so that the name is taken; then its folder; then it is seen. What a
/// crash leaves between is found by `unfinished` and either finished or abandoned.
extension ProjectStore {
    /// Takes the name.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - idempotency: The key the request came with; default none.
    /// - Returns: The project, or the first answer again.
    /// - Throws: `StudioError` with code `conflict` where the name is taken, or for the key; `PostgresError`.
    package func begin(
        _ project: NewProject, idempotency: IdempotencyRequest? = nil
    ) async throws -> ProjectCreation {
        try await refusingTakenName {
            try await database.transaction { connection in
                if let idempotency {
                    let keys = IdempotencyStore(database)
                    switch try keys.claim(idempotency, resource: project.id.uuid, on: connection) {
                    case .fresh: break
                    case .replay(let first): return .replayed(first)
                    case .mismatch: throw IdempotencyStore.mismatch
                    case .inProgress: throw IdempotencyStore.inProgress
                    }
                }
                try connection.execute(CreationSQL.insert, Self.parameters(of: project) + [.bool(false)])
                return .begun(try ProjectRecord(connection.query(CreationSQL.any, [.id(project.id)])[0]))
            }
        }
    }

    /// Makes the project seen, and completes the idempotency key it was begun with, also after a restart. Finishing it
    /// again changes nothing.
    ///
    /// - Parameters:
    ///   - id: The project.
    ///   - answer: What to keep as the first answer to that key.
    /// - Returns: The project.
    /// - Throws: `StudioError` with code `notFound`; what the closure throws; `PostgresError`.
    package func finishScaffold(
        _ id: ProjectID, answer: (@Sendable (ProjectRecord) throws -> IdempotentAnswer)? = nil
    ) async throws -> ProjectRecord {
        try await database.transaction { connection in
            let isNew = try connection.execute(CreationSQL.finish, [.id(id)]) == 1
            guard let row = try connection.query(CreationSQL.any, [.id(id)]).first else { throw Self.missing }
            let project = isNew ? try tell("created", of: id, on: connection) : try ProjectRecord(row)
            if isNew, let author = project.createdBy {
                try ActionLog.write(
                    Action(.projectCreated, of: id, project: id, detail: ["name": .string(project.name)]),
                    by: ActionAuthor(tenant: project.tenant, user: author), on: connection)
            }
            if let answer {
                try IdempotencyStore(database).complete(resource: id.uuid, answer: answer(project), on: connection)
            }
            return project
        }
    }

    /// Forgets an unfinished project and its idempotency key; a finished one stays.
    package func abandon(_ id: ProjectID) async throws {
        try await database.transaction { connection in
            guard try connection.execute(CreationSQL.abandon, [.id(id)]) == 1 else { return }
            try IdempotencyStore(database).release(resource: id.uuid, on: connection)
        }
    }

    /// Projects whose folder was being made, oldest first.
    package func unfinished() async throws -> [ProjectRecord] {
        try await database.withConnection { connection in
            try connection.query(CreationSQL.unfinished).map { try ProjectRecord($0) }
        }
    }

    /// Takes in a project that was found on disk; adopting the same id again changes nothing.
    ///
    /// - Parameter project: The project, its id the `uuid` of its manifest.
    /// - Returns: The project.
    /// - Throws: `StudioError` with code `conflict` where another project has the name, or the id is another tenant's;
    ///   `PostgresError`.
    package func adopt(_ project: NewProject) async throws -> ProjectRecord {
        try await refusingTakenName {
            try await database.transaction { connection in
                if try connection.execute(CreationSQL.insert, Self.parameters(of: project) + [.bool(true)]) == 1 {
                    return try tell("adopted", of: project.id, on: connection)
                }
                let known = try ProjectRecord(connection.query(CreationSQL.any, [.id(project.id)])[0])
                guard known.tenant == project.tenant, known.name == project.name.text else {
                    throw StudioError(.conflict, "the project's id belongs to another project, \(known.name)")
                }
                return known
            }
        }
    }

    private func refusingTakenName<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as PostgresError where error.constraint == "projects_name" {
            throw StudioError(.conflict, "there is a project with this name already; names differ in more than case")
        }
    }

    private static func parameters(of project: NewProject) -> [PostgresParameter] {
        [
            .id(project.id), .id(project.tenant), .text(project.name.text), .text(project.title),
            .text(project.description), .text(project.quality.rawValue), .id(project.createdBy),
        ]
    }

    private enum CreationSQL {
        static let insert = """
            INSERT INTO projects (id, tenant_id, name, title, description, quality, created_by, scaffolded_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $8 THEN now() END)
            ON CONFLICT (id) DO NOTHING
            """
        static let any = "SELECT \(ProjectRecord.columns) FROM \(ProjectRecord.tables) WHERE p.id = $1"
        static let finish = "UPDATE projects SET scaffolded_at = now() WHERE id = $1 AND scaffolded_at IS NULL"
        static let abandon = "DELETE FROM projects WHERE id = $1 AND scaffolded_at IS NULL"
        static let unfinished = """
            SELECT \(ProjectRecord.columns) FROM \(ProjectRecord.tables)
            WHERE p.scaffolded_at IS NULL ORDER BY p.created_at, p.id
            """
    }
}
