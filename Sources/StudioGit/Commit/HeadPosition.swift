import CGit2

/// Where HEAD points: the reference a commit moves, and the commit it names now.
struct HeadPosition: Hashable {
    /// The branch, or `HEAD` itself where it is detached.
    let reference: String
    /// The tip; nil where the branch has no commit yet.
    let tip: ObjectID?

    /// Reads HEAD as it is now.
    init(of repository: borrowing GitHandle) throws(GitError) {
        var name = "HEAD"
        // Symbolic references to symbolic references are followed as far as Git follows them.
        for _ in 0..<5 {
            let reference: GitHandle
            do {
                reference = try Self.look(up: name, in: repository)
            } catch  where error.code == .notFound && name != "HEAD" {
                self.reference = name
                tip = nil
                return
            }
            guard git_reference_type(reference.pointer) == GIT_REFERENCE_SYMBOLIC else {
                guard let oid = git_reference_target(reference.pointer) else { break }
                self.reference = name
                tip = ObjectID(oid.pointee)
                return
            }
            guard let target = git_reference_symbolic_target(reference.pointer) else { break }
            name = String(cString: target)
        }
        throw GitError(.corrupt, message: "HEAD of the repository does not lead to a branch", detail: name)
    }

    private static func look(up name: String, in repository: borrowing GitHandle) throws(GitError) -> GitHandle {
        let repository = repository.pointer
        return try GitHandle("reading \(name)", free: git_reference_free) {
            git_reference_lookup(&$0, repository, name)
        }
    }

    /// Moves the reference to a new commit, unless it has moved since it was read.
    ///
    /// Answers false where it has moved, or where someone is moving it now.
    func move(to commit: ObjectID, in repository: borrowing GitHandle, message: String) throws(GitError) -> Bool {
        var new = commit.oid
        // All zeros: the branch must not exist.
        var old = tip?.oid ?? git_oid()
        var made: OpaquePointer?
        defer { git_reference_free(made) }
        let status = git_reference_create_matching(
            &made, repository.pointer, reference, &new, tip == nil ? 0 : 1, &old, message)
        switch git_error_code(status) {
        case GIT_OK: return true
        case GIT_EMODIFIED, GIT_EEXISTS, GIT_ELOCKED, GIT_ENOTFOUND:
            git_error_clear()
            return false
        default: throw GitError(libgit2: status, "moving \(reference)")
        }
    }
}
