import QueueProtocol
import StudioCore

/// What the end of a job does to others. All of it runs inside the transaction that ends the job, whose row is locked.
extension JobStore {
    /// Queues the jobs that waited for this one alone; returns them.
    func releaseDependents(of job: JobID, on connection: PostgresConnection) throws -> [JobID] {
        // Two statements: the second looks anew after the locks are held, so that of two upstream jobs that end at the
        // same time the later one sees the earlier.
        let waiting: [JobID] = try connection.query(DependentSQL.lock, [.ids([job])]).map { try $0.decode("id") }
        guard !waiting.isEmpty else { return [] }
        return try connection.query(DependentSQL.release, [.ids(waiting)]).map { try $0.decode("id") }
    }

    /// Fails the jobs that waited for these, and those that waited for them, and gives their credits back; returns them.
    func failDependents(of jobs: [JobID], on connection: PostgresConnection) throws -> [JobID] {
        let failure = JobFailure(.dependencyFailed, "a job that this one depends on did not succeed")
        var failed: [JobID] = []
        var ended = jobs
        while !ended.isEmpty {
            ended = try connection.query(DependentSQL.fail, [.ids(ended), try .json(failure)])
                .map { try $0.decode("id") }
            failed += ended
        }
        return failed
    }

    private enum DependentSQL {
        static let lock = """
            SELECT id FROM jobs
            WHERE state = 'waiting' AND id IN (SELECT job_id FROM job_dependencies WHERE depends_on = ANY ($1))
            ORDER BY id FOR UPDATE
            """
        static let release = """
            UPDATE jobs j SET state = 'queued', queued_at = now(), pushed_at = NULL
            WHERE j.id = ANY ($1) AND NOT EXISTS (
                SELECT FROM job_dependencies d JOIN jobs u ON u.id = d.depends_on
                WHERE d.job_id = j.id AND u.state <> 'succeeded')
            RETURNING j.id
            """
        static let fail = """
            WITH waiting AS (\(lock)), failed AS (
                UPDATE jobs j SET state = 'failed', failure = $2, finished_at = now()
                FROM waiting w WHERE j.id = w.id
                RETURNING j.id, j.user_id, j.round, j.credits
            ), returned AS (
                INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
                SELECT user_id, id, round, 'return', credits FROM failed WHERE credits > 0 ORDER BY user_id, id
            )
            SELECT id FROM failed
            """
    }
}
