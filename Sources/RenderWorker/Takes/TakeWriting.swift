import FoundationEssentials
import Glibc
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
    let job: ClaimedJob
    let folder: ProjectFolder
    let sidecar: TakeSidecar
    let after: @Sendable (PublishingStep) throws -> Void

    init(
        take: TakeRecord, content: FileHash, finished: FinishedFile, job: ClaimedJob, folder: ProjectFolder,
        software: String, after: @escaping @Sendable (PublishingStep) throws -> Void
    ) throws {
        let file = take.path.split(separator: "/").last.map(String.init) ?? ""
        guard let name = TakeName(fileName: file), name.path == take.path else {
            throw JobFailure(.publishFailed, "The take's row names no take's place.", retryable: false)
        }
        self.take = take
        self.name = name
        self.content = content
        self.finished = finished
        self.job = job
        self.folder = folder
        self.after = after
        // The file's own time, so that a later attempt that finishes it says the same.
        let status = try? FileStatus(path: finished.path)
        sidecar = TakeSidecar(
            take: take.id, name: name, job: job.id, function: job.function, functionVersion: job.functionVersion,
            functionDigest: job.functionDigest, origin: finished.origin.document, parameters: finished.parameters,
            quality: job.quality, inputs: finished.inputs,
            probe: finished.inspection.probe, sha256: content.digest.hex, sizeBytes: content.size, software: software,
            createdAt: status.map { Date(timeIntervalSince1970: Double($0.modifiedSeconds)) } ?? Date())
    }

    /// The row's closing values.
    func published(commit: String) -> PublishedTake {
        PublishedTake(
            take: take.id, job: job.id, attempt: job.attempt, sha256: content.digest.hex, sizeBytes: content.size,
            probe: finished.inspection.probe, provenance: sidecar.document, commit: commit,
            hasThumbnail: RegularFile.size(of: thumbnailPath) != nil)
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
        var isPlaced = false
        do {
            let repository = try GitRepository(at: folder.path)
            try repository.lfs.add(file: finished.path, content: content)
            try after(.stored)
            isPlaced = try place(repository.lfs.path(of: content.digest))
            // Before Git looks at the file: removing a name of it later would make it look changed.
            if finished.path.hasPrefix(folder.scratch(of: key) + "/") { unlink(finished.path) }
            keepThumbnail()
            try after(.placed)
            return try repository.commit(try request()).description
        } catch let error as FileError {
            if isPlaced { takeBack() }
            throw JobFailure(error, while: "The take could not be written")
        } catch let error as GitError {
            if isPlaced { takeBack() }
            throw JobFailure(error)
        }
    }

    private var key: AttemptKey { AttemptKey(job: job.id, attempt: job.attempt) }

    private func request() throws -> CommitRequest {
        let function = "\(job.function) \(job.functionVersion)"
        return CommitRequest(
            entries: [
                try RelativePath(name.path): .largeFile(content),
                try RelativePath(name.sidecarPath): .bytes(try sidecarBytes()),
            ],
            author: CommitRequest.Author(name: job.userDisplayName, email: job.userEmail), time: Date(),
            message: "Take \(name.stem) by \(function)\n\nJob: \(job.id)\n")
    }

    /// The sidecar that is there already, where it tells of this very file; else a new one.
    private func sidecarBytes() throws -> [UInt8] {
        if let there = FileManager.default.contents(atPath: "\(folder.path)/\(name.sidecarPath)"),
            let document = try? JSONText.decode(JSONValue.self, from: there),
            document["take"]?.stringValue == take.id.description,
            document["sha256"]?.stringValue == content.digest.hex
        {
            return Array(there)
        }
        return Array(try sidecar.fileContents())
    }

    /// Puts the file into its place.
    ///
    /// - Returns: Whether this call did it; false where an earlier attempt had.
    private func place(_ source: String) throws -> Bool {
        let path = try RelativePath(name.path)
        if let parent = path.parent { try folder.directory.makeDirectories(parent) }
        if let there = try folder.directory.status(of: path) {
            let found = there.kind == .file ? try FileHash(file: folder.directory.absolutePath(of: path)) : nil
            if found == content { return false }
            // What the row knew before is what an earlier attempt at this very take had put there. Nobody else's file is
            // ever replaced.
            guard let found, found.digest.hex == take.sha256 else {
                throw JobFailure(
                    .publishFailed, "A file that the studio did not make stands in the place of \(name.fileName).",
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
        guard let thumbnail = finished.inspection.thumbnail else { return }
        try? folder.directory.makeDirectories(RelativePath(WorkspaceLayout.thumbnails))
        rename(thumbnail, thumbnailPath)
    }

    /// Removes what a refused attempt made, so that nothing half-made stays.
    private func takeBack() {
        _ = try? folder.directory.remove(RelativePath(name.path))
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
