import Logging
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Tidies up after dead attempts, once at start: finishes the commit a killed process was making, so that people are not
/// kept from their own `git`, and removes left-over scratch folders. Those of living attempts stay, whoever's they
/// are, and so do finished files that a later attempt will publish. Files that such an attempt had put into the cache or
/// among the exports, of a job that will not go on, are taken away, and so are those of parts whose whole is published.
struct ScratchSweep: Sendable {
    let workspace: WorkspaceFolders
    let jobs: JobStore
    let takes: TakeStore
    let files: JobFileStore
    let logger: Logger

    func run() async {
        do {
            let left = try await Blocking.run { [workspace, logger] in
                workspace.allProjects().flatMap { folder in
                    Self.finishCommit(in: folder, logger: logger)
                    return folder.scratches.map { (folder, $0) }
                }
            }
            var removed = 0
            for (folder, key) in left where !Task.isCancelled {
                guard try await !isNeeded(key) else { continue }
                try await Blocking.run { folder.removeScratch(of: key) }
                removed += 1
            }
            try await takeAbandonedFilesAway()
            try await removeParts()
            if removed > 0 { logger.info("left-over scratch folders removed", metadata: ["count": "\(removed)"]) }
        } catch {
            logger.warning("left-over scratch folders stay for now", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Some hundreds at most: such a file takes a worker that died between two steps, and a job that was given up then.
    private func takeAbandonedFilesAway() async throws {
        for job in Set(try await files.abandoned(limit: 200).map(\.job)) where !Task.isCancelled {
            guard let folder = try await folder(of: job) else { continue }
            _ = try await files.abandon(job) { noted in for file in noted { try folder.takeBack(file) } }
        }
    }

    /// A worker that died just after it had published the whole has left them.
    private func removeParts() async throws {
        for whole in try await files.wholesWithFiles(limit: 200) where !Task.isCancelled {
            guard let folder = try await folder(of: whole) else { continue }
            try await files.removeParts(of: whole) { parts in for part in parts { try folder.removePart(part) } }
        }
    }

    private func folder(of job: JobID) async throws -> ProjectFolder? {
        guard let record = try await jobs.get(job), let tenant = try await jobs.tenantName(of: job) else { return nil }
        return try await Blocking.run { [workspace] in
            try? workspace.project(tenant: tenant, name: record.projectName)
        }
    }

    private static func finishCommit(in folder: ProjectFolder, logger: Logger) {
        do {
            guard try GitRepository(at: folder.path).recover() else { return }
            logger.info(
                "finished the commit of a process that was killed", metadata: [LogKey.project: "\(folder.name)"])
        } catch {
            // The next commit tries again; someone living may just be writing.
            logger.debug(
                "the repository is left as it is",
                metadata: [LogKey.project: "\(folder.name)", LogKey.error: "\(error)"])
        }
    }

    /// The claim is committed before the folder is made, so a folder without one is left over.
    private func isNeeded(_ key: AttemptKey) async throws -> Bool {
        if try await jobs.isHeld(HeldClaim(job: key.job, attempt: key.attempt)) { return true }
        guard let job = try await jobs.get(key.job), !job.state.isFinished else { return false }
        if try await files.noted(of: key.job).contains(where: { $0.attempt == key.attempt }) { return true }
        guard let take = try await takes.get(job: key.job) else { return false }
        return take.publishedAt == nil && take.sha256 != nil && take.attempt == key.attempt
    }
}
