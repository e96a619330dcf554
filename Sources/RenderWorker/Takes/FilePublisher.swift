import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Publishes the files of a job without a take: into the cache, or among the exports.
///
/// Each step may be the last one of a process: the rows know the files' places and hashes before the files leave the scratch
/// folder, and all that follows happens with the job's row locked, and finds out for itself what an earlier attempt has done
/// already. So the same files are finished, and a worker that lost its lease changes nothing.
struct FilePublisher: Sendable {
    let files: JobFileStore
    /// Called after each step; tests end the attempt there, as a crash would.
    var after: @Sendable (PublishingStep) throws -> Void = { _ in }

    /// Publishes.
    ///
    /// - Parameters:
    ///   - outputs: The finished files, the primary one among them.
    ///   - primary: The primary output's name.
    ///   - job: The claimed job.
    ///   - folder: Its project.
    ///   - stop: Looked at while PostgreSQL is away, as when a take is published.
    ///   - logger: Where waiting is told.
    /// - Returns: The paths of the published files below the project's folder, the primary one first.
    /// - Throws: `LeaseLost`, `JobFailure`, `PostgresError`.
    func publish(
        _ outputs: [FinishedOutput], primary: String, for job: ClaimedJob, in folder: ProjectFolder, stop: RunStop,
        logger: Logger
    ) async throws -> [String] {
        let claim = HeldClaim(job: job.id, attempt: job.attempt)
        let patience = DatabasePatience(logger: logger)
        let isWanted: @Sendable () -> Bool = { stop.reason != .leaseLost && stop.reason != .released }
        let placing = try await Blocking.run {
            try FilePlacing(outputs, primary: primary, job: job, folder: folder)
        }
        try await patience.persist("the finished files", while: isWanted) {
            try await files.record(claim, placing.rows) { stale in for file in stale { try folder.takeBack(file) } }
        }
        try after(.recorded)
        try await Blocking.run { try placing.bringNear() }
        try after(.stored)
        return try await patience.persist("the files' publication", while: isWanted) {
            do {
                return try await files.withClaim(claim) { connection in
                    try placing.place(after: after)
                    _ = try files.publish(claim, on: connection)
                    try after(.closing)
                    return placing.rows.map(\.path)
                }
            } catch let error where error is LeaseLost || (error as? PostgresError)?.code == .commitUnknown {
                // The answer was lost, or that of an earlier try of this very attempt: the rows say whether it happened.
                let rows = (try? await files.list(of: job.id)) ?? []
                if !rows.isEmpty, rows.allSatisfy({ $0.attempt == job.attempt }) { return rows.map(\.path) }
                throw error
            }
        }
    }
}
