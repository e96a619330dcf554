import Glibc
import StudioSystem

/// What a commit has written to the checkout so far, to be taken back where it fails.
struct WorkingFileUndo {
    /// A file that was written.
    fileprivate struct Written {
        let path: RelativePath
        let bytes: [UInt8]
        /// What it held before; nil where it was not there.
        let before: [UInt8]?
        let permissions: UInt16
    }

    fileprivate var files: [Written] = []

    /// Takes everything back, as far as that is possible: the failure that leads here is the one that is told. What somebody
    /// has saved over ours meanwhile stays.
    mutating func revert(in directory: SafeDirectory) {
        for file in files.reversed() {
            if let before = file.before {
                _ = try? DurableFile.write(
                    before, to: FileDestination(in: directory, at: file.path), permissions: file.permissions,
                    inPlaceOf: file.bytes)
            } else {
                _ = try? directory.remove(file.path, holding: file.bytes)
            }
        }
        files = []
    }
}

extension GitRepository {
    /// How much older than now a file should be: Git takes an entry as young as its index for possibly changed, and reads
    /// the whole file again to find out.
    private static let settledAfterSeconds: Int64 = 5

    /// Throws where a person has other changes of a path than what HEAD or the change itself says.
    func refuseConflicts(
        _ change: PreparedChange, _ base: borrowing BaseTree, _ index: borrowing IndexRewrite
    ) throws {
        for path in change.entries.keys.sorted() {
            guard let entry = change.entries[path] else { continue }
            let head = try base.entry(at: path.text)
            if head == .other { throw Self.conflict(path, "it is a folder or a link in the last commit") }
            if let obstacle = try base.obstacle(to: path) ?? index.obstacle(to: path) {
                throw Self.conflict(path, "\(obstacle) is in the way")
            }
            try refuseStaged(path, head, entry.blob, index)
            if entry.largeFile == nil { try refuseChangedFile(path, head, entry.blob) }
        }
        for path in change.removals.sorted() {
            let head = try base.entry(at: path.text)
            if head == .other { throw Self.conflict(path, "it is a folder or a link in the last commit") }
            try refuseStaged(path, head, nil, index)
        }
    }

    private func refuseStaged(
        _ path: RelativePath, _ head: BaseTree.Entry, _ ours: ObjectID?, _ index: borrowing IndexRewrite
    ) throws {
        guard !index.isUnmerged(path.text) else { throw Self.conflict(path, "a merge of it is not resolved") }
        let staged = index.object(at: path.text)
        guard staged == ours || staged.map({ .blob($0) }) ?? .nothing == head else {
            throw Self.conflict(path, "someone has staged another version of it")
        }
    }

    /// Throws where the file in the checkout is neither what HEAD has nor ours.
    func refuseChangedFile(_ path: RelativePath, _ head: BaseTree.Entry, _ ours: ObjectID) throws {
        guard let status = try workingDirectory.status(of: path) else { return }
        guard status.kind == .file else { throw Self.conflict(path, "it is a folder or a link in the checkout") }
        let name = try blobName(try workingBytes(path))
        guard name == ours || .blob(name) == head else { throw Self.changed(path) }
    }

    private static func changed(_ path: RelativePath) -> GitError {
        conflict(path, "someone has changed it and not committed the change")
    }

    private static func conflict(_ path: RelativePath, _ reason: String) -> GitError {
        GitError(.conflict, message: "\(path.text) was not committed: \(reason)")
    }

    private func workingBytes(_ path: RelativePath) throws -> [UInt8] {
        let file = try workingDirectory.open(path)
        return try FileBytes.contents(
            of: file.raw, path: workingDirectory.absolutePath(of: path), atMost: CommitRequest.longestFile)
    }

    /// Writes the small files to the checkout and checks that the large ones are there.
    func writeWorkingFiles(
        _ change: PreparedChange, _ base: borrowing BaseTree, undo: inout WorkingFileUndo
    ) throws {
        for (path, entry) in change.entries {
            let status = try workingDirectory.status(of: path)
            if let large = entry.largeFile {
                guard let status, status.kind == .file, status.size == large.size else {
                    throw GitError(.notFound, message: "\(path.text) is not in the checkout, or not of its size")
                }
                continue
            }
            let before = try status.map { _ in try workingBytes(path) }
            if let before {
                let name = try blobName(before)
                if name == entry.blob { continue }
                // Looked at once more: what was found unchanged a moment ago may have been saved since.
                guard try base.entry(at: path.text) == .blob(name) else { throw Self.changed(path) }
            }
            guard let bytes = try blob(entry.blob, atMost: CommitRequest.longestFile) else {
                throw GitError(.corrupt, message: "the content of \(path.text) is missing", detail: entry.blob.hex)
            }
            if let parent = path.parent { try workingDirectory.makeDirectories(parent) }
            // Only in the place of what was there a moment ago: a person may be just as quick.
            let permissions = status?.permissions ?? 0o644
            try DurableFile.write(
                bytes, to: FileDestination(in: workingDirectory, at: path), permissions: permissions,
                inPlaceOf: before)
            undo.files.append(.init(path: path, bytes: bytes, before: before, permissions: permissions))
        }
    }

    /// A file's status after making it old enough for its stat data to be believed; nil where there is none.
    func settledStatus(of path: RelativePath) throws -> FileStatus? {
        guard let status = try workingDirectory.status(of: path), status.kind == .file else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let settled = Int64(now.tv_sec) - Self.settledAfterSeconds
        guard status.modifiedSeconds > settled else { return status }
        let file = try workingDirectory.open(path)
        // Another account's file keeps its time: Git then reads it once more, which costs time and nothing else.
        _ = try FileTimes.setModified(file.raw, seconds: settled, path: workingDirectory.absolutePath(of: path))
        return try FileStatus(descriptor: file.raw, path: workingDirectory.absolutePath(of: path))
    }
}
