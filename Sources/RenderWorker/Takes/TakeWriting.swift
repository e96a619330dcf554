import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// What publishing a take changes in the project's folder. Runs under the project's writer lock, on a database thread;
/// may run again after any interruption and goes on where that left it.
struct TakeWriting: Sendable {
    /// The row as it was before this attempt recorded its file.
    let take: TakeRecord
    let name: TakeName
    let content: FileHash
    let finished: FinishedFile
    let companions: [TakeCompanion]
    let job: ClaimedJob
    let folder: ProjectFolder
    let sidecar: TakeSidecar
    let after: @Sendable (PublishingStep) throws -> Void

    init(
        take: TakeRecord, content: FileHash, finished: FinishedFile, companions: [TakeCompanion], job: ClaimedJob,
        folder: ProjectFolder, software: String, after: @escaping @Sendable (PublishingStep) throws -> Void
    ) throws {
        let file = take.path.split(separator: "/").last.map(String.init) ?? ""
        guard let name = TakeName(fileName: file), name.path == take.path else {
            throw JobFailure(.publishFailed, "The take's row names no take's place.", retryable: false)
        }
        self.take = take
        self.name = name
        self.content = content
        self.finished = finished
        self.companions = companions
        self.job = job
        self.folder = folder
        self.after = after
        // The file's own time, so that a later attempt that finishes it says the same.
        let status = try? FileStatus(path: finished.output.path)
        sidecar = TakeSidecar(
            take: take.id, name: name, job: job.id, function: job.function, functionVersion: job.functionVersion,
            functionDigest: job.functionDigest, origin: finished.origin.document, parameters: finished.parameters,
            quality: job.quality, inputs: finished.inputs,
            probe: finished.output.probe, sha256: content.digest.hex, sizeBytes: content.size,
            companions: companions.map(\.told), software: software,
            createdAt: status.map { Date(timeIntervalSince1970: Double($0.modifiedSeconds)) } ?? Date())
    }

    /// The row's closing values.
    func published(commit: String) -> PublishedTake {
        PublishedTake(
            take: take.id, job: job.id, attempt: job.attempt, sha256: content.digest.hex, sizeBytes: content.size,
            probe: finished.output.probe, provenance: sidecar.document, commit: commit,
            hasThumbnail: RegularFile.size(of: thumbnailPath) != nil, port: finished.output.port.name)
    }

    private var thumbnailPath: String { "\(folder.path)/\(WorkspaceLayout.thumbnails)/\(take.id).jpg" }

    /// Writes the take into the project.
    ///
    /// Where a step is refused (no space left, a foreign file in the way) the file is taken out of its place again; its
    /// LFS object stays, so that a later attempt need not render. Where it is interrupted, everything stays.
    ///
    /// - Returns: The commit that holds the take.
    /// - Throws: `JobFailure`.
    func write() throws -> String {
        var placed: [String] = []
        do {
            let repository = try GitRepository(at: folder.path)
            let files = files
            let sources = try files.map { try Self.store($0.output, $0.content, at: $0.path, in: repository) }
            try after(.stored)
            for (file, source) in zip(files, sources) {
                if try place(source, at: file.path, file.content, before: file.before) { placed.append(file.path) }
                // Before Git looks at the file: removing a name of it later would make it look changed.
                if file.output.path.hasPrefix(folder.scratch(of: key) + "/") { unlink(file.output.path) }
            }
            keepThumbnail()
            try after(.placed)
            return try repository.commit(try request()).description
        } catch let error as FileError {
            takeBack(placed)
            throw JobFailure(error, while: "The take could not be written")
        } catch let error as GitError {
            takeBack(placed)
            throw JobFailure(error)
        }
    }

    /// Has the large files where they are kept for good. Nothing names them yet: where this is broken off they are in nobody's
    /// way, and a later attempt finds them in the project's LFS objects. A storage that does not answer is waited for as
    /// long as the attempt is wanted.
    ///
    /// - Parameters:
    ///   - objects: The storage.
    ///   - stop: Ends the wait, and the sending.
    ///   - logger: Where waiting is told.
    /// - Throws: `JobFailure`, ``RunStopped``.
    func keep(in objects: ProjectObjects, stop: RunStop, logger: Logger) async throws {
        let large = files.filter { WorkspaceLayout.isLargeFile($0.path) }
        guard !objects.storage.isLocal, !large.isEmpty else { return }
        let (home, path) = (ObjectHome(tenant: job.tenantName, project: job.projectName), folder.path)
        do {
            try await Blocking.run {
                let repository = try GitRepository(at: path)
                for file in large { _ = try Self.store(file.output, file.content, at: file.path, in: repository) }
            }
        } catch let error as GitError {
            throw JobFailure(error)
        }
        let patience = StoragePatience(purpose: .keeping, logger: logger)
        try await stop.whileWanted {
            for file in large {
                try await patience.persist("the take's file", "The take could not be kept") {
                    () async throws(StorageError) in
                    try await objects.keep(file.content, of: home, in: path)
                }
            }
        }
    }

