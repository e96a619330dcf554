import QueueProtocol
import StudioCore

/// Who pays for what a cancelled run had made for itself and others wait for.
///
/// What has begun is paid by whoever had it made. What has not goes over to the run that has waited for it the longest, with
/// its price: nobody pays for what they cancelled before it began. Where that run's user has not the credits, it stays with
/// whoever had it made, since others were promised the result.
extension RunStore {
    /// A job and the run that takes it over.
    private struct Heir {
        let job: JobID
        let payer: UserID
        let credits: Int
        let run: RunID
        let user: UserID
        let node: String
        let index: Int?

        init(_ row: PostgresRow) throws(PostgresError) {
            job = try row.decode("job_id")
            payer = try row.decode("payer")
            credits = try row.decode("credits")
            run = try row.decode("run_id")
            user = try row.decode("user_id")
            node = try row.decode("node")
            index = try row.decode("index")
        }
    }

    /// Hands over the jobs of a run that is being cancelled, as far as they have not begun and another run waits for them.
    ///
    /// - Parameters:
    ///   - jobs: Those that are left to others; their rows are locked.
    ///   - run: The run.
    ///   - connection: The transaction.
    /// - Throws: `PostgresError`.
    func handOver(_ jobs: Set<JobID>, of run: RunID, on connection: PostgresConnection) throws {
        let heirs = try connection.query(HeirSQL.heirs, [.ids(jobs.sorted()), .id(run)]).map { try Heir($0) }
        guard !heirs.isEmpty else { return }
        // Accounts before runs, as where jobs end.
        let users = Set(heirs.flatMap { [$0.payer, $0.user] }).sorted()
        var available: [UserID: Int] = [:]
        for row in try connection.query(HeirSQL.accounts, [.ids(users)]) {
            available[try row.decode("user_id")] = try row.decode("available", as: Int.self)
        }
        try connection.execute(HeirSQL.lockRuns, [.ids(Set(heirs.map(\.run) + [run]).sorted())])
        let taken = heirs.filter { heir in
            guard heir.user == heir.payer || available[heir.user, default: 0] >= heir.credits else { return false }
            available[heir.user, default: 0] -= heir.credits
            available[heir.payer, default: 0] += heir.credits
            return true
        }
        guard !taken.isEmpty else { return }
        let ids = PostgresParameter.ids(taken.map(\.job))
        try connection.execute(HeirSQL.giveBack, [ids])
        try connection.execute(
            HeirSQL.take,
            [
                ids, .ids(taken.map(\.user)), .ids(taken.map(\.run)), .texts(taken.map(\.node)),
                .optionalTexts(taken.map { $0.index.map { String($0) } }),
            ])
        try connection.execute(HeirSQL.hold, [ids])
        try connection.execute(HeirSQL.countJobs, [.ids(taken.map(\.payer)), .ids(taken.map(\.user))])
        try connection.execute(HeirSQL.leftByRun, [.id(run), ids])
        try connection.execute(
            HeirSQL.madeByHeirs,
            [
                .ids(taken.map(\.run)), ids, .texts(taken.map(\.node)),
                .optionalTexts(taken.map { $0.index.map { String($0) } }),
            ])
        try connection.execute(
            HeirSQL.countCredits,
            [
                .ids(taken.map { _ in run } + taken.map(\.run)),
                .texts(taken.map { String(-$0.credits) } + taken.map { String($0.credits) }),
            ])
    }

    private enum HeirSQL {
        // Of the runs that go on the first that asked; a node of it that stands for the job.
        static let heirs = """
            SELECT DISTINCT ON (n.job_id) n.job_id, j.user_id AS payer, j.credits, n.run_id, r.user_id, n.node, n.index
            FROM jobs j JOIN canvas_run_nodes n ON n.job_id = j.id JOIN canvas_runs r ON r.id = n.run_id
            WHERE j.id = ANY ($1) AND j.run_id = $2 AND j.state IN ('waiting', 'queued') AND j.attempt = 0
              AND n.run_id <> $2 AND NOT n.is_left AND r.cancelled_at IS NULL
            ORDER BY n.job_id, r.id, n.position
            """
        static let accounts = """
            SELECT user_id, available FROM credit_accounts WHERE user_id = ANY ($1) ORDER BY user_id FOR NO KEY UPDATE
            """
        static let lockRuns = "SELECT FROM canvas_runs WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"
        static let giveBack = """
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, 'return', credits FROM jobs WHERE id = ANY ($1) AND credits > 0 ORDER BY user_id, id
            """
        // A round of its own: each holds and settles credits of one account.
        static let take = """
            UPDATE jobs j SET user_id = a.user_id, round = j.round + 1, run_id = a.run_id, run_node = a.node, run_index = a.index
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::integer[]) AS a (id, user_id, run_id, node, index)
            WHERE j.id = a.id
            """
        static let hold = """
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, 'hold', credits FROM jobs WHERE id = ANY ($1) AND credits > 0 ORDER BY user_id, id
            """
        static let countJobs = """
            UPDATE credit_accounts c SET active_jobs = c.active_jobs + m.jobs
            FROM (SELECT user_id, sum(change) AS jobs FROM (
                    SELECT unnest($1::uuid[]) AS user_id, -1 AS change UNION ALL SELECT unnest($2::uuid[]), 1) u
                  GROUP BY user_id HAVING sum(change) <> 0) m
            WHERE c.user_id = m.user_id
            """
        static let leftByRun = """
            UPDATE canvas_run_nodes SET origin = 'shared' WHERE run_id = $1 AND job_id = ANY ($2) AND origin = 'made'
            """
        static let madeByHeirs = """
            UPDATE canvas_run_nodes n SET origin = 'made'
            FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[]) AS a (run_id, job_id, node, index)
            WHERE n.run_id = a.run_id AND n.job_id = a.job_id AND n.node = a.node AND n.index IS NOT DISTINCT FROM a.index
            """
        static let countCredits = """
            UPDATE canvas_runs r SET credits = greatest(0, r.credits + m.change)
            FROM (SELECT id, sum(change) AS change FROM unnest($1::uuid[], $2::bigint[]) AS u (id, change) GROUP BY id) m
            WHERE r.id = m.id AND m.change <> 0
            """
    }
}
