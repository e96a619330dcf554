package import QueueProtocol
package import StudioCore

/// Jobs that are made for another alone: the parts of a whole, which begins when they have succeeded.
///
/// Where the whole fails or is cancelled, the transaction that does it cancels its parts (`jobs_stop_parts`); a retry of the
/// whole retries those that did not succeed. Where the whole goes on without them they end in the same way.
extension JobStore {
    /// The parts of a job as they stand, in the order in which they were made.
    ///
    /// - Parameter whole: The job.
    /// - Returns: Its parts; none for a job that has none.
    /// - Throws: `PostgresError`.
    package func parts(of whole: JobID) async throws -> [JobPart] {
        try await database.withConnection { connection in
            try connection.query(PartSQL.parts, [.id(whole)]).map { row in
                JobPart(
                    id: try row.decode("id"), state: try row.word("state"), attempt: try row.decode("attempt"),
                    worker: try row.decode("worker_id"), isDropped: try row.decode("is_dropped"))
            }
        }
    }

    /// Stops the parts of jobs that have ended without success, where the end itself could not: another transaction held
    /// them at the moment.
    ///
    /// - Returns: How many were cancelled, or asked to stop.
    /// - Throws: `PostgresError`.
    package func stopLeftParts() async throws -> Int {
        try await database.withConnection { connection in
            try connection.query(PartSQL.stop).first?.decode("count") ?? 0
        }
    }

    /// Begins a new round of the parts of a job that did not succeed, all of whose rows are locked. Those that it goes on
    /// without stay as they are.
    ///
    /// - Parameters:
    ///   - whole: The job.
    ///   - connection: The transaction.
    /// - Throws: `StudioError` with code `conflict` where one of them is still being stopped, or reads what another job did
    ///   not make; `PostgresError`.
    func retryParts(of whole: JobID, on connection: PostgresConnection) throws {
        for row in try connection.query(PartSQL.parts, [.id(whole)]) where try !row.decode("is_dropped", as: Bool.self)
        {
            let part: JobID = try row.decode("id")
            switch try row.word("state", as: JobState.self) {
            case .succeeded, .waiting, .queued: break
            case .running where try !row.decode("is_stopping", as: Bool.self): break
            case .running:
                throw StudioError(
                    .conflict, "parts of the job are still being stopped; try again in a moment", retryAfterSeconds: 1)
            case .failed, .cancelled: try beginRound(of: part, on: connection)
            }
        }
    }

    private enum PartSQL {
        static let parts = """
            SELECT p.id, p.state, p.attempt, p.worker_id, p.cancel_requested_at IS NOT NULL AS is_stopping,
                   w.without_parts_since IS NOT NULL AS is_dropped
            FROM jobs p JOIN jobs w ON w.id = p.part_of WHERE p.part_of = $1 ORDER BY p.id
            """
        static let stop = "SELECT jobs_stop_parts() AS count"
    }
}

/// A part of a job as it stands.
package struct JobPart: Sendable, Hashable {
    package var id: JobID
    package var state: JobState
    package var attempt: Int
    /// Who runs it.
    package var worker: WorkerID?
    /// Whether the whole goes on without it.
    package var isDropped: Bool
}
