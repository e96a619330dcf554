import FoundationEssentials
import QueueProtocol
import StudioCore

/// What the database says about the units of a batch, read under the locks that keep it true until the commit.
///
/// Locks are taken in one order: idempotency keys by user and key, upstream jobs by id, accounts by user.
struct AdmissionView {
    struct Project {
        var tenant: TenantID
        var name: String
        var isArchived: Bool
        /// Raised by every change.
        var revision: Int
    }
    struct Upstream {
        var project: ProjectID
        var state: JobState
    }
    struct Account {
        var available = 0
        var activeJobs = 0
    }
    /// What became of a key that is not free.
    enum Key {
        case claimed
        case replay(IdempotentAnswer)
        case refused(StudioError)
    }

    private(set) var now = Date()
    private(set) var projects: [ProjectID: Project] = [:]
    private(set) var known: [JobID: JobRecord] = [:]
    private(set) var upstream: [JobID: Upstream] = [:]
    private(set) var accounts: [UserID: Account] = [:]
    /// By the place of the unit.
    private(set) var keys: [Int: Key] = [:]

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
        try claimKeys(of: units, on: connection)
        for row in try connection.query(SQL.projects, [.ids(Set(units.flatMap { $0.jobs.map(\.project) }))]) {
            now = try row.decode("now")
            projects[try row.decode("id")] = Project(
                tenant: try row.decode("tenant_id"), name: try row.decode("name"),
                isArchived: try row.decode("is_archived"), revision: try row.decode("revision"))
        }
        if !wanted.isEmpty {
            for row in try connection.query(SQL.upstream, [.ids(wanted)]) {
                upstream[try row.decode("id")] = Upstream(
                    project: try row.decode("project_id"), state: try row.word("state"))
            }
        }
        // Read by the very statement that locks: one that had waited sees what the other left.
        for row in try connection.query(SQL.accounts, [.ids(Set(units.flatMap { $0.jobs.map(\.user) }))]) {
            accounts[try row.decode("user_id")] = Account(
                available: try row.decode("available"), activeJobs: try row.decode("active_jobs"))
        }
    }

    /// A unit whose jobs are known already asks nothing of its key: it was answered by the commit that made them.
    private mutating func claimKeys(of units: [AdmissionUnit], on connection: PostgresConnection) throws {
        var asked: [String: (place: Int, request: IdempotencyRequest)] = [:]
        for (place, unit) in units.enumerated() {
            guard let request = unit.idempotency?.request, unit.jobs.allSatisfy({ known[$0.id] == nil }) else {
                continue
            }
            asked["\(request.user) \(request.key)"] = (place, request)
        }
        guard !asked.isEmpty else { return }
        let requests = asked.values.map(\.request)
        let parameters: [PostgresParameter] = [
            .ids(requests.map(\.user)), .texts(requests.map(\.key)), .texts(requests.map(\.fingerprint)),
        ]
        for row in try connection.query(SQL.claim, parameters) {
            let name = "\(try row.decode("user_id", as: UserID.self)) \(try row.decode("key", as: String.self))"
            if let entry = asked.removeValue(forKey: name) { keys[entry.place] = .claimed }
        }
        guard !asked.isEmpty else { return }
        let taken = asked.values.map(\.request)
        for row in try connection.query(SQL.look, [.ids(taken.map(\.user)), .texts(taken.map(\.key))]) {
            let name = "\(try row.decode("user_id", as: UserID.self)) \(try row.decode("key", as: String.self))"
            guard let entry = asked.removeValue(forKey: name) else { continue }
            keys[entry.place] = try Self.worth(of: row, to: entry.request)
        }
        // Whoever had these gave them up between the two statements; the sender may try again.
        for entry in asked.values { keys[entry.place] = .refused(IdempotencyStore.inProgress) }
    }

    private static func worth(of row: PostgresRow, to request: IdempotencyRequest) throws -> Key {
        guard try row.decode("fingerprint") == request.fingerprint else { return .refused(IdempotencyStore.mismatch) }
        guard let status: Int = try row.decode("status") else { return .refused(IdempotencyStore.inProgress) }
        return .replay(
            IdempotentAnswer(
                status: status, headers: try row.document("headers") ?? [:], body: try row.decode("body")))
    }

    private enum SQL {
        static let known = "SELECT \(JobRecord.columns) FROM \(JobRecord.tables) WHERE j.id = ANY ($1)"
        static let claim = """
            INSERT INTO idempotency_keys AS k (user_id, key, fingerprint)
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) AS a (user_id, key, fingerprint)
            ORDER BY user_id, key
            ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, resource_id = NULL,
                status = NULL, headers = NULL, body = NULL, created_at = now()
            WHERE k.created_at < now() - interval '24 hours'
            RETURNING k.user_id, k.key
            """
        static let look = """
            SELECT k.user_id, k.key, k.fingerprint, k.status, k.headers, k.body
            FROM idempotency_keys k JOIN unnest($1::uuid[], $2::text[]) AS a (user_id, key) USING (user_id, key)
            """
        static let projects = """
            SELECT id, tenant_id, name, archived_at IS NOT NULL AS is_archived, revision, now() AS now
            FROM projects WHERE id = ANY ($1) AND scaffolded_at IS NOT NULL
            """
        // FOR SHARE: what one of them does when it ends waits until the new job can be seen, and then finds it.
        static let upstream = "SELECT id, project_id, state FROM jobs WHERE id = ANY ($1) ORDER BY id FOR SHARE"
        static let accounts = """
            SELECT user_id, available, active_jobs FROM credit_accounts WHERE user_id = ANY ($1)
            ORDER BY user_id FOR NO KEY UPDATE
            """
    }
}
