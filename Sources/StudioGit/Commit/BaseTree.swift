import CGit2
import Glibc
import StudioSystem

/// The tree a commit is put on top of; empty where there is no commit yet.
struct BaseTree: ~Copyable {
    let id: ObjectID?
    /// The tree itself, for libgit2; nil where it is empty.
    let pointer: OpaquePointer?
    /// Keeps ``pointer`` alive.
    private let tree: GitHandle?

    /// The tree of a commit.
    init(of commit: ObjectID?, in repository: borrowing GitHandle) throws {
        guard let commit else {
            id = nil
            tree = nil
            pointer = nil
            return
        }
        let repository = repository.pointer
        var oid = commit.oid
        let object = try GitHandle("reading a commit", free: git_commit_free) {
            git_commit_lookup(&$0, repository, &oid)
        }
        let pointer = object.pointer
        let tree = try GitHandle("reading a tree", free: git_tree_free) { git_commit_tree(&$0, pointer) }
        id = git_tree_id(tree.pointer).map { ObjectID($0.pointee) }
        self.pointer = tree.pointer
        self.tree = consume tree
    }

    /// What a path names.
    enum Entry: Hashable {
        case nothing
        case blob(ObjectID)
        case other
    }

    /// What a path names in the tree.
    func entry(at path: String) throws -> Entry {
        guard let tree = pointer else { return .nothing }
        let found = try GitHandle.find("reading a tree", free: git_tree_entry_free) {
            git_tree_entry_bypath(&$0, tree, path)
        }
        guard let entry = found else { return .nothing }
        guard git_tree_entry_type(entry.pointer) == GIT_OBJECT_BLOB,
            git_tree_entry_filemode(entry.pointer) != GIT_FILEMODE_LINK, let oid = git_tree_entry_id(entry.pointer)
        else { return .other }
        return .blob(ObjectID(oid.pointee))
    }

    /// The name of whatever a path names, a file or a folder; nil for nothing.
    func object(at path: String) throws -> ObjectID? {
        guard let tree = pointer else { return nil }
        let found = try GitHandle.find("reading a tree", free: git_tree_entry_free) {
            git_tree_entry_bypath(&$0, tree, path)
        }
        guard let entry = found else { return nil }
        return git_tree_entry_id(entry.pointer).map { ObjectID($0.pointee) }
    }

    /// The file that lies where the path needs a folder.
    func obstacle(to path: RelativePath) throws -> String? {
        var above = path.parent
        while let folder = above {
            if case .blob = try entry(at: folder.text) { return folder.text }
            above = folder.parent
        }
        return nil
    }

    /// Writes the tree with a change applied; the same name comes back where it changes nothing.
    func updated(with change: PreparedChange, in repository: borrowing GitHandle) throws -> ObjectID {
        var updates: [git_tree_update] = []
        defer { for update in updates { free(UnsafeMutableRawPointer(mutating: update.path)) } }
        for (path, entry) in change.entries {
            updates.append(
                git_tree_update(
                    action: GIT_TREE_UPDATE_UPSERT, id: entry.blob.oid, filemode: GIT_FILEMODE_BLOB,
                    path: UnsafePointer(strdup(path.text))))
        }
        for path in change.removals where try entry(at: path.text) != .nothing {
            updates.append(
                git_tree_update(
                    action: GIT_TREE_UPDATE_REMOVE, id: git_oid(), filemode: GIT_FILEMODE_UNREADABLE,
                    path: UnsafePointer(strdup(path.text))))
        }
        if updates.isEmpty, let id { return id }
        var made = git_oid()
        try git("writing a tree", git_tree_create_updated(&made, repository.pointer, pointer, updates.count, updates))
        return ObjectID(made)
    }
}
