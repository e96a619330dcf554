import CGit2
import Glibc
import StudioSystem

extension GitRepository {
    /// Finishes what a process was committing that died holding the lock.
    func finishAbandoned(_ lock: borrowing RepositoryLock) throws {
        guard let record = lock.abandoned else { return }
        try removeReferenceLock(of: record)
        let head = try HeadPosition(of: handle)
        if try isReached(record.commit, from: head.tip) { return }
        guard let change = try change(made: record.commit) else { return }
        do {
            _ = try apply(change, holding: lock)
        } catch let error as GitError where [.conflict, .notFound].contains(error.code) {
            // A person has changed the same files since, or removed them. Theirs stay; the commit's maker has not been
            // told that it was made, and makes it again.
        }
    }

    /// Removes the reference's lock file where the dead process left it. While we hold `index.lock`, only a program that
    /// moves references without touching the index could have made another one, and that would hold another commit.
    private func removeReferenceLock(of record: RepositoryLock.Record) throws {
        let folder = record.reference == "HEAD" ? gitDirectory : commonDirectory
        let path = "\(folder)\(record.reference).lock"
        var wait = patience.begin()
        repeat {
            let opened = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
            guard opened >= 0 else { return }
            let file = OwnedDescriptor(owning: opened)
            let content = try FileBytes.contents(of: file.raw, path: path, atMost: 4096)
            if content.starts(with: record.commit.hex.utf8) { break }
            guard content.isEmpty else { return }
            // An empty one may be a living program's that is about to write: such a program is soon done.
        } while wait.pause()
        guard unlink(path) == 0 || errno == ENOENT else { throw FileError(errno: errno, "removing", path) }
    }

    private func isReached(_ commit: ObjectID, from tip: ObjectID?) throws -> Bool {
        guard let tip else { return false }
        var (descendant, ancestor) = (tip.oid, commit.oid)
        return try tip == commit
            || git("reading the history", git_graph_descendant_of(handle.pointer, &descendant, &ancestor)) == 1
    }

    /// What a commit changed against its parent; nil where the commit was never written.
    private func change(made commit: ObjectID) throws -> PreparedChange? {
        var oid = commit.oid
        let found = try GitHandle.find("reading a commit", free: git_commit_free) {
            git_commit_lookup(&$0, handle.pointer, &oid)
        }
        guard let object = found else { return nil }
        guard let author = Signature(git_commit_author(object.pointer)),
            let message = git_commit_message(object.pointer)
        else { return nil }
        let parent = git_commit_parent_id(object.pointer, 0).map { ObjectID($0.pointee) }
        let before = try BaseTree(of: parent, in: handle)
        let after = try BaseTree(of: commit, in: handle)
        let (old, new) = (before.pointer, after.pointer)
        let diff = try GitHandle("comparing two commits", free: git_diff_free) {
            git_diff_tree_to_tree(&$0, handle.pointer, old, new, nil)
        }
        var change = PreparedChange(entries: [:], removals: [], author: author, message: String(cString: message))
        for position in 0..<git_diff_num_deltas(diff.pointer) {
            guard let delta = git_diff_get_delta(diff.pointer, position)?.pointee else { continue }
            let isRemoval = delta.status == GIT_DELTA_DELETED
            guard let name = isRemoval ? delta.old_file.path : delta.new_file.path else { continue }
            let path = try RelativePath(String(cString: name))
            if isRemoval {
                change.removals.insert(path)
            } else {
                let blob = ObjectID(delta.new_file.id)
                let bytes = try isLargeFile(path) ? self.blob(blob, atMost: LFSPointer.longest) : nil
                change.entries[path] = PreparedChange.Entry(
                    blob: blob, largeFile: bytes.flatMap { LFSPointer(parsing: $0) }?.content)
            }
        }
        return change
    }
}
