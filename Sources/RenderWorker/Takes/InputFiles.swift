import Logging
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// The input files of a job, found and checked: below a project's folder, not by a symbolic link, regular files.
struct InputFiles: Sendable {
    struct File: Sendable {
        var port: String
        /// What the job named.
        var reference: String
        /// Absolute.
        var path: String
        /// What it must hold, in hexadecimal; nil where nobody said.
        var sha256: String?
    }

    /// In order of port, then in the job's order.
    let files: [File]

    /// The absolute paths by port.
    var paths: [String: [String]] { Dictionary(grouping: files, by: \.port).mapValues { $0.map(\.path) } }

    /// Finds them.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - folder: Its project.
    ///   - workspace: Where files of other projects are found.
    /// - Throws: `JobFailure` with `input-missing`; ``InputsGone`` where what is missing was made by other jobs.
    init(job: ClaimedJob, in folder: ProjectFolder, workspace: WorkspaceFolders) throws {
        var files: [File] = []
        var gone = InputsGone()
        for (port, references) in job.inputReferences.sorted(by: { $0.key < $1.key }) {
            for (reference, resolved) in references {
                do throws(JobFailure) {
                    guard let resolved else {
                        throw JobFailure(.inputMissing, "The input \(port), \(reference), has no finished file.")
                    }
                    let home =
                        try resolved.project.map { name throws(JobFailure) in
                            try workspace.project(tenant: job.tenantName, name: name)
                        } ?? folder
                    let path = try home.input(resolved.path, port: port)
                    files.append(File(port: port, reference: reference, path: path, sha256: resolved.sha256))
                } catch {
                    // What only cannot be read here and now is not gone, and is not made again.
                    guard !error.retryable, let maker = JobID(madeBy: reference) else { throw error }
                    gone.add(maker, error)
                }
            }
        }
        guard gone.jobs.isEmpty else { throw gone }
        self.files = files
    }
}

extension InputFiles {
    /// Puts back from the storage what the workspace lacks of a job's inputs: takes and what lies beside them that are not
    /// there, and pointers in the place of large files. A storage that does not answer is waited for.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - workspace: Where its files belong.
    ///   - stop: Ends the wait.
    ///   - logger: Where waiting is told.
    /// - Throws: `JobFailure`, ``RunStopped``.
    static func restore(
        _ job: ClaimedJob, in workspace: WorkspaceFolders, stop: RunStop, logger: Logger
    ) async throws {
        let objects = workspace.objects
        guard !objects.storage.isLocal else { return }
        let patience = StoragePatience(purpose: .reading, logger: logger)
        for (port, references) in job.inputReferences {
            for case (let reference, let file?) in references {
                guard let path = try? RelativePath(file.path) else { continue }
                let name = file.project ?? job.projectName
                let folder = try workspace.project(tenant: job.tenantName, name: name).path
                let home = ObjectHome(tenant: job.tenantName, project: name)
                // What people put into a folder they may take out of it; what jobs made is there for good.
                let isMade = reference != file.path && path.components.first == WorkspaceLayout.renders
                try await stop.whileWanted {
                    try await patience.persist("an input", "The input \(port), \(reference), cannot be had") {
                        () async throws(StorageError) in
                        _ = try await objects.restore(path, missing: isMade, of: home, in: folder)
                    }
                }
            }
        }
    }
}

/// Files that other jobs have made and that are not there any more, or not as they were made.
struct InputsGone: Error {
    /// The jobs that made them.
    private(set) var jobs: Set<JobID> = []
    /// What it means for a job that cannot have them made again.
    private(set) var failure = JobFailure(.inputMissing, "An input is not there.")

    mutating func add(_ job: JobID, _ failure: JobFailure) {
        if jobs.isEmpty { self.failure = failure }
        jobs.insert(job)
    }
}

extension JobID {
    /// The job that an input names; nil for what names none.
    init?(madeBy reference: String) {
        guard case .job(let id, _)? = try? InputReference(reference, pointer: "") else { return nil }
        self = id
    }
}

extension ClaimedJob {
    /// What each input names, in order, and the file it stands for; nil where there is none.
    ///
    /// A port that takes a list is kept as `port/0`, `port/1`, ….
    var inputReferences: [String: [(reference: String, file: ResolvedInput?)]] {
        var ordered: [String: [(index: Int, reference: String, file: ResolvedInput?)]] = [:]
        for (key, reference) in inputs {
            let parts = key.split(separator: "/", maxSplits: 1)
            let index = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            let isFile = if case .file? = try? InputReference(reference, pointer: "") { true } else { false }
            var file = isFile ? ResolvedInput(path: reference) : resolvedInputs[key]
            if let known = file, known.sha256 == nil { file?.sha256 = inputHashes[key] }
            ordered[String(parts.first ?? ""), default: []].append((index, reference, file))
        }
        return ordered.mapValues { $0.sorted { $0.index < $1.index }.map { ($0.reference, $0.file) } }
    }
}
