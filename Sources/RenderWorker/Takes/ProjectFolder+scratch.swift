import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioSystem

/// The scratch folders of attempts: `05_Cache/jobs/<job>/<attempt>/`. These calls block.
extension ProjectFolder {
    private func jobFolder(_ job: JobID) -> String { "\(path)/\(WorkspaceLayout.jobScratch)/\(job)" }

    /// The absolute path of an attempt's scratch folder, whether it is there or not.
    func scratch(of key: AttemptKey) -> String { "\(jobFolder(key.job))/\(key.attempt)" }

    /// Makes an attempt's scratch folder, empty.
    ///
    /// - Returns: Its absolute path.
    /// - Throws: `JobFailure` with `storage-full` or `runner-failed`.
    func makeScratch(_ key: AttemptKey) throws(JobFailure) -> String {
        remove(scratch(of: key))
        do {
            let relative = try RelativePath("\(WorkspaceLayout.jobScratch)/\(key.job)/\(key.attempt)")
            try directory.makeDirectories(relative)
        } catch let error as FileError {
            throw JobFailure(error, while: "The scratch folder could not be made")
        } catch {
            throw JobFailure(.runnerFailed, "The scratch folder could not be made.")
        }
        return scratch(of: key)
    }

    /// Removes an attempt's scratch folder, and the job's where that was the last.
    func removeScratch(of key: AttemptKey) {
        remove(scratch(of: key))
        rmdir(jobFolder(key.job))
    }

    /// Removes the scratch folders of a job's other attempts: each was over before this one was claimed.
    func removeScratches(of job: JobID, but attempt: Int) {
        for name in WorkspaceFolders.names(in: jobFolder(job)) where Int(name).map({ $0 != attempt }) ?? false {
            remove("\(jobFolder(job))/\(name)")
        }
    }

    /// All attempts that have a scratch folder.
    var scratches: [AttemptKey] {
        let folder = "\(path)/\(WorkspaceLayout.jobScratch)"
        return WorkspaceFolders.names(in: folder).compactMap { JobID($0) }.flatMap { job in
            WorkspaceFolders.names(in: jobFolder(job)).compactMap { name in
                Int(name).map { AttemptKey(job: job, attempt: $0) }
            }
        }
    }

    private func remove(_ path: String) {
        // What is not there need not be removed; what cannot be removed is tried again at the next start.
        try? FileManager.default.removeItem(atPath: path)
    }
}

extension JobFailure {
    /// What a file operation's error means for a job.
    init(_ error: FileError, while action: String) {
        switch error.code {
        case .storageFull: self.init(.storageFull, "\(action): no space is left on the storage.")
        default: self.init(.runnerFailed, "\(action) (\(error.code.rawValue)).")
        }
    }
}
