import FoundationEssentials
import QueueProtocol
import StudioCore

/// What the database says about the jobs of a batch, read under the locks that keep it true until the commit.
///
/// Locks are taken in one order: upstream jobs by id, accounts by user; idempotency keys by user and key when they are
/// written.
struct AdmissionView {
    struct Project {
        var tenant: TenantID
        var name: String
        var isArchived: Bool
        var isPaused: Bool
        /// Raised by every change.
        var revision: Int
    }
    struct Upstream {
        var tenant: TenantID
        var project: ProjectID
        var state: JobState

        /// Whether a job may wait for it: in its own project, and that of a run in the whole tenant.
        func isWithin(reachOf job: NewJob) -> Bool {
            project == job.project || (job.place != nil && tenant == job.tenant)
        }
    }
    struct Account {
        var available = 0
        var activeJobs = 0
    }

    private(set) var now = Date()
    private(set) var projects: [ProjectID: Project] = [:]
    private(set) var known: [JobID: JobRecord] = [:]
    private(set) var upstream: [JobID: Upstream] = [:]
    private(set) var accounts: [UserID: Account] = [:]

    init(
        _ units: [AdmissionUnit], upstream wanted: Set<JobID>, looksForKnown: Bool, on connection: PostgresConnection
    ) throws {
        let ids = units.filter { looksForKnown || $0.mayBeKnown }.flatMap { $0.jobs.map(\.id) }
        if !ids.isEmpty {
            for row in try connection.query(SQL.known, [.ids(ids)]) {
                let record = try JobRecord(row)
                known[record.id] = record
            }
        }
        if !wanted.isEmpty {
            for row in try connection.query(SQL.upstream, [.ids(wanted)]) {
                upstream[try row.decode("id")] = Upstream(
                    tenant: try row.decode("tenant_id"), project: try row.decode("project_id"),
                    state: try row.word("state"))
            }
        }
        let runs = units.compactMap(\.run)
        let projects = Set(units.flatMap { $0.jobs.map(\.project) } + runs.map(\.project))
        let users = Set(units.flatMap { $0.jobs.map(\.user) } + runs.map(\.user))
        for row in try connection.query(SQL.projectsAndAccounts, [.ids(projects), .ids(users)]) {
            now = try row.decode("now")
            if let tenant = try row.decode("tenant_id", as: TenantID?.self) {
                self.projects[try row.decode("id")] = Project(
                    tenant: tenant, name: try row.decode("name"), isArchived: try row.decode("is_archived"),
                    isPaused: try row.decode("is_paused"), revision: try row.decode("revision"))
            } else {
                accounts[try row.decode("id")] = Account(
                    available: try row.decode("available"), activeJobs: try row.decode("active_jobs"))
            }
        }
    }

    private enum SQL {
        static let known = "SELECT \(JobRecord.columns) FROM \(JobRecord.tables) WHERE j.id = ANY ($1)"
        // FOR SHARE: what one of them does when it ends waits until the new job can be seen, and then finds it.
        static let upstream =
            "SELECT id, tenant_id, project_id, state FROM jobs WHERE id = ANY ($1) ORDER BY id FOR SHARE"
        // One round trip for both. Accounts are read by the very statement that locks them: one that had waited sees what
        // the other left.
        static let projectsAndAccounts = """
            WITH accounts AS (
                SELECT user_id, available, active_jobs FROM credit_accounts WHERE user_id = ANY ($2)
                ORDER BY user_id FOR NO KEY UPDATE
            )
            SELECT id, tenant_id, name, archived_at IS NOT NULL AS is_archived, paused_at IS NOT NULL AS is_paused, revision,
                   NULL::bigint AS available, NULL::bigint AS active_jobs, now() AS now
            FROM projects WHERE id = ANY ($1) AND scaffolded_at IS NOT NULL
            UNION ALL
            SELECT user_id, NULL, NULL, NULL, NULL, NULL, available, active_jobs, now() FROM accounts
            """
    }
}
