import CGit2
import StudioSystem

// A commit is made in this order, with `index.lock` held from the first step to the last:
//
//   1. The new tree is HEAD's tree with our entries, never the index's: what a person has staged is not swept in.
//   2. The commit object is written, and its name recorded in the lock. From here on a killed process leaves enough for
//      the next one to finish (see `finish`).
//   3. Small files are written to the checkout, our entries to the index. Everything else in the index stays.
//   4. The branch is moved, if it still is where it was in step 1; otherwise all again on top of where it is now.
//
// The index comes before the branch because of what lies between the two when a process dies there. Index first: Git
// shows our files as staged additions; the worst a person can do is to commit them. Branch first: the index lacks what
// HEAD has, which Git shows as a staged deletion; the next `git commit` of a person would delete the take from history.
extension GitRepository {
    /// Commits the given paths on top of HEAD, be it a branch, a branch without a commit, or detached. Blocks.
    ///
    /// What a person has staged or changed meanwhile stays as it is and does not become part of the commit. Where HEAD has
    /// all of it already, no empty commit is made. Locks of others are waited for within ``LockPatience``. While a merge,
    /// rebase, cherry-pick, revert, bisect or mailbox is in progress nothing is committed: aborting one of these moves
    /// the branch back and would take our commit, and its files in the checkout, along.
    ///
    /// - Parameter request: What changes, by whom, and what to say.
    /// - Returns: The new commit, or the present tip where nothing changes.
    /// - Throws: `GitError`: `locked` and `busy` where the same call may work later, `conflict` where a person has other
    ///   changes of the same files, `corrupt` where a large file is missing, `storageFull`. Nothing is changed then.
    public func commit(_ request: CommitRequest) throws(GitError) -> CommitID {
        try GitError.translating {
            let change = try prepare(request)
            let lock = try RepositoryLock(gitDirectory: gitDirectory, patience: patience)
            try refuseWhileBusy()
            try finishAbandoned(lock)
            return CommitID(try apply(change, holding: lock))
        }
    }

    /// Finishes the commit, and removes the lock, of a process that died while it committed. The next ``commit(_:)`` does
    /// so too; this is for a program's start, so that people are not kept from their own `git`. Blocks.
    ///
    /// - Returns: Whether there was such a lock.
    /// - Throws: `GitError`, `locked` where someone living holds it.
    @discardableResult
    public func recover() throws(GitError) -> Bool {
        try GitError.translating {
            guard (try? FileStatus(path: "\(gitDirectory)index.lock")) != nil else { return false }
            let lock = try RepositoryLock(gitDirectory: gitDirectory, patience: patience)
            guard lock.isAdopted else { return false }
            try refuseWhileBusy()
            try finishAbandoned(lock)
            return true
        }
    }

    /// Puts a change on top of HEAD, with the lock held.
    func apply(_ change: PreparedChange, holding lock: borrowing RepositoryLock) throws -> ObjectID {
        var index = try IndexRewrite(gitDirectory: gitDirectory)
        var written = WorkingFileUndo()
        do {
            var wait = patience.begin()
            while true {
                let attempt = try applyOnce(change, holding: lock, index: &index, written: &written)
                if let commit = attempt {
                    index.forgetOld()
                    return commit
                }
                guard wait.pause() else {
                    throw GitError(.locked, message: "someone else keeps moving or locking the branch")
                }
            }
        } catch {
            index.restore()
            written.revert(in: workingDirectory)
            throw error
        }
    }

    /// One attempt; nil where the branch moved meanwhile, or is locked.
    private func applyOnce(
        _ change: PreparedChange, holding lock: borrowing RepositoryLock, index: inout IndexRewrite,
        written: inout WorkingFileUndo
    ) throws -> ObjectID? {
        let head = try HeadPosition(of: handle)
        let base = try BaseTree(of: head.tip, in: handle)
        try refuseConflicts(change, base, index)
        let tree = try base.updated(with: change, in: handle)
        if let tip = head.tip, tree == base.id {
            try writeWorkingFiles(change, base, undo: &written)
            try stage(change, in: &index)
            try index.publish()
            return tip
        }
        let commit = try writeCommit(tree, on: head.tip, change)
        try lock.record(RepositoryLock.Record(commit: commit, reference: head.reference))
        try writeWorkingFiles(change, base, undo: &written)
        try stage(change, in: &index)
        try index.publish()
        let kind = head.tip == nil ? "commit (initial)" : "commit"
        // For the log of references.
        try git("naming the author", git_repository_set_ident(handle.pointer, change.author.name, change.author.email))
        return try head.move(to: commit, in: handle, message: "\(kind): \(change.subject)") ? commit : nil
    }

    private func writeCommit(_ tree: ObjectID, on tip: ObjectID?, _ change: PreparedChange) throws -> ObjectID {
        try change.author.lend { author in
            var (id, treeID) = (git_oid(), tree.oid)
            let treeObject = try GitHandle("reading a tree", free: git_tree_free) {
                git_tree_lookup(&$0, handle.pointer, &treeID)
            }
            guard let tip else {
                try git(
                    "writing a commit",
                    git_commit_create(
                        &id, handle.pointer, nil, author, author, nil, change.message, treeObject.pointer, 0, nil))
                return ObjectID(id)
            }
            var tipID = tip.oid
            let parent = try GitHandle("reading a commit", free: git_commit_free) {
                git_commit_lookup(&$0, handle.pointer, &tipID)
            }
            var parents: [OpaquePointer?] = [parent.pointer]
            try git(
                "writing a commit",
                git_commit_create(
                    &id, handle.pointer, nil, author, author, nil, change.message, treeObject.pointer, 1, &parents))
            return ObjectID(id)
        }
    }

    /// Stages the change, each entry with the stat data of its file in the checkout.
    func stage(_ change: PreparedChange, in index: inout IndexRewrite) throws {
        for (path, entry) in change.entries {
            guard let status = try settledStatus(of: path) else {
                throw GitError(.notFound, message: "\(path.text) is not in the checkout")
            }
            // After its stat data were taken, so that Git is never told that a person's save is what we commit.
            if entry.largeFile == nil { try refuseChangedFile(path, .nothing, entry.blob) }
            try index.set(path.text, entry.blob, status)
        }
        for path in change.removals { try index.remove(path.text) }
    }

    private func refuseWhileBusy() throws {
        let state = git_repository_state_t(UInt32(bitPattern: git_repository_state(handle.pointer)))
        let operation: String
        switch state {
        case GIT_REPOSITORY_STATE_NONE: return
        case GIT_REPOSITORY_STATE_MERGE: operation = "merge"
        case GIT_REPOSITORY_STATE_REVERT, GIT_REPOSITORY_STATE_REVERT_SEQUENCE: operation = "revert"
        case GIT_REPOSITORY_STATE_CHERRYPICK, GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE: operation = "cherry-pick"
        case GIT_REPOSITORY_STATE_BISECT: operation = "bisect"
        case GIT_REPOSITORY_STATE_REBASE, GIT_REPOSITORY_STATE_REBASE_INTERACTIVE,
            GIT_REPOSITORY_STATE_REBASE_MERGE:
            operation = "rebase"
        default: operation = "mailbox"
        }
        throw GitError(
            .busy, message: "a person's \(operation) is in progress in the repository; it must be finished or aborted")
    }
}
