package import FoundationEssentials
import QueueProtocol
import StudioCore

/// Firing, by the database's time. A gateway takes what is due, admits the job under the id that this time has, and moves
/// the schedule on. Dead between the two, the time is still due and its job is known when it is admitted again.
extension ScheduleStore {
    /// Takes schedules that are due, the longest due first; no other gateway gets them meanwhile.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - hold: How long they are held: whoever takes longer may find that another has done it.
    /// - Returns: The schedules.
    /// - Throws: `PostgresError`.
    package func takeDue(limit: Int, hold: Duration) async throws -> [DueSchedule] {
        try await database.withConnection { connection in
            try connection.query(FiringSQL.take, [.int(limit), .milliseconds(hold)]).map { row in
                DueSchedule(
                    schedule: try ScheduleRecord(row), dueAt: try row.decode("next_fire_at"),
                    now: try row.decode("now"))
            }
        }
    }

    /// Keeps what became of a due schedule, and moves it on. A refusal is told as an event where it is not the one of the
    /// time before.
    ///
    /// - Parameters:
    ///   - due: The schedule as it was taken.
    ///   - report: What became of it.
    ///   - next: When it is due next; nil disables it.
    /// - Returns: Whether it was still due: false where another gateway, or somebody who changed it, moved it on.
    /// - Throws: `PostgresError`.
    package func finish(_ due: DueSchedule, _ report: FiringReport, next: Date?) async throws -> Bool {
        let id = due.schedule.id
        return try await database.transaction { connection in
            guard let before = try connection.query(FiringSQL.before, [.id(id), .date(due.dueAt)]).first else {
                return false
            }
            try connection.execute(
                FiringSQL.finish,
                [
                    .id(id), .date(due.dueAt), .date(next), .text(report.outcome.rawValue),
                    try .json(report.problem), .id(report.job),
                ])
            let code = report.problem?["code"]?.stringValue
            if let code, try before.decode("code", as: String?.self) != code {
                try connection.execute(FiringSQL.tell, [.id(id)])
            }
            return true
        }
    }

    /// How long until the next schedule is due, by the database's time: zero where one is, nil where there is none.
    package func timeUntilDue() async throws -> Duration? {
        try await database.withConnection { connection in
            guard let row = try connection.query(FiringSQL.untilDue).first else { return nil }
            return .milliseconds(max(0, try row.decode("milliseconds", as: Int.self)))
        }
    }

    private enum FiringSQL {
        static let take = """
            WITH s AS (
                UPDATE schedules SET firing_until = now() + $2 * interval '1 millisecond'
                WHERE id IN (
                    SELECT id FROM schedules
                    WHERE next_fire_at <= now() AND (firing_until IS NULL OR firing_until <= now())
                    ORDER BY next_fire_at LIMIT $1 FOR UPDATE SKIP LOCKED
                ) RETURNING *
            )
            SELECT \(ScheduleRecord.columns), now() AS now FROM s JOIN projects p ON p.id = s.project_id
            ORDER BY s.next_fire_at
            """
        static let before = """
            SELECT last_problem ->> 'code' AS code FROM schedules WHERE id = $1 AND next_fire_at = $2 FOR UPDATE
            """
        static let finish = """
            UPDATE schedules SET next_fire_at = $3::timestamptz, enabled = $3::timestamptz IS NOT NULL,
                firing_until = NULL, last_due_at = $2, last_fired_at = now(), last_outcome = $4,
                last_problem = $5, last_job_id = coalesce($6, last_job_id)
            WHERE id = $1 AND next_fire_at = $2
            """
        static let tell = """
            INSERT INTO events (tenant_id, project_id, kind, payload)
            SELECT s.tenant_id, s.project_id, 'project.changed',
                   jsonb_build_object('change', 'schedule-refused', 'revision', p.revision, 'schedule', s.id,
                                      'name', s.name, 'problem', s.last_problem)
            FROM schedules s JOIN projects p ON p.id = s.project_id WHERE s.id = $1
            """
        // What is held is somebody's already, or is looked at again when its time is up.
        static let untilDue = """
            SELECT ceil(extract(epoch FROM next_fire_at - now()) * 1000)::bigint AS milliseconds FROM schedules
            WHERE next_fire_at IS NOT NULL AND (firing_until IS NULL OR firing_until <= now())
            ORDER BY next_fire_at LIMIT 1
            """
    }
}
