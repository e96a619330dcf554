import QueueProtocol
import StudioCore
import StudioSystem

/// Puts an uploaded file in its place and commits it, or leaves everything as it was. Blocks.
///
/// What takes long - reading the file that is there, copying the new one for LFS - is done first, without the project's
/// writer lock; then, with it, everything is looked at once more.
///
/// What people have in their checkout and not in Git is never overwritten. A file that is replaced is exchanged with the
/// new one in one step, so that there is a whole file at every moment, and what came out is compared with what was read:
/// where somebody saved in between, that goes back.
///
/// A process that dies between placing and committing leaves the new file in the checkout and not in Git, where
/// `git status` shows it; the one before is in Git. The client has got no answer. When it sends the same file again, with
/// the ETag that GET tells it, that file is committed; any other upload is refused as a conflict until somebody commits or
/// undoes the change. So nothing is lost and nothing has to be remembered. An LFS object that no commit names in the end is
/// used by the next upload of the same bytes, or taken by `git lfs prune`.
struct FilePlacing: Sendable {
    let directory: SafeDirectory
    let path: RelativePath
    /// What the upload holds.
    let content: FileHash
    let condition: UploadCondition
    let digests: FileDigests
    let author: ProjectAuthor

    /// LFS does not have the bytes (any more): prepare again.
    struct NotPrepared: Error {}

    /// What is in the place.
    private enum Present {
        case nothing
        /// The very bytes of the upload.
        case same
        case other(SeenFile)
    }

    /// Refuses what would be refused later, and keeps the bytes as an LFS object where the path goes through LFS. No lock is
    /// needed.
    ///
    /// - Parameters:
    ///   - part: The upload, whose bytes have all come.
    ///   - check: Called now and then while bytes are read or copied; what it throws ends that.
    /// - Returns: Whether the bytes are an LFS object now, to be kept for good before a commit names them.
    /// - Throws: `StudioError` as ``place(_:)``; ``ObjectLacking``; what `check` throws.
    func prepare(_ part: UploadPart, check: () throws -> Void) throws -> Bool {
        guard try part.isThere() else {
            throw StudioError(.conflict, "the upload was removed from \(UploadPart.folder); send the file again")
        }
        _ = try look(check: check)
        return try ProjectRepository.store(part.path, content: content, as: path, at: directory.path, check: check)
    }

    /// Places and commits; only for whoever holds the project's writer lock.
    ///
    /// - Parameter part: The upload, which was prepared; where this throws its bytes are where they were.
    /// - Returns: Whether there was no file before.
    /// - Throws: `NotPrepared`; ``ObjectLacking``; `StudioError`: `precondition-failed`, `precondition-required`; `conflict` where something is
    ///   there that is not in Git; what kept the commit from being made, such as `unavailable` or `storage-full`.
    func place(_ part: UploadPart) throws -> Bool {
        guard try ProjectRepository.isStored(content, as: path, at: directory.path) else { throw NotPrepared() }
        switch try look() {
        case .nothing:
            try commit("Add", part, after: try part.place(at: path, replacing: nil))
            return true
        case .same:
            // Nothing to place; the commit is made where an earlier request did not come to it.
            try commit("Add", nil, after: nil)
            part.discard()
            return false
        case .other(let present):
            try commit("Replace", part, after: try part.place(at: path, replacing: present))
            return false
        }
    }

    /// Looks at what is there, and whether the upload may take its place.
    private func look(check: () throws -> Void = {}) throws -> Present {
        guard let status = try directory.status(of: path) else {
            try condition.check(isThere: false)
            return .nothing
        }
        guard status.kind == .file else {
            throw StudioError(.conflict, "there is a folder or a link of that name")
        }
        let present = try SeenFile(path, in: directory, digests: digests, check: check)
        try condition.check(present: present.content, uploaded: content)
        if present.content == content { return .same }
        guard try ProjectRepository.isCommitted(path, content: present.content, at: directory.path) else {
            throw uncommitted
        }
        return .other(present)
    }

    /// What is in the place is nowhere else.
    var uncommitted: StudioError {
        StudioError(
            .conflict, "\(path.text) has changes that are not committed; commit or undo them in the project first")
    }

    private func commit(_ verb: String, _ part: UploadPart?, after placement: UploadPart.Placement?) throws {
        do {
            try ProjectRepository.commit(
                path, content: content, at: directory.path, message: "\(verb) \(path.text)", author: author)
        } catch {
            if let placement { try part?.undo(placement) }
            throw error
        }
        if let placement { part?.keep(placement) }
    }
}
