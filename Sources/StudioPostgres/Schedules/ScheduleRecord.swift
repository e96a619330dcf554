package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// What people say of a schedule.
package struct ScheduleDefinition: Sendable, Hashable {
    /// Unique in its project, without regard to case.
    package var name: String
    package var cron: String
    /// A name of the IANA time zone database.
    package var timeZone: String
    /// The submission that makes one job.
    package var job: JSONValue
    package var overlap: ScheduleOverlap
    package var isEnabled: Bool

    package init(
        name: String, cron: String, timeZone: String, job: JSONValue, overlap: ScheduleOverlap = .allow,
        isEnabled: Bool = true
    ) {
        self.name = name
        self.cron = cron
        self.timeZone = timeZone
        self.job = job
        self.overlap = overlap
        self.isEnabled = isEnabled
    }
}

/// A schedule's row.
package struct ScheduleRecord: Sendable, Hashable {
    /// What became of a time at which it was due.
    package struct Firing: Sendable, Hashable {
        /// When it was due.
        package var dueAt: Date
        /// When that was seen to.
        package var firedAt: Date
        package var outcome: FiringOutcome
        /// `code` and `detail`, where it was refused.
        package var problem: JSONValue?
    }

    package var id: ScheduleID
    package var tenant: TenantID
    package var project: ProjectID
    package var projectName: String
    /// Who pays.
    package var user: UserID
    package var definition: ScheduleDefinition
    /// Nil while it is disabled.
    package var nextFireAt: Date?
    package var last: Firing?
    /// The last job it made.
    package var lastJob: JobID?
    package var createdAt: Date
    package var updatedAt: Date
    /// Raised by every change that people make, not by firing; the ETag.
    package var revision: Int
}

/// A schedule that is due, held for a moment by whoever got this.
package struct DueSchedule: Sendable, Hashable {
    package var schedule: ScheduleRecord
    /// When it is due.
    package var dueAt: Date
    /// The database's time when it was taken: never before `dueAt`.
    package var now: Date
}

/// What became of a due schedule, to be kept with it.
package struct FiringReport: Sendable, Hashable {
    package var outcome: FiringOutcome
    /// The job, where one was made.
    package var job: JobID?
    /// `code` and `detail`, where it was refused.
    package var problem: JSONValue?

    package init(_ outcome: FiringOutcome, job: JobID? = nil, problem: JSONValue? = nil) {
        self.outcome = outcome
        self.job = job
        self.problem = problem
    }
}

extension ScheduleRecord {
    /// What `init(_ row:)` reads.
    static let columns = """
        s.id, s.tenant_id, s.project_id, p.name AS project_name, s.user_id, s.name, s.cron, s.time_zone, s.job, s.overlap,
        s.enabled, s.next_fire_at, s.last_due_at, s.last_fired_at, s.last_outcome, s.last_problem, s.last_job_id,
        s.created_at, s.updated_at, s.revision
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.decode("id")
        tenant = try row.decode("tenant_id")
        project = try row.decode("project_id")
        projectName = try row.decode("project_name")
        user = try row.decode("user_id")
        definition = ScheduleDefinition(
            name: try row.decode("name"), cron: try row.decode("cron"), timeZone: try row.decode("time_zone"),
            job: try row.decode("job"), overlap: try row.word("overlap"), isEnabled: try row.decode("enabled"))
        nextFireAt = try row.decode("next_fire_at")
        if let dueAt = try row.decode("last_due_at", as: Date?.self) {
            last = Firing(
                dueAt: dueAt, firedAt: try row.decode("last_fired_at"), outcome: try row.word("last_outcome"),
                problem: try row.decode("last_problem"))
        }
        lastJob = try row.decode("last_job_id")
        createdAt = try row.decode("created_at")
        updatedAt = try row.decode("updated_at")
        revision = try row.decode("revision")
    }
}
