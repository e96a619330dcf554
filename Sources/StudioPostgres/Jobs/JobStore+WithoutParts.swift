import QueueProtocol
import StudioCore

/// Jobs that go on without their parts: a film that the studio cut by itself is made in one piece where a chunk of it cannot
/// be made of its source.
extension JobStore {
    /// Queues the jobs among these that make by themselves what their parts do not, all of whose rows are locked.
    ///
    /// Everything of it is in the transaction that ends the part: the parts are inputs and dependencies no more, and those
    /// that have not ended are stopped by a trigger. A job does so once, since it waits for no part afterwards, and only where
    /// one that it can spare said that its source cannot be used: what fails for another reason would fail in one piece too.
    ///
    /// - Parameters:
    ///   - jobs: Jobs that wait, and of which an upstream job has not succeeded.
    ///   - connection: The transaction.
    /// - Returns: Those that are queued now.
    /// - Throws: `PostgresError`.
    func goOnWithoutParts(_ jobs: [JobID], on connection: PostgresConnection) throws -> [JobID] {
        guard !jobs.isEmpty else { return [] }
        let code = FailureCode.inputInvalid.rawValue
        return try connection.query(WithoutPartsSQL.goOn, [.ids(jobs), .text(code)]).map { try $0.decode("id") }
    }

    private enum WithoutPartsSQL {
        // Whatever else it waited for was there before its parts began.
        static let goOn = """
            WITH alone AS (
                UPDATE jobs w SET state = 'queued', queued_at = now(), pushed_at = NULL, without_parts_since = now(),
                    inputs = (
                        SELECT coalesce(jsonb_object_agg(i.key, i.value), '{}') FROM jsonb_each(w.inputs) AS i
                        WHERE NOT EXISTS (
                            SELECT FROM jobs p WHERE p.part_of = w.id AND i.value = to_jsonb('job:' || p.id)))
                WHERE w.id = ANY ($1) AND w.state = 'waiting' AND EXISTS (
                    SELECT FROM jobs p WHERE p.part_of = w.id AND p.is_spared AND p.state = 'failed'
                      AND p.failure ->> 'code' = $2)
                  AND NOT EXISTS (
                    SELECT FROM job_dependencies d JOIN jobs u ON u.id = d.depends_on
                    WHERE d.job_id = w.id AND u.part_of IS DISTINCT FROM w.id AND u.state <> 'succeeded')
                RETURNING w.id
            ), freed AS (
                DELETE FROM job_dependencies d USING alone a, jobs p
                WHERE d.job_id = a.id AND p.id = d.depends_on AND p.part_of = a.id
            )
            SELECT id FROM alone
            """
    }
}
