package import QueueProtocol

/// A worker that has a function's model loaded and nothing to do with it.
package struct WarmWorker: Sendable, Hashable {
    package var worker: WorkerID
    package var function: String
    /// The queues that it serves.
    package var queues: [String]
}

/// Where models are loaded.
extension RunwayStore {
    /// The workers that could begin a job of these functions at once with the model that they have loaded.
    ///
    /// - Parameters:
    ///   - functions: The functions' names.
    ///   - silence: How long after its last sign of life a worker counts as gone.
    /// - Returns: The workers, once for each function; those with the most free slots first.
    /// - Throws: `PostgresError`.
    package func warmWorkers(of functions: Set<String>, silence: Duration) async throws -> [WarmWorker] {
        try await database.withConnection { connection in
            try connection.query(WarmSQL.free, [.texts(functions.sorted()), .milliseconds(silence)]).map { row in
                WarmWorker(
                    worker: try row.decode("id"), function: try row.decode("function"), queues: try row.decode("queues")
                )
            }
        }
    }

    private enum WarmSQL {
        static let free = """
            SELECT w.id, f.function, w.queues FROM workers w CROSS JOIN LATERAL unnest(w.warm_functions) f (function)
            CROSS JOIN LATERAL (
                SELECT count(*) AS jobs, count(*) FILTER (WHERE j.function = f.function) AS same
                FROM jobs j WHERE j.worker_id = w.id AND j.state = 'running') r
            WHERE f.function = ANY ($1) AND w.state = 'serving'
              AND w.seen_at > now() - $2 * interval '1 millisecond' AND r.jobs < w.slots AND r.same = 0
              AND NOT EXISTS (SELECT FROM worker_blocks b WHERE b.worker_id = w.id AND b.function = f.function
                              AND b.blocked_at IS NOT NULL)
            ORDER BY w.slots - r.jobs DESC, w.id
            """
    }
}
