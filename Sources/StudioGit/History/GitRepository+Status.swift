import CGit2
import StudioSystem

/// One path that differs between the last commit, the index and the checkout.
public struct StatusEntry: Hashable, Sendable {
    /// How a path differs.
    public enum Change: String, Hashable, Sendable {
        /// It is new.
        case added
        /// Its bytes or its mode are others.
        case modified
        /// It is gone.
        case deleted
        /// It is another kind of thing now, or a merge of it is not resolved.
        case other
    }

    /// The path, as Git knows it; people's own names need not follow the studio's rules.
    public let path: String
    /// What is staged against the last commit; nil for nothing.
    public let staged: Change?
    /// How the checkout differs from the index; nil where it does not. An untracked file is `added`.
    public let unstaged: Change?
}

extension GitRepository {
    /// What `git status` would list, untracked files one by one, ignored ones not. Blocks.
    ///
    /// A large file whose stat data do not match the index is read once, to compare its digest.
    ///
    /// - Returns: The paths that differ, in the order of their names; empty for a clean checkout.
    /// - Throws: `GitError` where the repository or a file cannot be read.
    public func status() throws(GitError) -> [StatusEntry] {
        try GitError.translating {
            var options = studio_git_status_options()
            options.flags =
                GIT_STATUS_OPT_INCLUDE_UNTRACKED.rawValue | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS.rawValue
            let list = try GitHandle("comparing the checkout", free: git_status_list_free) {
                git_status_list_new(&$0, handle.pointer, &options)
            }
            var entries: [StatusEntry] = []
            for position in 0..<git_status_list_entrycount(list.pointer) {
                guard let found = git_status_byindex(list.pointer, position)?.pointee,
                    let delta = found.index_to_workdir ?? found.head_to_index,
                    let name = delta.pointee.new_file.path ?? delta.pointee.old_file.path
                else { continue }
                let path = String(cString: name)
                var unstaged = StatusEntry.Change(unstaged: found.status)
                // libgit2 knows no LFS filter: it compares the file's own bytes with the pointer.
                if unstaged == .modified, try isUnchangedLargeFile(path, ObjectID(delta.pointee.old_file.id)) {
                    unstaged = nil
                }
                let staged = StatusEntry.Change(staged: found.status)
                if staged != nil || unstaged != nil {
                    entries.append(StatusEntry(path: path, staged: staged, unstaged: unstaged))
                }
            }
            return entries
        }
    }

    private func isUnchangedLargeFile(_ name: String, _ blob: ObjectID) throws -> Bool {
        // A name the studio would not make is compared by its bytes, as libgit2 did.
        guard let path = try? RelativePath(name), try isLargeFile(path),
            let pointer = try self.blob(blob, atMost: CommitRequest.longestFile).flatMap({ LFSPointer(parsing: $0) }),
            try workingDirectory.status(of: path)?.size == pointer.content.size
        else { return false }
        return try FileHash(descriptor: workingDirectory.open(path), path: name) == pointer.content
    }
}

extension StatusEntry.Change {
    fileprivate init?(staged status: git_status_t) {
        let bits = status.rawValue
        switch true {
        case bits & GIT_STATUS_INDEX_NEW.rawValue != 0: self = .added
        case bits & GIT_STATUS_INDEX_MODIFIED.rawValue != 0: self = .modified
        case bits & GIT_STATUS_INDEX_DELETED.rawValue != 0: self = .deleted
        case bits & (GIT_STATUS_INDEX_RENAMED.rawValue | GIT_STATUS_INDEX_TYPECHANGE.rawValue) != 0: self = .other
        default: return nil
        }
    }

    fileprivate init?(unstaged status: git_status_t) {
        let bits = status.rawValue
        let other =
            GIT_STATUS_WT_RENAMED.rawValue | GIT_STATUS_WT_TYPECHANGE.rawValue | GIT_STATUS_WT_UNREADABLE.rawValue
            | GIT_STATUS_CONFLICTED.rawValue
        switch true {
        case bits & GIT_STATUS_WT_NEW.rawValue != 0: self = .added
        case bits & GIT_STATUS_WT_MODIFIED.rawValue != 0: self = .modified
        case bits & GIT_STATUS_WT_DELETED.rawValue != 0: self = .deleted
        case bits & other != 0: self = .other
        default: return nil
        }
    }
}