    private struct File: Sendable {
        var path: String
        var output: FinishedOutput
        var content: FileHash
        /// What the row knew before of what is in its place.
        var before: String?
    }

    private var files: [File] {
        [File(path: name.path, output: finished.output, content: content, before: take.sha256)]
            + companions.map { File(path: $0.path, output: $0.output, content: $0.content, before: noted[$0.path]) }
    }

    /// Makes a large file an LFS object of the project.
    ///
    /// - Returns: Where the bytes are then.
    private static func store(
        _ output: FinishedOutput, _ content: FileHash, at path: String, in repository: GitRepository
    ) throws -> String {
        guard WorkspaceLayout.isLargeFile(path) else { return output.path }
        // An earlier try of this attempt, whose transaction was lost, has taken the scratch folder's name off the file.
        let isStored = RegularFile.size(of: output.path) == nil && repository.lfs.contains(content)
        if !isStored { try repository.lfs.add(file: output.path, content: content) }
        return repository.lfs.path(of: content.digest)
    }

    /// What an earlier attempt at this very take had noted of the files beside it.
    private var noted: [String: String] {
        Dictionary(job.notedFiles.map { ($0.path, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    }

    private var key: AttemptKey { AttemptKey(job: job.id, attempt: job.attempt) }

    private func request() throws -> CommitRequest {
        let function = "\(job.function) \(job.functionVersion)"
        var entries: [RelativePath: CommitRequest.Content] = [
            try RelativePath(name.path): Self.entry(name.path, content),
            try RelativePath(name.sidecarPath): .bytes(try sidecarBytes()),
        ]
        for companion in companions {
            entries[try RelativePath(companion.path)] = Self.entry(companion.path, companion.content)
        }
        return CommitRequest(
            entries: entries,
            author: CommitRequest.Author(name: job.userDisplayName, email: job.userEmail), time: Date(),
            message: "Take \(name.stem) by \(function)\n\nJob: \(job.id)\n")
    }

    /// Media goes through LFS; text is kept by Git itself.
    private static func entry(_ path: String, _ content: FileHash) -> CommitRequest.Content {
        WorkspaceLayout.isLargeFile(path) ? .largeFile(content) : .workingFile
    }

    /// The sidecar that is there already, where it tells of this very file; else a new one.
    private func sidecarBytes() throws -> [UInt8] {
        if let there = FileManager.default.contents(atPath: "\(folder.path)/\(name.sidecarPath)"),
            let document = try? JSONText.decode(JSONValue.self, from: there),
            document["take"]?.stringValue == take.id.description,
            document["sha256"]?.stringValue == content.digest.hex,
            document["files"] == sidecar.document["files"]
        {
            return Array(there)
        }
        return Array(try sidecar.fileContents())
    }

    /// Puts a file into its place.
    ///
    /// - Parameters:
    ///   - source: The file.
    ///   - place: Where it goes.
    ///   - content: What it holds.
    ///   - before: What the row knew before: an earlier attempt at this very take may have put that there.
    /// - Returns: Whether this call did it; false where an earlier attempt had.
    /// - Throws: `JobFailure` where a foreign file is in the way; `FileError`, `PathError`.
    private func place(_ source: String, at place: String, _ content: FileHash, before: String?) throws -> Bool {
        let path = try RelativePath(place)
        if let parent = path.parent { try folder.directory.makeDirectories(parent) }
        if let there = try folder.directory.status(of: path) {
            let found = there.kind == .file ? try FileHash(file: folder.directory.absolutePath(of: path)) : nil
            if found == content { return false }
            // Nobody else's file is ever replaced.
            guard let found, found.digest.hex == before else {
                throw JobFailure(
                    .publishFailed, "A file that the studio did not make stands in the place of \(path.name).",
                    retryable: false)
            }
            try folder.directory.remove(path)
        }
        _ = try FilePlacement.placeWithoutReplacing(
            source: source, destination: try FileDestination(in: folder.directory, at: path), permissions: 0o444)
        return true
    }

    /// A thumbnail is a cache: without one a take is still a take.
    private func keepThumbnail() {
        guard let thumbnail = finished.thumbnail else { return }
        try? folder.directory.makeDirectories(RelativePath(WorkspaceLayout.thumbnails))
        rename(thumbnail, thumbnailPath)
    }

    /// Removes what a refused attempt made, so that nothing half-made stays.
    private func takeBack(_ placed: [String]) {
        guard !placed.isEmpty else { return }
        for path in placed { _ = try? folder.directory.remove(RelativePath(path)) }
        unlink(thumbnailPath)
    }
}

extension JobFailure {
    /// What a Git operation's error means for a job.
    init(_ error: GitError) {
        switch error.code {
        case .storageFull: self.init(.storageFull, "The take could not be committed: no space is left on the storage.")
        case .locked, .busy, .ioFailed, .permissionDenied, .notFound, .conflict:
            self.init(.publishFailed, "The take could not be committed: \(error.message)")
        case .invalid, .corrupt, .notARepository:
            self.init(.publishFailed, "The take could not be committed: \(error.message)", retryable: false)
        }
    }
}
