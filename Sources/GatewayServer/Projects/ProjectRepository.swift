import FoundationEssentials
import StudioCore
import StudioGit
import StudioSystem

/// What the gateway asks of a project's Git repository. All of this blocks; two writers of one project never come here at
/// once, since they hold the project's lock in the database.
enum ProjectRepository {
    /// Makes a repository set up for LFS in a folder that is filled already, and commits its files.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - files: The files to commit, by their paths below it.
    ///   - message: What to say.
    ///   - author: Who did it.
    /// - Throws: `StudioError`.
    static func create(at path: String, files: [String], message: String, author: ProjectAuthor) throws {
        try translating {
            try commit(files, to: GitRepository.initialise(at: path), message: message, author: author)
        }
    }

    /// Commits small files as they are in the checkout now.
    static func commit(at path: String, files: [String], message: String, author: ProjectAuthor) throws {
        try translating {
            try commit(files, to: GitRepository(at: path), message: message, author: author)
        }
    }

    /// Commits one file that was put into the checkout: through LFS where `.gitattributes` says so, to which it was given by
    /// ``store(_:content:as:at:check:)``.
    ///
    /// - Parameters:
    ///   - file: The file's path below the project's folder.
    ///   - content: Its digest and size.
    ///   - path: The project's folder.
    ///   - message: What to say.
    ///   - author: Who did it.
    /// - Throws: `StudioError`.
    static func commit(
        _ file: RelativePath, content: FileHash, at path: String, message: String, author: ProjectAuthor
    ) throws {
        try translating {
            let repository = try GitRepository(at: path)
            let entry: CommitRequest.Content = try repository.isLargeFile(file) ? .largeFile(content) : .workingFile
            try make([file: entry], in: repository, message: message, author: author)
        }
    }

    /// Keeps a file's bytes as an LFS object where the path that it is for goes through LFS. No lock is needed; it may take
    /// as long as copying the file.
    ///
    /// - Parameters:
    ///   - source: Where the bytes are, below the project's folder.
    ///   - content: Their digest and size.
    ///   - file: The path that they are for.
    ///   - path: The project's folder.
    ///   - check: Called for every 64 MiB that are copied; what it throws ends the copy and nothing is left behind.
    /// - Returns: Whether it goes through LFS, and is an object now.
    /// - Throws: `StudioError`; what `check` throws.
    static func store(
        _ source: RelativePath, content: FileHash, as file: RelativePath, at path: String, check: () throws -> Void
    ) throws -> Bool {
        try translating {
            let repository = try GitRepository(at: path)
            guard try repository.isLargeFile(file) else { return false }
            // No hard link: people may edit what they uploaded, and the object must not change with it.
            try repository.lfs.add(
                file: repository.workingDirectory.verifiedPath(of: source), content: content, hardLinks: false,
                check: check)
            return true
        }
    }

    /// Whether a file can be committed as it is: its path does not go through LFS, or LFS has its bytes.
    static func isStored(_ content: FileHash, as file: RelativePath, at path: String) throws -> Bool {
        try translating {
            let repository = try GitRepository(at: path)
            return try !repository.isLargeFile(file) || repository.lfs.contains(content)
        }
    }

    /// Runs work on a repository and tells its faults in the studio's words.
    static func translating<Result>(_ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch let error as GitError {
            throw error.asStudioError
        } catch let error as FileError {
            throw error.asStudioError
        }
    }

    private static func commit(
        _ files: [String], to repository: GitRepository, message: String, author: ProjectAuthor
    ) throws {
        var entries: [RelativePath: CommitRequest.Content] = [:]
        for file in files { entries[try RelativePath(file)] = .workingFile }
        try make(entries, in: repository, message: message, author: author)
    }

    private static func make(
        _ entries: [RelativePath: CommitRequest.Content], in repository: GitRepository, message: String,
        author: ProjectAuthor
    ) throws {
        _ = try repository.commit(
            CommitRequest(
                entries: entries, author: CommitRequest.Author(name: author.name, email: author.email), time: Date(),
                message: message))
    }
}

/// The last commit names large bytes that are not in the workspace.
struct ObjectLacking: Error {
    let content: FileHash
}

extension GitError {
    /// What the person who asked is told; never a path of the machine.
    var asStudioError: StudioError {
        switch code {
        case .locked, .busy: StudioError(.unavailable, message, retryAfterSeconds: 2)
        case .conflict: StudioError(.conflict, message)
        case .storageFull: StudioError(.storageFull, "no space is left where the studio keeps its files")
        case .invalid: StudioError(.invalid, message)
        case .notARepository, .notFound, .corrupt, .permissionDenied, .ioFailed: StudioError(.internalFault, message)
        }
    }
}

extension ProjectRepository {
    /// Whether a file of the checkout is what the last commit has, so that it can be replaced without losing anything.
    ///
    /// - Parameters:
    ///   - file: The file's path below the project's folder.
    ///   - content: What it holds in the checkout.
    ///   - path: The project's folder.
    /// - Returns: Whether the last commit has these bytes, or the LFS pointer to them, at that path.
    /// - Throws: ``ObjectLacking`` where it has the pointer, and the object is not in the workspace; `StudioError` where the
    ///   repository cannot be read.
    static func isCommitted(_ file: RelativePath, content: FileHash, at path: String) throws -> Bool {
        try translating {
            let repository = try GitRepository(at: path)
            guard let head = try repository.headCommit() else { return false }
            guard let kept = try committed(file, at: head, in: repository) else { return false }
            if let pointer = LFSPointer(parsing: kept), pointer.content == content {
                // The pointer alone is not enough where its object has never been fetched.
                guard repository.lfs.contains(content) else { throw ObjectLacking(content: content) }
                return true
            }
            return Int64(kept.count) == content.size && SHA256.hex(of: kept) == content.digest.hex
        }
    }

    /// What the last commit has of a small file; nil where it has none, or one that no program wrote.
    static func committed(_ file: String, at path: String) throws -> [UInt8]? {
        try translating {
            let repository = try GitRepository(at: path)
            guard let head = try repository.headCommit() else { return nil }
            return try committed(RelativePath(file), at: head, in: repository)
        }
    }

    private static func committed(
        _ file: RelativePath, at head: CommitID, in repository: GitRepository
    ) throws(GitError) -> [UInt8]? {
        do {
            return try repository.blob(file, at: head)
        } catch {
            guard error.code == .invalid else { throw error }
            // Longer than any file the studio commits without LFS: a person's own, and better left alone.
            return nil
        }
    }

    /// Whether a commit of the history has a file, through LFS, with that digest.
    ///
    /// - Parameters:
    ///   - path: The file's path below the project's folder.
    ///   - sha256: The digest the pointer must name; nil takes any.
    ///   - commit: The commit's name.
    ///   - project: The project's folder.
    /// - Returns: Whether it has.
    static func holds(_ path: String, sha256: String?, in commit: String, at project: String) -> Bool {
        let isLarge = WorkspaceLayout.isLargeFile(path)
        guard let id = CommitID(hex: commit), let file = try? RelativePath(path),
            let repository = try? GitRepository(at: project),
            let bytes = try? repository.blob(file, at: id, atMost: isLarge ? 4096 : CommitRequest.longestFile)
        else { return false }
        guard let sha256 else { return true }
        return isLarge ? LFSPointer(parsing: bytes)?.content.digest.hex == sha256 : SHA256.hex(of: bytes) == sha256
    }
}
