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
///
/// Files that are finished at the same time share their transactions: in a run of many small nodes these are what takes the
/// time, and all of a user's wait for each other at the user's account.
struct FilePublisher: Sendable {
    /// How many attempts share a transaction at most: with the files of all of them being put into their places meanwhile.
    static let most = 64

    private let files: JobFileStore
    private let after: @Sendable (PublishingStep) throws -> Void
    private let recordings: Together<FileRecording, Void>
    private let publications: Together<FilePublication, PublishedFiles>

    /// The publisher of one worker.
    ///
    /// - Parameters:
    ///   - files: Where files are written down.
    ///   - logger: Where it tells that a shared transaction failed.
    ///   - after: Called after each step; tests end the attempt there, as a crash would.
    init(files: JobFileStore, logger: Logger, after: @escaping @Sendable (PublishingStep) throws -> Void = { _ in }) {
        self.files = files
        self.after = after
        recordings = Together(most: Self.most) {
            await Together<FileRecording, Void>.write($0, "finished files", logger: logger) {
                try await files.record($0)
            }
        }
        publications = Together(most: Self.most) {
            await Together<FilePublication, PublishedFiles>.write($0, "publications", logger: logger) {
                try await files.publish($0, closing: { try after(.closing) })
            }
        }
    }

    /// How many attempts wait for the publications under way.
    var waiting: Int { publications.waiting }

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
            try await recordings.answer(
                to: FileRecording(claim, placing.rows) { stale in for file in stale { try folder.takeBack(file) } })
        }
        try after(.recorded)
        try await Blocking.run { try placing.bringNear() }
        try after(.stored)
        let published = try await patience.persist("the files' publication", while: isWanted) {
            do {
                return try await publications.answer(
                    to: FilePublication(claim) { try placing.place(after: after) })
            } catch let error where error is LeaseLost || (error as? PostgresError)?.code == .commitUnknown {
                // The answer was lost, or that of an earlier try of this very attempt: the rows say whether it happened.
                let rows = (try? await files.list(of: job.id)) ?? []
                if !rows.isEmpty, rows.allSatisfy({ $0.attempt == job.attempt }) {
                    return PublishedFiles(hasParts: true)
                }
                throw error
            }
        }
        if published.hasParts { await removeParts(of: job.id, in: folder, logger: logger) }
        return placing.rows.map(\.path)
    }

    /// Removes the files of the parts of a job that has been published; what fails is done by a worker that starts.
    func removeParts(of job: JobID, in folder: ProjectFolder, logger: Logger) async {
        do {
            try await files.removeParts(of: job) { parts in for part in parts { try folder.removePart(part) } }
        } catch {
            // The job is done; a worker that starts finds them.
            logger.notice("the files of the job's parts stay for now", metadata: [LogKey.error: "\(error)"])
        }
    }
}
