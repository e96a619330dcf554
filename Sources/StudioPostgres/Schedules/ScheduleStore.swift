package import FoundationEssentials
package import QueueProtocol
import StudioCore

/// Recurring jobs: the rows people edit. `ScheduleStore+Firing.swift` fires them. Refusals are `StudioError`, faults
/// `PostgresError`.
package struct ScheduleStore: Sendable {
    /// How many schedules a project may have.
    package static let perProject = 1000

    let database: Database

    package init(_ database: Database) { self.database = database }

    static let missing = StudioError(.notFound, "there is no such schedule")

    /// A project's schedule; nil where it has none of this id.
    package func get(_ id: ScheduleID, project: ProjectID) async throws -> ScheduleRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.one, [.id(id), .id(project)]).first.map { try ScheduleRecord($0) }
        }
    }

    /// A project's schedules, newest first.
    ///
    /// - Parameters:
    ///   - project: Whose.
    ///   - limit: How many at most; default 50.
    ///   - before: The last id of the page before; default the first page.
    /// - Returns: The schedules.
    /// - Throws: `PostgresError`.
    package func list(
        project: ProjectID, limit: Int = 50, before: ScheduleID? = nil
    ) async throws -> [ScheduleRecord] {
        try await database.withConnection { connection in
            try connection.query(SQL.list, [.id(project), .id(before), .int(limit)]).map { try ScheduleRecord($0) }
        }
    }

    /// Makes a schedule, in the caller's transaction.
    ///
    /// - Parameters:
    ///   - id: The id it will have.
    ///   - definition: What it does.
    ///   - project: The project.
    ///   - user: Who pays.
    ///   - next: The first time after an instant at which it is due; the instant is the database's.
    ///   - connection: The transaction.
    /// - Returns: The schedule.
    /// - Throws: `StudioError` with code `conflict` where the name is taken, `quotaExceeded` where the project has as many
    ///   as it may; what `next` throws; `PostgresError`.
    package func create(
        _ id: ScheduleID, _ definition: ScheduleDefinition, project: ProjectRecord, user: UserID,
        next: (Date) throws -> Date, on connection: PostgresConnection
    ) throws -> ScheduleRecord {
        let seen = try connection.query(SQL.count, [.id(project.id)])[0]
        guard try seen.decode("schedules") < Self.perProject else {
            throw StudioError(.quotaExceeded, "a project may have \(Self.perProject) schedules")
        }
        let due = definition.isEnabled ? try next(seen.decode("now")) : nil
        _ = try refusingTakenName {
            try connection.execute(
                SQL.insert,
                [.id(id), .id(project.tenant), .id(project.id), .id(user)] + Self.columns(definition) + [.date(due)])
        }
        return try ScheduleRecord(connection.query(SQL.one, [.id(id), .id(project.id)])[0])
    }

    /// Replaces what a schedule does. The time it is due next stays where neither the expression, the zone nor whether it is
    /// enabled changes; otherwise it is the first one from now on, and what was missed before is not made up for.
    ///
    /// - Parameters:
    ///   - id: The schedule.
    ///   - definition: What it does from now on.
    ///   - project: The project.
    ///   - user: Who changes it, and pays from now on.
    ///   - expectedRevision: The revision that was changed.
    ///   - author: Who asks, for the log of actions; default nobody.
    ///   - next: The first time after an instant at which it is due; the instant is the database's.
    /// - Returns: The schedule, its revision raised.
    /// - Throws: `StudioError` with code `notFound`, `preconditionFailed`, or `conflict` where the name is taken; what
    ///   `next` throws; `PostgresError`.
    package func update(
        _ id: ScheduleID, _ definition: ScheduleDefinition, project: ProjectID, user: UserID, expectedRevision: Int,
        by author: ActionAuthor? = nil, next: @escaping @Sendable (Date) throws -> Date
    ) async throws -> ScheduleRecord {
        try await database.transaction { connection in
            let due = definition.isEnabled ? try next(connection.query(SQL.now)[0].decode("now")) : nil
            let changed = try refusingTakenName {
                try connection.execute(
                    SQL.update,
                    [.id(id), .int(expectedRevision), .id(project), .id(user)] + Self.columns(definition)
                        + [.date(due)])
            }
            guard let row = try connection.query(SQL.one, [.id(id), .id(project)]).first else { throw Self.missing }
            guard changed == 1 else { throw Self.changed }
            let schedule = try ScheduleRecord(row)
            try ActionLog.write(Self.action(.scheduleChanged, schedule), by: author, on: connection)
            return schedule
        }
    }

    /// Something that is done to a schedule, with what people know it by.
    package static func action(_ kind: Action.Kind, _ schedule: ScheduleRecord) -> Action {
        Action(kind, of: schedule.id, project: schedule.project, detail: ["name": .string(schedule.definition.name)])
    }

    /// Removes a schedule; the jobs it made stay.
    ///
    /// - Parameters:
    ///   - id: The schedule.
    ///   - project: The project.
    ///   - expectedRevision: The revision that is meant; nil removes whatever is there.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Throws: `StudioError` with code `notFound` or `preconditionFailed`; `PostgresError`.
    package func delete(
        _ id: ScheduleID, project: ProjectID, expectedRevision: Int?, by author: ActionAuthor? = nil
    ) async throws {
        try await database.transaction { connection in
            if try connection.execute(SQL.delete, [.id(id), .id(project), .int(expectedRevision)]) == 1 {
                return try ActionLog.write(
                    Action(.scheduleRemoved, of: id, project: project), by: author, on: connection)
            }
            guard try connection.query(SQL.one, [.id(id), .id(project)]).isEmpty else { throw Self.changed }
            throw Self.missing
        }
    }

    private static let changed = StudioError(.preconditionFailed, "the schedule was changed since it was read")

    private func refusingTakenName<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as PostgresError where error.constraint == "schedules_name" {
            throw StudioError(.conflict, "the project has a schedule with this name already")
        }
    }

    private static func columns(_ definition: ScheduleDefinition) throws -> [PostgresParameter] {
        [
            .text(definition.name), .text(definition.cron), .text(definition.timeZone), try .json(definition.job),
            .text(definition.overlap.rawValue), .bool(definition.isEnabled),
        ]
    }

    private enum SQL {
        private static let select =
            "SELECT \(ScheduleRecord.columns) FROM schedules s JOIN projects p ON p.id = s.project_id"
        static let one = "\(select) WHERE s.id = $1 AND s.project_id = $2"
        static let list = """
            \(select) WHERE s.project_id = $1 AND ($2::uuid IS NULL OR s.id < $2) ORDER BY s.id DESC LIMIT $3
            """
        static let now = "SELECT now() AS now"
        static let count = "SELECT count(*) AS schedules, now() AS now FROM schedules WHERE project_id = $1"
        static let insert = """
            INSERT INTO schedules (id, tenant_id, project_id, user_id, name, cron, time_zone, job, overlap, enabled,
                next_fire_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """
        static let update = """
            UPDATE schedules SET user_id = $4, name = $5, cron = $6, time_zone = $7, job = $8, overlap = $9,
                enabled = $10, next_fire_at = CASE WHEN (cron, time_zone, enabled) = ($6, $7, $10) THEN next_fire_at
                                                   ELSE $11::timestamptz END,
                updated_at = now(), revision = revision + 1
            WHERE id = $1 AND revision = $2 AND project_id = $3
            """
        static let delete = """
            DELETE FROM schedules WHERE id = $1 AND project_id = $2 AND ($3::bigint IS NULL OR revision = $3)
            """
    }
}
