import Logging
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Makes a published take of a finished file: number, hash, LFS object, storage, place, sidecar, commit, row.
///
/// Each step may be the last one of a process: the row knows the file's hash before the file leaves the scratch folder,
/// and all that follows happens under the project's writer lock, with the job's row locked, and finds out for itself what
/// an earlier attempt has done already. So the same take is finished, never a second one made, and a worker that lost its
/// lease changes nothing.
struct TakePublisher: Sendable {
    let takes: TakeStore
    let child: MediaChild
    /// The address space of the child that looks into finished files, in bytes.
    let memory: Int
    /// The program and its version, for sidecars.
    let software: String
    /// Called after each step; tests end the attempt there, as a crash would.
    var after: @Sendable (PublishingStep) throws -> Void = { _ in }

    /// How long a look into a finished file may take: it is read once, and a few frames are decoded.
    static let inspectionTimeout = Duration.seconds(600)

    /// Looks into a finished file, in a child process.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - scratch: The attempt's scratch folder, for the thumbnail.
    ///   - log: Takes what the child says.
    /// - Returns: What was found.
    /// - Throws: `JobFailure` with `output-invalid` where it is no media.
    func inspect(_ path: String, scratch: String, log: @escaping @Sendable (String) -> Void) async throws -> Inspection
    {
        let thumbnail = "\(scratch)/thumbnail.jpg"
        let request = MediaJobRequest(
            operation: .inspect, inputs: ["source": [path]], output: thumbnail, parameters: [:], quality: .standard,
            seed: 0,
            limits: MediaJobLimits(
                memory: memory, processorSeconds: Int(Self.inspectionTimeout.components.seconds)))
        do {
            let found = try await child.perform(
                request, timeout: Self.inspectionTimeout, progress: { _ in }, log: log)
            let hasThumbnail = found["hasThumbnail"]?.boolValue ?? false
            return Inspection(probe: found["probe"] ?? .null, thumbnail: hasThumbnail ? thumbnail : nil)
        } catch let failure as JobFailure where [.inputInvalid, .inputMissing].contains(failure.code) {
            throw JobFailure(.outputInvalid, "What the function made cannot be used: \(failure.message)")
        }
    }

    /// Publishes.
    ///
    /// - Parameters:
    ///   - finished: The finished file.
    ///   - job: The claimed job.
    ///   - folder: Its project.
    ///   - objects: Where large files are kept for good.
    ///   - stop: Looked at while PostgreSQL is away: a lost lease and a stopping worker end the wait; a cancel and the
    ///     end of the job's time do not interrupt what has begun here.
    ///   - logger: Where waiting is told.
    /// - Returns: The published take.
    /// - Throws: `LeaseLost`, `JobFailure`, `PostgresError`.
    func publish(
        _ finished: FinishedFile, for job: ClaimedJob, in folder: ProjectFolder, keptIn objects: ProjectObjects,
        stop: RunStop, logger: Logger
    ) async throws -> TakeRecord {
        let claim = HeldClaim(job: job.id, attempt: job.attempt)
        let patience = DatabasePatience(logger: logger)
        let isWanted: @Sendable () -> Bool = { stop.reason != .leaseLost && stop.reason != .released }
        guard let shot = job.shot else {
            throw JobFailure(.publishFailed, "The job names no shot for its take.", retryable: false)
        }
        let content: FileHash
        var sealed: [(output: FinishedOutput, content: FileHash)] = []
        let onDisk: Int
        do {
            content = try await Blocking.run { try SealedFile.seal(finished.output.path) }
            for companion in finished.companions {
                sealed.append((companion, try await Blocking.run { try SealedFile.seal(companion.path) }))
            }
            onDisk = try await Blocking.run { folder.highestTakeNumber(shot: shot, version: job.version) }
        } catch let error as FileError {
            throw JobFailure(error, while: "The finished file could not be kept")
        }
        let allocated = try await patience.persist("the take's number", while: isWanted) {
            try await takes.allocate(
                claim, fileExtension: finished.output.fileExtension, mediaType: finished.output.mediaType,
                minimumNumber: onDisk + 1)
        }
        try after(.allocated)
        let companions = sealed.map { TakeCompanion($0.output, content: $0.content, beside: allocated) }
        _ = try await patience.persist("the take's file", while: isWanted) {
            try await takes.recordFile(
                claim, sha256: content.digest.hex, sizeBytes: content.size, origin: finished.origin.document,
                companions: companions.map(\.row))
        }
        try after(.recorded)
        let writing = try TakeWriting(
            take: allocated, content: content, finished: finished, companions: companions, job: job, folder: folder,
            software: software,
            after: after)
        // Before the project is locked: this may take as long as sending a film away.
        try await writing.keep(in: objects, stop: stop, logger: logger)
        try after(.kept)
        return try await patience.persist("the take's publication", while: isWanted) {
            do {
                return try await takes.withProjectWriter(claim, project: job.project) { connection in
                    let commit = try writing.write()
                    try after(.committed)
                    let published = try takes.publish(writing.published(commit: commit), on: connection)
                    try after(.closing)
                    return published.take
                }
            } catch let error as PostgresError where error.code == .commitUnknown {
                // The answer was lost: the row says whether it had happened.
                let row = try await takes.get(job: job.id)
                if let row, row.publishedAt != nil, row.attempt == job.attempt { return row }
                throw error
            } catch let lost as LeaseLost {
                // So it does where an earlier try of this very attempt went through.
                let row = try? await takes.get(job: job.id)
                if let row, row.publishedAt != nil, row.attempt == job.attempt { return row }
                throw lost
            }
        }
    }
}
