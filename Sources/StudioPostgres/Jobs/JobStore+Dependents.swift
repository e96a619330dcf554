import QueueProtocol
import StudioCore

/// What the end of jobs does to those that wait for them. All of it runs inside the transaction that ends them, whose
/// rows are locked.
extension JobStore {
    /// Queues the jobs that waited for this one alone; returns them.
    func releaseDependents(of job: JobID, on connection: PostgresConnection) throws -> [JobID] {
        try settleDependents(of: [job: .succeeded], on: connection).moved[job] ?? []
    }

    /// Fails the jobs that waited for this one, and those that waited for them, and gives their credits back; returns
    /// them.
    func failDependents(of job: JobID, on connection: PostgresConnection) throws -> [JobID] {
        try settleDependents(of: [job: .failed], on: connection).moved[job] ?? []
    }

    /// Queues what waited for successes and nothing else, and fails what waited for a job that failed or was cancelled and
    /// cannot go on without it.
    ///
    /// - Parameters:
    ///   - ended: The jobs whose state has just changed, and what it is now.
    ///   - connection: The transaction.
    /// - Returns: What became of the jobs that waited.
    /// - Throws: `PostgresError`.
    func settleDependents(
        of ended: [JobID: JobState], on connection: PostgresConnection
    ) throws -> SettledDependents {
        var settled = SettledDependents()
        let finished = ended.filter(\.value.isFinished)
        // A statement of its own, as are the next: each looks anew after the locks before it are held, so that of two
        // upstream jobs that end at the same time the later one sees the earlier.
        let waiting = try dependents(of: finished.keys.sorted(), on: connection)
        guard !waiting.isEmpty else { return settled }
        let locked = try lockWaiting(waiting.keys.sorted(), on: connection)
        let ready = locked.filter { job in waiting[job]?.allSatisfy { finished[$0] == .succeeded } ?? false }
        for job in try release(ready, on: connection) {
            if let cause = waiting[job]?.first { settled.moved[cause, default: []].append(job) }
        }
        var causes: [JobID: JobID] = [:]
        for job in locked {
            if let cause = waiting[job]?.first(where: { finished[$0] != .succeeded }) { causes[job] = cause }
        }
        for job in try goOnWithoutParts(causes.keys.sorted(), on: connection) {
            settled.withoutParts[job] = causes.removeValue(forKey: job)
        }
        while !causes.isEmpty {
            let failed = try fail(causes.keys.sorted(), on: connection)
            for job in failed { if let cause = causes[job] { settled.moved[cause, default: []].append(job) } }
            let next = try dependents(of: failed, on: connection)
            let waiting = try lockWaiting(next.keys.sorted(), on: connection)
            // The cause of what fails now is what made its upstream fail.
            var further: [JobID: JobID] = [:]
            for job in waiting { further[job] = next[job]?.first.flatMap { causes[$0] } }
            causes = further
        }
        return settled
    }

    /// The jobs that depend on these, whatever their state, each with those of these that it depends on.
    private func dependents(of jobs: [JobID], on connection: PostgresConnection) throws -> [JobID: [JobID]] {
        guard !jobs.isEmpty else { return [:] }
        var found: [JobID: [JobID]] = [:]
        for row in try connection.query(DependentSQL.dependents, [.ids(jobs)]) {
            found[try row.decode("job_id"), default: []].append(try row.decode("depends_on"))
        }
        return found
    }

    /// Locks jobs, and returns those that wait.
    private func lockWaiting(_ jobs: [JobID], on connection: PostgresConnection) throws -> [JobID] {
        guard !jobs.isEmpty else { return [] }
        return try connection.query(DependentSQL.lock, [.ids(jobs)]).map { try $0.decode("id") }
    }

    private func release(_ jobs: [JobID], on connection: PostgresConnection) throws -> [JobID] {
        guard !jobs.isEmpty else { return [] }
        return try connection.query(DependentSQL.release, [.ids(jobs)]).map { try $0.decode("id") }
    }

    private func fail(_ jobs: [JobID], on connection: PostgresConnection) throws -> [JobID] {
        let failure = JobFailure(.dependencyFailed, "a job that this one depends on did not succeed")
        return try connection.query(DependentSQL.fail, [.ids(jobs), try .json(failure)]).map { try $0.decode("id") }
    }

    private enum DependentSQL {
        static let dependents = """
            SELECT job_id, depends_on FROM job_dependencies WHERE depends_on = ANY ($1) ORDER BY job_id, depends_on
            """
        // By id first and by state afterwards: see the claim.
        static let lock = """
            WITH named AS (SELECT id, state FROM jobs WHERE id = ANY ($1) ORDER BY id FOR UPDATE)
            SELECT id FROM named WHERE state = 'waiting'
            """
        static let release = """
            UPDATE jobs j SET state = 'queued', queued_at = now(), pushed_at = NULL
            WHERE j.id = ANY ($1) AND NOT EXISTS (
                SELECT FROM job_dependencies d JOIN jobs u ON u.id = d.depends_on
                WHERE d.job_id = j.id AND u.state <> 'succeeded')
            RETURNING j.id
            """
        static let fail = """
            WITH failed AS (
                UPDATE jobs j SET state = 'failed', finished_at = now(), failure = coalesce((
                    SELECT jsonb_set($2, '{message}', to_jsonb('a part of it failed: ' || (p.failure ->> 'message')))
                    FROM jobs p WHERE p.part_of = j.id AND p.state = 'failed' AND p.failure ->> 'message' IS NOT NULL
                    ORDER BY p.id LIMIT 1), $2)
                WHERE j.id = ANY ($1)
                RETURNING j.id, j.user_id, j.round, j.credits
            ), returned AS (
                INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
                SELECT user_id, id, round, 'return', credits FROM failed WHERE credits > 0 ORDER BY user_id, id
            )
            SELECT id FROM failed
            """
    }
}

/// What the end of jobs did to those that waited for them.
struct SettledDependents {
    /// For each ended job those that its end moved on: queued where it succeeded, and failed otherwise.
    var moved: [JobID: [JobID]] = [:]
    /// The jobs that go on without the parts they waited for, each with the part that failed.
    var withoutParts: [JobID: JobID] = [:]
}
