package import QueueProtocol

extension WorkerStore {
    /// Whether a worker has ended.
    ///
    /// - Parameters:
    ///   - worker: The worker.
    ///   - silence: How long one gives no sign of life that counts as ended.
    /// - Returns: Whether it has; nil where there was never one of this id.
    /// - Throws: `PostgresError`.
    package func isGone(_ worker: WorkerID, after silence: Duration) async throws -> Bool? {
        try await database.withConnection { connection in
            try connection.query(GoneSQL.one, [.id(worker), .milliseconds(silence)]).first?.decode("gone")
        }
    }

    private enum GoneSQL {
        static let one = """
            SELECT state = 'stopped' OR clock_timestamp() - seen_at > $2 * interval '1 millisecond' AS gone
            FROM workers WHERE id = $1
            """
    }
}
