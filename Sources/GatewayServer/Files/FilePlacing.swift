import QueueProtocol
import StudioCore
import StudioSystem

/// Puts an uploaded file in its place and commits it, or leaves everything as it was. Blocks; only for whoever holds the
/// project's writer lock.
///
/// What people have in their checkout and not in Git is never overwritten. A file that is replaced is exchanged with the
/// new one in one step, so that there is a whole file at every moment, and what came out is compared with what was read:
/// where somebody saved in between, that goes back.
///
/// A process that dies between placing and committing leaves the new file in the checkout and not in Git, where
/// `git status` shows it; the one before is in Git. The client has got no answer. When it sends the same file again, with
/// the ETag that GET tells it, that file is committed; any other upload is refused as a conflict until somebody commits or
/// undoes the change. So nothing is lost and nothing has to be remembered.
struct FilePlacing: Sendable {
    let directory: SafeDirectory
    let path: RelativePath
    /// What the upload holds.
    let content: FileHash
    let condition: UploadCondition
    let digests: FileDigests
    let author: ProjectAuthor

    /// Places and commits.
    ///
    /// - Parameter part: The upload, whose bytes have all come; where this throws they are where they were.
    /// - Returns: Whether there was no file before.
    /// - Throws: `StudioError`: `precondition-failed`, `precondition-required`; `conflict` where something is there that is
    ///   not in Git; what kept the commit from being made, such as `unavailable` or `storage-full`.
    func place(_ part: UploadPart) throws -> Bool {
        guard let status = try directory.status(of: path) else {
            try condition.check(isThere: false)
            try commit("Add", part, after: try part.place(at: path, replacing: nil))
            return true
        }
        guard status.kind == .file else {
            throw StudioError(.conflict, "there is a folder or a link of that name")
        }
        let present = try SeenFile(path, in: directory, digests: digests)
        try condition.check(present: present.content, uploaded: content)
        if present.content == content {
            // Nothing to place; the commit is made where an earlier request did not come to it.
            try commit("Add", nil, after: nil)
            part.discard()
            return false
        }
        guard try ProjectRepository.isCommitted(path, content: present.content, at: directory.path) else {
            throw StudioError(
                .conflict,
                "\(path.text) has changes that are not committed; commit or undo them in the project first")
        }
        try commit("Replace", part, after: try part.place(at: path, replacing: present))
        return false
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
