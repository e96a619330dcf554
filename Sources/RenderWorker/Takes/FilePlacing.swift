import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// What publishing files without a take changes in the project's folder. May run again after any interruption and goes on
/// where that left it. Its calls block.
struct FilePlacing: Sendable {
    private struct File: Sendable {
        var source: String
        var place: RelativePath
        var content: FileHash
    }

    /// What the rows say of the files, the primary one first.
    let rows: [FinishedJobFile]
    private let files: [File]
    private let folder: ProjectFolder
    private let isReplacing: Bool
    private let key: AttemptKey
    /// What earlier attempts had brought near.
    private let waiting: [RelativePath]

    /// Seals the files and works out their places.
    ///
    /// - Throws: `JobFailure`.
    init(_ outputs: [FinishedOutput], primary: String, job: ClaimedJob, folder: ProjectFolder) throws {
        self.folder = folder
        isReplacing = job.destination.isReplacing
        key = AttemptKey(job: job.id, attempt: job.attempt)
        var rows: [FinishedJobFile] = []
        var files: [File] = []
        // What people get is theirs to change; what the program keeps is not.
        let permissions: UInt16 = job.destination.kind == .export ? 0o644 : 0o444
        do {
            for output in outputs.sorted(by: { $0.port.name == primary && $1.port.name != primary }) {
                let isPrimary = output.port.name == primary
                let content = try SealedFile.seal(output.path, permissions: permissions)
                let path = WorkspaceLayout.filePath(
                    port: output.port.name, fileExtension: output.fileExtension, primary: job.destination.path,
                    isPrimary: isPrimary, job: job.id.description)
                files.append(File(source: output.path, place: try RelativePath(path), content: content))
                rows.append(
                    FinishedJobFile(
                        port: output.port.name, path: path, isPrimary: isPrimary, mediaType: output.mediaType,
                        sha256: content.digest.hex, sizeBytes: content.size,
                        probe: output.probe.isNull ? nil : output.probe))
            }
        } catch let error as FileError {
            throw JobFailure(error, while: "The finished files could not be kept")
        }
        waiting = try job.notedFiles.map { try $0.waitingPath }
        self.rows = rows
        self.files = files
    }

    /// Makes the folders, and copies what lies on another file system than its place beside that: then a renaming is all
    /// that is left to do.
    ///
    /// - Throws: `JobFailure`.
    func bringNear() throws {
        do {
            for path in waiting { try folder.directory.remove(path) }
            for file in files where file.source != folder.directory.absolutePath(of: file.place) {
                if let parent = file.place.parent { try folder.directory.makeDirectories(parent) }
                guard !isNear(file) else { continue }
                let near = try nearPath(of: file)
                try folder.directory.remove(near)
                let status = try FileStatus(path: file.source)
                _ = try FilePlacement.placeWithoutReplacing(
                    source: file.source, destination: try FileDestination(in: folder.directory, at: near),
                    permissions: status.permissions)
            }
        } catch let error as FileError {
            throw JobFailure(error, while: "The finished files could not be put into their places")
        }
    }

    /// Puts the files into their places, each in one step, the primary one last; runs with the job locked.
    ///
    /// Where a step is refused (a foreign file in the way) what this call placed is taken out again; where it is interrupted,
    /// everything stays.
    ///
    /// - Parameter after: Called after each file.
    /// - Throws: `JobFailure`.
    func place(after: (PublishingStep) throws -> Void) throws {
        var placed: [RelativePath] = []
        do {
            for file in files.reversed() {
                if try place(file) { placed.append(file.place) }
                try after(.placed)
            }
        } catch let error as FileError {
            if !isReplacing { for path in placed { _ = try? folder.directory.remove(path) } }
            throw JobFailure(error, while: "The finished files could not be put into their places")
        } catch let error as JobFailure {
            if !isReplacing { for path in placed { _ = try? folder.directory.remove(path) } }
            throw error
        }
    }

    /// - Returns: Whether this call did it; false where an earlier attempt had.
    private func place(_ file: File) throws -> Bool {
        let absolute = folder.directory.absolutePath(of: file.place)
        if let there = try folder.directory.status(of: file.place) {
            if there.kind == .file, there.size == file.content.size, try FileHash(file: absolute) == file.content {
                return false
            }
            guard isReplacing, there.kind == .file else {
                throw JobFailure(
                    .publishFailed, "Something that this job did not make stands in the place of \(file.place.text).",
                    retryable: false)
            }
        }
        do {
            try move(file)
        } catch let error as FileError where error.code == .notFound {
            // Whoever cleans the cache may have taken the folder away, empty as it was.
            guard let parent = file.place.parent else { throw error }
            try folder.directory.makeDirectories(parent)
            try move(file)
        }
        return true
    }

    private func move(_ file: File) throws {
        let source = isNear(file) ? file.source : folder.directory.absolutePath(of: try nearPath(of: file))
        try folder.directory.place(source, at: file.place, replacing: isReplacing)
    }

    private func isNear(_ file: File) -> Bool {
        var (source, parent) = (stat(), stat())
        guard lstat(file.source, &source) == 0 else { return false }
        let above = file.place.parent.map { folder.directory.absolutePath(of: $0) } ?? folder.path
        return stat(above, &parent) == 0 && source.st_dev == parent.st_dev
    }

    private func nearPath(of file: File) throws -> RelativePath {
        try JobFileRecord.waitingPath(of: file.place, key)
    }
}

extension JobFileRecord {
    /// Where a file waits beside its place that has come from another file system.
    static func waitingPath(of place: RelativePath, _ key: AttemptKey) throws(PathError) -> RelativePath {
        let name = ".\(key.job).\(key.attempt).\(place.name)"
        return try RelativePath(place.parent.map { "\($0.text)/\(name)" } ?? name)
    }

    /// The same for this file's attempt.
    var waitingPath: RelativePath {
        get throws(PathError) {
            try Self.waitingPath(of: RelativePath(path), AttemptKey(job: job, attempt: attempt))
        }
    }
}

extension ProjectFolder {
    /// Removes a file of the cache that has served its purpose, and its folder where that is empty then. Blocks.
    ///
    /// - Parameter file: The file; where somebody has put something else there, that stays.
    /// - Throws: `FileError`, `PathError`.
    func removePart(_ file: JobFileRecord) throws {
        let path = try RelativePath(file.path)
        guard path.components.first == WorkspaceLayout.cache else { return }
        if let there = try directory.status(of: path), there.kind == .file, there.size == file.sizeBytes {
            try directory.remove(path)
        }
        if let parent = path.parent, parent.components.count > 1 { rmdir(directory.absolutePath(of: parent)) }
    }

    /// Takes a file out of its place that an attempt had put there and that is not to stay, and what waited beside that.
    /// Blocks.
    ///
    /// - Parameter file: The file; what holds other bytes stays.
    /// - Throws: `FileError`, `PathError`.
    func takeBack(_ file: JobFileRecord) throws {
        let path = try RelativePath(file.path)
        try directory.remove(file.waitingPath)
        guard let there = try directory.status(of: path), there.kind == .file, there.size == file.sizeBytes,
            try FileHash(file: directory.absolutePath(of: path)).digest.hex == file.sha256
        else { return }
        try directory.remove(path)
    }
}
